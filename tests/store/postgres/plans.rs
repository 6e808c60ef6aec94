//! The plans of the admin query.

#[path = "../../../examples/plans/explain.rs"]
mod explain;

use explain::Plans;
use goldstar::store::postgres::statements::REVERSALS;
use tokio_postgres::NoTls;

use super::open;
use crate::cluster::{execute, new_database};

/// 50 families.
const FAMILIES: &str = "
INSERT INTO families (id, version) SELECT n, 1 FROM generate_series(1, 50) n;
INSERT INTO accounts (id, family_id) SELECT 'account ' || n, n FROM generate_series(1, 50) n;";

/// A thousand events of five children in each family, in the order of their times. More at once would
/// hold up the followers of other tests.
const EVENTS: &str = "
INSERT INTO events (family_id, seq, place, id, child_id, entity_type, entity_id, action, occurred_at,
    created_at, json)
SELECT n % 50 + 1, n / 50 + 1, n % 1000 + 1, 'event ' || n, 'child ' || n % 250,
    (ARRAY['task', 'task', 'penalty', 'reward'])[n % 4 + 1], 'entity ' || n % 500,
    (ARRAY['activated', 'activated', 'activated', 'requested'])[n % 4 + 1],
    n * 1000000::bigint, n * 1000000::bigint, repeat('x', 420)
FROM generate_series($1::integer, $1 + 999) n";

#[tokio::test]
async fn no_filter_reads_the_whole_table() {
    let url = new_database();
    drop(open(&url).await.unwrap());
    execute(&url, FAMILIES);
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    for first in (0..50_000).step_by(1_000) {
        client.execute(EVENTS, &[&first]).await.unwrap();
    }
    execute(&url, "VACUUM ANALYZE");
    let filters = explain::filters(&client).await.unwrap();
    assert_eq!(filters.len(), 9);
    for filter in filters {
        let (plans, prepared) = explain::explain(&client, &filter).await.unwrap();
        assert!(plans.page.contains("Index Scan"), "{}: {}", filter.name, plans.page);
        for plans in [Some(plans), prepared].into_iter().flatten() {
            let Plans { total, page } = &plans;
            assert!(!plans.read_all(), "{}: {total}\n{page}", filter.name);
        }
    }
    let (families, ids) = ((1..=50).collect::<Vec<i64>>(), vec!["event 7"; 50]);
    let plan = client.query(&format!("EXPLAIN {REVERSALS}"), &[&families, &ids]).await.unwrap();
    let plan: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("events_reverses")), "{plan:#?}");
}

//! The plans of the admin query, and of the statements about schedules.

#[path = "../../../examples/plans/explain.rs"]
mod explain;

use explain::Plans;
use goldstar::store::postgres::statements::{DUE_FAMILIES, LOAD_ONE, MARKS, REVERSALS};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

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

/// 5,000 more families; 20 records and 1,200 marks of each of the first 50, three for each of 400 days; 100 entries of the
/// administration log.
const MARKS_OF_FAMILIES: &str = "
INSERT INTO records (family_id, kind, id, row)
SELECT f, 'tasks', n::text, '{}' FROM generate_series(1, 50) f, generate_series(1, 20) n;
INSERT INTO records (family_id, kind, id, expires_at, row)
SELECT f, 'schedule_marks', date '2026-01-01' + n || '/' || kind || '/1:c/t', 1, '{}'
FROM generate_series(1, 50) f, generate_series(0, 399) n, unnest(ARRAY['due', 'late', 'done']) kind;
INSERT INTO records (family_id, kind, id, expires_at, row)
SELECT 0, 'administration', n::text, 1, '{}' FROM generate_series(1, 100) n;
INSERT INTO families (id, version) SELECT n, 1 FROM generate_series(51, 5050) n;
INSERT INTO accounts (id, family_id) SELECT 'account ' || n, n FROM generate_series(51, 5050) n;
UPDATE accounts SET schedule_at = family_id;";

/// The lines of the plan of a statement that was executed.
async fn executed(client: &Client, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Vec<String> {
    let plan = client.query(&format!("EXPLAIN (ANALYZE, COSTS OFF) {sql}"), values).await.unwrap();
    plan.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn only_the_marks_that_are_needed_are_read() {
    let url = new_database();
    drop(open(&url).await.unwrap());
    execute(&url, FAMILIES);
    execute(&url, MARKS_OF_FAMILIES);
    execute(&url, "VACUUM ANALYZE");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let (account, families, none) = (Some("account 7"), vec![7_i64], Vec::<String>::new());
    let loaded = executed(&client, LOAD_ONE, &[&account, &None::<&str>]).await;
    let marks = executed(&client, MARKS, &[&families, &Some("2027-01-31"), &none, &none]).await;
    let due = executed(&client, DUE_FAMILIES, &[&0_i64, &9_i64, &5_i64]).await;
    let contain = |plan: &[String], texts: &[&str]| {
        for text in texts {
            assert!(plan.iter().any(|line| line.contains(text)), "{text}: {plan:#?}");
        }
    };
    contain(&loaded, &["using records_loaded", "rows=21"]);
    contain(&marks, &["(id >= '2027-01-31'::text)", "One-Time Filter: false", "rows=15"]);
    contain(&due, &["Index Scan using accounts_schedules"]);
}

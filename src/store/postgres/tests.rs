#[expect(dead_code, unused_imports, reason = "shared with the tests of HTTP, which use the rest")]
#[path = "../../../tests/http/harness/cluster/mod.rs"]
mod cluster;

use super::connect::{Connector, Db};
use super::{DatabaseUrl, migrate, restored, sql};

/// A renamed column, a wrong type and a syntax error show here, for every statement.
#[tokio::test]
async fn every_statement_fits_the_migrated_schema() {
    let url = DatabaseUrl::new(cluster::new_database());
    let connector = Connector::new(&url).unwrap();
    migrate::migrate(&connector).await.unwrap();
    migrate::migrate(&connector).await.unwrap();
    let (client, connection) = connector.config.connect(connector.tls.clone()).await.unwrap();
    tokio::spawn(connection);
    for sql in sql::ALL.iter().chain(sql::bulk::ALL) {
        let prepared = client.prepare(sql.text).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{error:?}: {}", sql.text));
        assert_eq!(prepared.params(), sql.types, "{}", sql.text);
    }
    for sql in sql::QUERIES.iter().flat_map(|it| [&it.count, &it.ascending, &it.descending]) {
        // The types of parameters that a statement does not use are unknown.
        let prepared = client.prepare_typed(sql.text, sql.types).await;
        prepared.unwrap_or_else(|error| panic!("{error:?}: {}", sql.text));
    }
}

/// The transaction of a start has its number before another server commits an event.
#[tokio::test]
async fn events_that_are_committed_during_a_start_begin_no_epoch() {
    let url = cluster::new_database();
    let connector = Connector::new(&DatabaseUrl::new(url.clone())).unwrap();
    migrate::migrate(&connector).await.unwrap();
    let (mut client, connection) = connector.config.connect(connector.tls.clone()).await.unwrap();
    tokio::spawn(connection);
    let mut start = client.transaction().await.unwrap();
    start.batch_execute("SELECT pg_current_xact_id()").await.unwrap();
    let event = "
        INSERT INTO events (family_id, seq, place, id, child_id, entity_type, entity_id, action,
            occurred_at, created_at, json)
        VALUES (0, 1, 1, 'e', 'c', 'task', 't', 'activated', 0, 0, '{}')
        RETURNING xid";
    let xid = cluster::execute(&url, event);
    restored::adopt(&mut start).await.unwrap();
    start.commit().await.unwrap();
    let epochs = "SELECT count(*) FROM meta WHERE name = 'epoch'";
    assert_eq!(cluster::execute(&url, epochs), ["0"]);
    assert_eq!(cluster::execute(&url, "SELECT xid FROM events"), xid);
}

#[tokio::test]
async fn a_prepared_statement_that_a_pooler_has_lost_is_executed_without() {
    let connector = Connector::new(&DatabaseUrl::new(cluster::new_database())).unwrap();
    migrate::migrate(&connector).await.unwrap();
    let db = Db::new(&connector);
    let client = db.client().await.unwrap();
    let on = db.on(&**client, &client.statement_cache);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&None::<&str>, &None::<&str>];
    let prepared = "SELECT count(*) FROM pg_prepared_statements";
    for (expected, then) in [(1_i64, ""), (1, "DEALLOCATE ALL"), (0, ""), (0, "")] {
        let found = on.rows(&sql::LOAD_ONE, &values).await.unwrap();
        assert_eq!(found.len(), 1, "what all families share");
        let number: i64 = client.query_typed_one(prepared, &[]).await.unwrap().get(0);
        assert_eq!(number, expected);
        client.batch_execute(then).await.unwrap();
    }
}

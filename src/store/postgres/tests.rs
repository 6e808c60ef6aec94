#[expect(dead_code, unused_imports, reason = "shared with the tests of HTTP, which use the rest")]
#[path = "../../../tests/http/harness/cluster/mod.rs"]
mod cluster;

use super::connect::Connector;
use super::{DatabaseUrl, migrate, sql};

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
}

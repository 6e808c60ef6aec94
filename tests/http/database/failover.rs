//! The database stops, and a standby takes its place.

use crate::harness::cluster::{Cluster, Options, Stop, execute};
use crate::harness::{Family, Settings, TestServer, assert_error, eventually, text};

/// Sends a change with the same key until it succeeds, and returns the id of its event.
async fn eventually_event(family: &Family, key: &str) -> String {
    let path = crate::harness::activate_path(&family.child, &family.task);
    let event = eventually("a change to succeed", async || {
        let answer = family.parent.act_once(&path, key).await;
        (answer.status == 200).then(|| answer.body["tracking_event"]["id"].clone())
    });
    text(&event.await)
}

/// The ids of the family's events, the oldest first.
async fn events(family: &Family) -> Vec<String> {
    let path = format!("/children/{}/tracking?order=asc&limit=500", family.child);
    let body = family.parent.get(&path).await.expect(200);
    body["tracking_events"].as_array().unwrap().iter().map(|event| text(&event["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_continues_when_its_database_is_back() {
    let cluster = Cluster::start(Options::default());
    let server = TestServer::on_database(&cluster.new_database(), Settings::default()).await;
    let family = server.family().await;
    let mut expected = vec![text(&family.event().await["id"])];
    for (how, key) in [(Stop::Fast, "one"), (Stop::Immediate, "two")] {
        cluster.stop(how);
        assert_eq!(family.parent.get("/children").await.status, 503);
        cluster.start_again();
        expected.push(eventually_event(&family, key).await);
    }
    assert_eq!(events(&family).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_continues_on_the_standby_that_was_promoted() {
    let primary = Cluster::start(Options { tcp: true, ..Options::default() });
    primary.new_database();
    let standby = primary.standby();
    primary.wait_for_standby();
    let (one, other) = (primary.address(), standby.address());
    let url = format!("postgres://goldstar@{other},{one}/test0");
    let server = TestServer::on_database(&url, Settings::default()).await;
    let family = server.family().await;
    let mut expected = Vec::new();
    for _ in 0..10 {
        expected.push(text(&family.event().await["id"]));
    }
    let mut stream = family.parent.events("/events").await;
    primary.stop(Stop::Immediate);
    eventually("the state to say why", async || {
        let health = server.nobody().get("/health").await;
        (health.status == 503).then_some(())
    })
    .await;
    standby.promote();
    let after = eventually_event(&family, "after").await;
    assert_eq!(stream.next().await.event_id(), after, "no gap and no duplicate");
    expected.push(after);
    assert_eq!(events(&family).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_primary_that_became_read_only_are_not_used_again() {
    let cluster = Cluster::start(Options::default());
    let url = cluster.new_database();
    let server = TestServer::on_database(&url, Settings::default()).await;
    let family = server.family().await;
    family.event().await;
    execute(&url, "ALTER SYSTEM SET default_transaction_read_only = on");
    execute(&url, "SELECT pg_reload_conf()");
    // Each connection has read the setting some time after the database has.
    let refused = eventually("an error", async || {
        let answer = family.parent.activate(&family.child, &family.task).await;
        (answer.status != 200).then_some(answer)
    });
    let refused = refused.await;
    assert_error(&refused, 503, "DATABASE_UNAVAILABLE");
    assert_eq!(text(&refused.body["error"]), "The database is read-only.");
    let health = server.nobody().get("/health").await;
    assert_eq!(
        (health.status, text(&health.body["reason"])),
        (503, "the database is read-only".into())
    );
    // ALTER SYSTEM is allowed in a read-only transaction.
    execute(&url, "ALTER SYSTEM RESET default_transaction_read_only");
    execute(&url, "SELECT pg_reload_conf()");
    eventually_event(&family, "after").await;
}

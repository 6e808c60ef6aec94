//! A server that is paused for longer than its lease, which the other one takes.

use crate::harness::cluster::execute;
use crate::harness::{Settings, TestServer, event_ids, eventually, text};

#[tokio::test]
async fn a_server_that_was_paused_beyond_its_lease_saves_no_cursor() {
    let settings = Settings { binary: true, ..Settings::default() };
    let [mut one, other] = TestServer::two(settings).await;
    let url = one.folders.database.get().unwrap().clone();
    let family = one.family().await;
    let first = text(&family.event().await["id"]);
    assert_eq!(event_ids(&one.folders.log_lines(&family.parent.id)), [first]);

    one.signal("STOP");
    execute(&url, "UPDATE leases SET expires_at = '-infinity' WHERE name = 'audit_log'");
    let lease = "SELECT token FROM leases WHERE name = 'audit_log' AND expires_at > now()";
    eventually("the other holder", async || (execute(&url, lease) == ["2"]).then_some(())).await;
    let browser = family.parent.at(other.socket_address());
    let answer = browser.activate(&family.child, &family.task).await.expect(200);
    let second = text(&answer["tracking_event"]["id"]);
    assert!(event_ids(&other.folders.log_lines(&family.parent.id)).ends_with(&[second]));

    let is_complete = "SELECT FROM cursors WHERE follower = 'audit_log' AND
        (cursor::json ->> 'through')::bigint >=
        (SELECT max((xid::text::bigint << 16) + place) FROM events)";
    let is_complete = format!("SELECT EXISTS ({is_complete})");
    eventually("the other's cursor after the last event", async || {
        (execute(&url, &is_complete) == ["t"]).then_some(())
    })
    .await;
    // The version of the row changes with each write.
    let cursor = "SELECT cursor, xmin FROM cursors WHERE follower = 'audit_log'";
    let saved = execute(&url, cursor);

    // It saves its cursor when it stops, before it can notice that it has lost the lease.
    one.signal("TERM");
    let (status, _) = one.stop_by("CONT");
    assert!(status.success(), "{status}");
    assert_eq!(execute(&url, cursor), saved);
    assert_eq!(execute(&url, lease), ["2"]);
}

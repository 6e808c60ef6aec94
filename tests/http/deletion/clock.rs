//! A clock that jumps, thresholds that change, and restarts between them.

use serde_json::json;

use super::{deleted, mark, queue, restless, run, set_threshold, unscheduled};
use crate::harness::{Admin, DAY, HOUR, Hand, Parent, Settings, TestServer, eventually};

const YEAR: i64 = 365 * DAY;

/// A server, and a parent who has marked its account.
async fn marked(settings: Settings) -> (TestServer, Hand, Admin, Parent) {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..settings }).await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    mark(&parent).await.expect(202);
    (server, clock, admin, parent)
}

/// Whether the account still waits, and no attempt was made.
async fn waits(admin: &Admin, parent: &Parent) -> bool {
    let user = &queue(admin).await["users"][0];
    user["id"] == *parent.id && user["status"] == "pending" && user["attempts"] == 0
}

/// Whether the doubt about the clock is stored for the next start.
fn is_doubt_kept(server: &TestServer) -> bool {
    let rows = server.folders.rows("settings.json");
    let doubt = rows.iter().find(|(_, row)| row["name"] == "account_deletion_clock_doubted");
    doubt.is_some_and(|(_, row)| row["value"] == true)
}

#[tokio::test]
async fn no_jump_of_the_clock_of_a_running_server_deletes_early() {
    for jump in [-10 * YEAR, -HOUR, HOUR, 10 * YEAR] {
        let settings = Settings { configure: restless, ..Settings::default() };
        let (server, clock, _admin, parent) = marked(settings).await;
        for _ in 0..3 {
            clock.forward(10 * DAY - 1);
            clock.jump(jump);
            // By one clock, the sessions of the other one may have expired.
            let admin = server.admin().await;
            run(&admin).await;
            assert!(waits(&admin, &parent).await, "{jump}");
            clock.jump(-jump);
            let admin = server.admin().await;
            assert_eq!(run(&admin).await, [json!(null); 0], "{jump}");
        }
        let admin = server.admin().await;
        clock.forward(3);
        let gone = async || (queue(&admin).await["count"] == 0).then_some(());
        eventually("the account's end, in time", gone).await;
    }
}

#[tokio::test]
async fn after_a_restart_a_doubted_clock_is_trusted_after_a_day() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, _admin, parent) = marked(settings).await;
    clock.jump(YEAR);
    let admin = server.admin().await;
    for _ in 0..2 {
        // A stop checks the clock, too.
        server.stop().await;
        assert!(is_doubt_kept(&server));
        clock.forward(DAY);
        server.start_again().await;
        assert_eq!(run(&admin).await[0]["outcome"], "held");
        clock.forward(DAY - 1);
        assert_eq!(run(&admin).await[0]["outcome"], "held");
        assert!(waits(&admin, &parent).await);
    }
    clock.forward(1);
    assert_eq!(run(&admin).await, [deleted(&parent.id)]);
    server.stop().await;
    assert!(!is_doubt_kept(&server));
}

#[tokio::test]
async fn a_doubted_clock_that_is_corrected_deletes_nobody_after_a_restart() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, _admin, parent) = marked(settings).await;
    clock.jump(YEAR);
    server.restart().await;
    clock.jump(-YEAR);
    clock.forward(2 * DAY);
    let admin = server.admin().await;
    assert_eq!(run(&admin).await, [json!(null); 0]);
    server.restart().await;
    assert!(!is_doubt_kept(&server));
    assert!(waits(&admin, &parent).await);
}

#[tokio::test]
async fn a_clock_behind_at_the_start_only_postpones_deletions() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, _admin, parent) = marked(settings).await;
    server.stop().await;
    clock.forward(29 * DAY);
    // Like a machine without a battery-powered clock, before it has asked the network.
    let behind = 50 * YEAR;
    clock.jump(-behind);
    server.start_again().await;
    clock.jump(behind);
    let admin = server.admin().await;
    assert_eq!(run(&admin).await, [json!(null); 0]);
    clock.forward(29 * DAY);
    assert_eq!(run(&admin).await[0]["outcome"], "held", "it has waited for 58 days");
    assert!(waits(&admin, &parent).await);
    clock.forward(DAY);
    // The last use of the session may not be stored yet.
    let admin = server.admin().await;
    assert_eq!(run(&admin).await, [deleted(&parent.id)], "thirty days after the start");
}

#[tokio::test]
async fn a_clock_ahead_at_the_start_does_not_count_after_its_correction() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, _admin, parent) = marked(settings).await;
    server.stop().await;
    clock.forward(30 * DAY - 3 * HOUR);
    clock.jump(HOUR);
    server.start_again().await;
    clock.jump(-HOUR);
    let admin = server.admin().await;
    clock.forward(3 * HOUR - 1);
    assert_eq!(run(&admin).await, [json!(null); 0]);
    assert!(waits(&admin, &parent).await);
    clock.forward(1);
    assert_eq!(run(&admin).await, [deleted(&parent.id)]);
}

#[tokio::test]
async fn a_changed_threshold_applies_to_marked_accounts() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, admin, parent) = marked(settings).await;
    set_threshold(&admin, 24).await;
    clock.forward(23 * HOUR);
    assert_eq!(run(&admin).await, [json!(null); 0]);
    set_threshold(&admin, 8760).await;
    clock.forward(2 * HOUR);
    assert_eq!(run(&admin).await, [json!(null); 0], "raised in time");
    server.restart().await;
    assert!(waits(&admin, &parent).await, "the run at the start has the raised one");
    set_threshold(&admin, 25).await;
    // The run at the start may already have found it due.
    run(&admin).await;
    assert_eq!(queue(&admin).await["count"], 0, "lowered below what has passed");
}

#[tokio::test]
async fn a_clock_set_back_before_the_mark_postpones_the_deletion() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, admin, parent) = marked(settings).await;
    set_threshold(&admin, 24).await;
    clock.jump(-30 * DAY);
    server.restart().await;
    for _ in 0..30 {
        assert_eq!(run(&admin).await, [json!(null); 0]);
        clock.forward(DAY);
    }
    // No use of the session may be stored yet.
    let admin = server.admin().await;
    assert!(waits(&admin, &parent).await);
    assert_eq!(run(&admin).await, [json!(null); 0], "as late as when it was marked");
    clock.forward(DAY);
    assert_eq!(run(&admin).await, [deleted(&parent.id)]);
}

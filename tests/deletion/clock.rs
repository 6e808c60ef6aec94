//! A clock that jumps, thresholds that change, and restarts amid both.

use serde_json::json;

use super::{deleted, mark, queue, restless, run, set_threshold, unscheduled};
use crate::harness::{Admin, DAY, HOUR, Hand, Parent, Settings, TestServer};

const YEAR: i64 = 365 * DAY;

/// A server, and a parent who has marked its account.
async fn marked(settings: Settings) -> (TestServer, Hand, Admin, Parent) {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..settings }).await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    mark(&parent).await.expect(202);
    (server, clock, admin, parent)
}

/// Whether the account still waits, and nothing was tried.
async fn waits(admin: &Admin, parent: &Parent) -> bool {
    let user = &queue(admin).await["users"][0];
    user["id"] == *parent.id && user["status"] == "pending" && user["attempts"] == 0
}

#[tokio::test]
async fn a_clock_that_jumps_and_jumps_back_deletes_nobody() {
    let settings = Settings { configure: restless, ..Settings::default() };
    let (mut server, clock, admin, parent) = marked(settings).await;
    for _ in 0..3 {
        clock.forward(YEAR);
        // By that clock the old session is over.
        let later = server.admin().await;
        assert_eq!(run(&later).await[0]["outcome"], "held");
        assert!(waits(&later, &parent).await);
        clock.forward(-YEAR);
        assert_eq!(run(&later).await, [json!(null); 0], "it isn't due by that clock");
        assert!(waits(&later, &parent).await);
    }
    server.restart().await;
    let admin_again = server.admin().await;
    drop(admin);
    assert_eq!(run(&admin_again).await, [json!(null); 0]);
    assert!(waits(&admin_again, &parent).await);
}

#[tokio::test]
async fn a_restart_amid_the_doubt_deletes_nobody() {
    let settings = Settings { configure: restless, ..Settings::default() };
    let (mut server, clock, _admin, parent) = marked(settings).await;
    clock.forward(YEAR);
    let admin = server.admin().await;
    assert_eq!(run(&admin).await[0]["outcome"], "held");
    for _ in 0..2 {
        server.restart().await;
        assert_eq!(run(&admin).await[0]["outcome"], "held");
        assert!(waits(&admin, &parent).await);
    }
}

#[tokio::test]
async fn a_threshold_that_is_raised_and_lowered_decides_for_who_waits() {
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
    // The run at the start may be the one that finds it due.
    run(&admin).await;
    assert_eq!(queue(&admin).await["count"], 0, "lowered below what has passed");
}

#[tokio::test]
async fn a_clock_set_back_behind_the_marking_postpones_and_deletes_nobody() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, clock, admin, parent) = marked(settings).await;
    set_threshold(&admin, 24).await;
    clock.forward(-30 * DAY);
    server.restart().await;
    for _ in 0..30 {
        assert_eq!(run(&admin).await, [json!(null); 0]);
        clock.forward(DAY);
    }
    assert!(waits(&admin, &parent).await);
    assert_eq!(run(&admin).await, [json!(null); 0], "as late as when it was marked");
    clock.forward(DAY);
    assert_eq!(run(&admin).await, [deleted(&parent.id)]);
}

//! A clock that jumps. What becomes of a jump in the end is shown beside the rule itself.

use serde_json::json;

use super::{mark, queue, restless, run, unscheduled};
use crate::harness::{DAY, HOUR, Hand, Settings, TestServer, eventually};

#[tokio::test]
async fn a_jump_forward_deletes_nobody() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    mark(&parent).await.expect(202);
    clock.forward(400 * DAY);
    // The administrator's session is over by that clock.
    let admin_again = server.admin().await;
    drop(admin);
    for _ in 0..2 {
        let results = run(&admin_again).await;
        assert_eq!(results.len(), 1, "{results:?}");
        assert_eq!(
            (&results[0]["id"], &results[0]["outcome"]),
            (&json!(parent.id), &json!("held"))
        );
        assert!(results[0]["error"].as_str().unwrap().contains("clock"), "{results:?}");
        clock.forward(HOUR);
    }
    let queue = queue(&admin_again).await;
    assert_eq!(queue["users"][0]["status"], "pending");
    assert_eq!(queue["users"][0]["attempts"], 0);
}

#[tokio::test]
async fn a_clock_that_was_ahead_makes_nobody_due_too_early() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let parent = server.parent().await;
    // Set back by a hundred days: the marking counts by the clock as it was.
    clock.forward(-100 * DAY);
    let due_at = mark(&parent).await.expect(202)["due_at"].take();
    assert_eq!(due_at, "2026-03-11T18:42:15.000000Z");
}

#[tokio::test]
async fn an_account_is_deleted_by_the_schedule_once_it_is_due() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: restless, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let parent = server.parent().await;
    mark(&parent).await.expect(202);
    // No jump: a server that was down for a month.
    server.stop().await;
    clock.forward(30 * DAY - HOUR);
    server.start_again().await;
    let admin = server.admin().await;
    assert_eq!(queue(&admin).await["count"], 1);
    clock.forward(HOUR);
    let gone = async || (queue(&admin).await["count"] == 0).then_some(());
    eventually("the account's end", gone).await;
}

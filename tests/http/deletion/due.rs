//! A clock that jumps. The unit tests of the rule cover the end of a jump.

use serde_json::json;

use super::{mark, queue, restless, run, unscheduled};
use crate::harness::{DAY, HOUR, Hand, Settings, TestServer, eventually};

#[tokio::test]
async fn a_jump_ahead_deletes_nobody() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let parent = server.parent().await;
    mark(&parent).await.expect(202);
    clock.forward(30 * DAY - HOUR);
    for ahead in [HOUR, 3650 * DAY] {
        clock.jump(ahead);
        // By that clock, the previous session may have expired.
        let admin = server.admin().await;
        let results = run(&admin).await;
        assert_eq!(results.len(), 1, "{results:?}");
        assert_eq!(
            (&results[0]["id"], &results[0]["outcome"]),
            (&json!(parent.id), &json!("held"))
        );
        assert!(results[0]["error"].as_str().unwrap().contains("clock"), "{results:?}");
        let queue = queue(&admin).await;
        assert_eq!(queue["users"][0]["status"], "pending");
        assert_eq!(queue["users"][0]["attempts"], 0);
    }
    let admin = server.admin().await;
    clock.forward(HOUR);
    assert_eq!(run(&admin).await[0]["outcome"], "deleted", "in time, though the clock is wrong");
}

#[tokio::test]
async fn a_clock_that_was_ahead_makes_nobody_due_too_early() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let parent = server.parent().await;
    // Set back by a hundred days: the mark keeps the time of the earlier clock.
    clock.jump(-100 * DAY);
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
    // This is not a jump: the server was stopped for a month.
    server.stop().await;
    clock.forward(30 * DAY - HOUR);
    server.start_again().await;
    let admin = server.admin().await;
    assert_eq!(queue(&admin).await["count"], 1);
    clock.forward(HOUR);
    let gone = async || (queue(&admin).await["count"] == 0).then_some(());
    eventually("the account's end", gone).await;
}

//! The changes of a token are counted for the token.

use std::time::Duration;

use goldstar::config::Config;
use serde_json::json;

use super::Program;
use crate::harness::{Hand, Settings, TestServer, assert_error};

#[tokio::test]
async fn a_runaway_program_uses_up_nothing_of_its_family() {
    let (hand, machine) = Hand::new();
    let configure = |config: &mut Config| {
        config.service.changes.per_account = 4;
        config.service.changes.per_address = 5;
        config.service.changes.window = Duration::from_mins(1);
    };
    let server = TestServer::with(Settings { machine, configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let one = Program::of(&parent, server.nobody(), &["manage"]).await;
    let other = Program::of(&parent, server.nobody(), &["manage"]).await;
    let task = json!({"name": "Homework", "points": 5});
    for _ in 0..4 {
        one.post("/tasks", task.clone()).await.expect(201);
    }
    let answer = one.post("/tasks", task.clone()).await;
    let details = assert_error(&answer, 429, "TOO_MANY_CHANGES");
    assert_eq!(details, json!({"retry_after": 15}));
    assert_eq!(answer.header("retry-after"), "15");
    // Neither the account, of which the two tokens were changes, nor another token, nor the address has used up anything.
    for _ in 0..2 {
        parent.post("/tasks", task.clone()).await.expect(201);
    }
    other.post("/tasks", task.clone()).await.expect(201);
    // What the family has used up does not count for a program.
    assert_error(&parent.post("/tasks", task.clone()).await, 429, "TOO_MANY_CHANGES");
    other.post("/tasks", task.clone()).await.expect(201);
    hand.forward(15_000_000);
    one.post("/tasks", task).await.expect(201);
}

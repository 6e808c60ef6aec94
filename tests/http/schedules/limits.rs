//! Occurrences that only one child can do.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{again, daily, day, on_a_calendar, state};
use crate::harness::{DAY, TestServer, activate_path, assert_error, reverse_path, task_path, text};

#[tokio::test]
async fn only_the_first_child_can_do_an_occurrence() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let sibling = parent.child("Tom", 0).await;
    daily(&family, json!({"first_only": true})).await;
    assert_eq!(day(parent, &sibling, None).await[0]["allowed"], true);
    let event = text(&family.event().await["id"]);
    let refused = parent.activate(&sibling, &family.task).await;
    assert_error(&refused, 409, "LIMIT_REACHED");
    assert_eq!(refused.body["details"]["available_at"], "2026-02-10T00:00:00.000000Z");
    let others = day(parent, &sibling, None).await;
    assert_eq!((&others[0]["state"], &others[0]["allowed"]), (&json!("done"), &json!(false)));
    let tasks = parent.get(&format!("/children/{sibling}/tasks")).await.expect(200);
    let task =
        tasks["tasks"].as_array().unwrap().iter().find(|it| it["id"] == family.task.as_str());
    assert_eq!(task.unwrap()["available"], false);
    // A reversal frees it. A request of one child is an obstacle for the other one.
    parent.act(&reverse_path(child, &event)).await.expect(200);
    parent.act(&task_path(&sibling, &family.task, "request")).await.expect(200);
    assert_error(&parent.activate(child, &family.task).await, 409, "LIMIT_REACHED");
    assert_eq!(day(parent, child, None).await[0]["allowed"], false);
    let forced = json!({"force": true});
    parent.post(&activate_path(child, &family.task), forced).await.expect(200);
    parent.act(&task_path(&sibling, &family.task, "cancel")).await.expect(200);
    clock.forward(DAY);
    again(parent).await;
    parent.activate(&sibling, &family.task).await.expect(200);
    assert_eq!(state(parent, child, "2026-02-10").await, "done");
}

#[tokio::test]
async fn of_many_at_once_those_of_one_child_succeed() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    daily(&family, json!({"first_only": true})).await;
    let mut children = vec![family.child.clone()];
    for number in 0..7 {
        children.push(parent.child(&format!("Child {number}"), 0).await);
    }
    let activations = (0..64).map(|number| parent.activate(&children[number % 8], &family.task));
    let answers = join_all(activations).await;
    let winners: Vec<_> = answers.iter().filter(|it| it.status == 200).collect();
    // The first child itself has no limit.
    let child = |answer: &Value| answer["child"]["id"].clone();
    assert!(winners.iter().all(|it| child(&it.body) == child(&winners[0].body)));
    assert_eq!(winners.len(), 64 / children.len());
    for refused in answers.iter().filter(|it| it.status != 200) {
        assert_error(refused, 409, "LIMIT_REACHED");
    }
}

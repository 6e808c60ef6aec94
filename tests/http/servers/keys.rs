//! Idempotency keys, which expire by the clock of the database.

use futures_util::future::join_all;

use crate::harness::cluster::{execute, new_database};
use crate::harness::{Client, DAY, Hand, Settings, TestServer, activate_path};

#[tokio::test]
async fn a_key_is_valid_for_a_day_whatever_the_clocks_of_the_servers_show() {
    let url = new_database();
    let (_right, machine) = Hand::new();
    let one = TestServer::on_database(&url, Settings { machine, ..Settings::default() }).await;
    let (ahead, machine) = Hand::new();
    ahead.jump(2 * DAY);
    let other = TestServer::on_database(&url, Settings { machine, ..Settings::default() }).await;

    let family = one.family().await;
    let there = family.parent.at(other.socket_address());
    let (here, there): (&Client, &Client) = (&family.parent, &there);
    let path = activate_path(&family.child, &family.task);
    let both = [("ahead", there, here), ("right", here, there)];
    for (key, first, second) in both {
        let event = first.act_once(&path, key).await.expect(200)["tracking_event"].clone();
        let repeat = second.act_once(&path, key).await;
        assert_eq!(repeat.header("idempotent-replayed"), "true", "{key}");
        assert_eq!(repeat.expect(200)["tracking_event"], event, "{key}");
    }
    let task = serde_json::json!({"name": "Homework", "points": 5});
    for (key, first, second) in [("task ahead", there, here), ("task", here, there)] {
        let record = first.post_once("/tasks", task.clone(), key).await.expect(201);
        let repeat = second.post_once("/tasks", task.clone(), key).await;
        assert_eq!(repeat.header("idempotent-replayed"), "true", "{key}");
        assert_eq!(repeat.expect(201), record, "{key}");
    }
    // As if it were a day later in the database.
    let a_day_earlier = format!(
        "UPDATE records SET expires_at = expires_at - {DAY} WHERE kind = 'idempotency_keys'"
    );
    execute(&url, &a_day_earlier);
    for (key, _, second) in both {
        let new = second.act_once(&path, key).await;
        assert_eq!(new.header("idempotent-replayed"), "", "{key}");
        new.expect(200);
    }
}

#[tokio::test]
async fn two_servers_create_one_record_for_one_key() {
    let url = new_database();
    let one = TestServer::on_database(&url, Settings::default()).await;
    let other = TestServer::on_database(&url, Settings::default()).await;
    let parent = one.parent().await;
    let (here, there): (&Client, _) = (&parent, parent.at(other.socket_address()));
    let task = serde_json::json!({"name": "Homework", "points": 5});
    let clicks = (0..16).map(|n| {
        let server = if n % 2 == 0 { here } else { &there };
        server.post_once("/tasks", task.clone(), "impatient")
    });
    let answers = join_all(clicks).await;
    let new = answers.iter().filter(|it| it.header("idempotent-replayed").is_empty()).count();
    assert_eq!(new, 1);
    let tasks = there.get("/tasks").await.expect(200)["tasks"].take();
    for answer in answers {
        assert_eq!(answer.expect(201)["task"], tasks[0]);
    }
    assert_eq!(tasks.as_array().map(Vec::len), Some(1));
}

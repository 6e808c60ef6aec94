//! Messages beside the tracking events: ended requests and changed records.

use serde_json::{Value, json};

use crate::harness::{Events, Frame, Settings, TestServer, reward_path, text};

/// The next message, after the tracking events before it.
async fn message(stream: &mut Events) -> Frame {
    loop {
        let frame = stream.next().await;
        if frame.event != "tracking_event_created" {
            return frame;
        }
    }
}

/// The payload of the next `records_changed`.
async fn changed(stream: &mut Events) -> Value {
    let frame = message(stream).await;
    assert_eq!(
        (frame.event.as_str(), &frame.data["type"]),
        ("records_changed", &json!(frame.event))
    );
    frame.data["payload"].clone()
}

#[tokio::test]
async fn the_end_of_a_request_is_sent_to_the_family_and_its_child() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Leo", 0).await;
    let browser = family.parent.hand_over(server.nobody(), &family.child).await;
    let other = family.parent.hand_over(server.nobody(), &sibling).await;
    let mut streams = [family.parent.events("/events").await, browser.events("/events").await];
    let mut unnamed = family.parent.events("/events?named=false").await;
    let mut others = other.events("/events").await;

    let asked = family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    let redeemed = family.parent.redeem(&family.child, &family.reward).await.expect(200);
    let event = &redeemed["tracking_event"];
    let expected = json!({
        "request_id": asked["tracking_event"]["metadata"]["request_id"], "child_id": family.child,
        "entity_type": "reward", "entity_id": family.reward, "ended": "redeemed",
        "ended_at": event["occurred_at"], "tracking_event_id": event["id"],
    });
    for stream in &mut streams {
        assert_eq!(stream.take(2).await[1].event_id(), text(&event["id"]));
        let last_id = server.folders.rows("tracking_events.json").len().to_string();
        let frame = stream.next().await;
        assert_eq!(frame.event, "request_ended");
        // Without an `id:` line, the last one stays.
        assert_eq!(frame.id, last_id);
        assert_eq!(frame.data, json!({"type": "request_ended", "payload": expected}));
    }
    family.event().await;
    assert_eq!(unnamed.take(3).await[2].data["payload"]["action"], "activated");
    family.parent.task("Homework", 5).await;
    assert_eq!(changed(&mut others).await["kind"], "task");
}

#[tokio::test]
async fn requests_that_end_by_a_deletion_are_named_too() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let mut stream = parent.events("/events").await;
    let task = format!("/children/{}/tasks/{}/request", family.child, family.task);
    let asked = parent.act(&task).await.expect(200);
    let request = asked["tracking_event"]["metadata"]["request_id"].clone();
    parent.delete(&format!("/tasks/{}", family.task)).await.expect(204);
    let frame = message(&mut stream).await;
    let payload = &frame.data["payload"];
    assert_eq!(
        (&payload["request_id"], &payload["ended"], &payload["tracking_event_id"]),
        (&request, &json!("deleted"), &Value::Null)
    );
    assert_eq!(changed(&mut stream).await, json!({"kind": "pending_task", "id": request}));
    assert_eq!(changed(&mut stream).await, json!({"kind": "task", "id": family.task}));

    let asked = parent.ask_for(&family.child, &family.reward).await.expect(200);
    let request = asked["tracking_event"]["metadata"]["request_id"].clone();
    parent.delete(&format!("/children/{}", family.child)).await.expect(204);
    assert_eq!(message(&mut stream).await.data["payload"]["request_id"], request);
    assert_eq!(changed(&mut stream).await, json!({"kind": "pending_reward", "id": request}));
    assert_eq!(changed(&mut stream).await, json!({"kind": "child", "id": family.child}));
}

#[tokio::test]
async fn a_request_that_a_reversal_restores_is_named_and_can_end_again() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    let asked = family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    let request = asked["tracking_event"]["metadata"]["request_id"].clone();
    for _ in 0..2 {
        let redeemed = family.parent.redeem(&family.child, &family.reward).await.expect(200);
        let event = text(&redeemed["tracking_event"]["id"]);
        let payload = message(&mut stream).await.data["payload"].clone();
        assert_eq!(payload["tracking_event_id"], json!(event));
        assert_eq!(payload["request_id"], request);
        let reverse = format!("/children/{}/tracking/{event}/reverse", family.child);
        family.parent.act(&reverse).await.expect(200);
        assert_eq!(changed(&mut stream).await, json!({"kind": "pending_reward", "id": request}));
    }
}

#[tokio::test]
async fn changed_records_are_named_to_those_who_may_read_them() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let browser = parent.hand_over(server.nobody(), &family.child).await;
    let mut all = parent.events("/events").await;
    let mut childs = browser.events("/events").await;
    let named = |kind: &str, id: &str| json!({"kind": kind, "id": id});
    let sibling = parent.child("Leo", 0).await;
    assert_eq!(changed(&mut all).await, named("child", &sibling));
    // Each is read before the next one, which could replace it.
    let mut expect = async |kind: &str, id: &str| {
        assert_eq!(changed(&mut all).await, named(kind, id));
        assert_eq!(changed(&mut childs).await, named(kind, id));
    };
    let task = parent.task("Homework", 5).await;
    expect("task", &task).await;
    parent.patch(&format!("/tasks/{task}"), json!({"points": 6})).await.expect(200);
    expect("task", &task).await;
    let reward = parent.reward("Cinema", 30).await;
    expect("reward", &reward).await;
    let goal = format!("/children/{}/goal", family.child);
    parent.put(&goal, json!({"reward_id": reward})).await.expect(200);
    expect("child", &family.child).await;
    parent.delete(&format!("/rewards/{reward}")).await.expect(204);
    // The reward was its goal.
    expect("child", &family.child).await;
    expect("reward", &reward).await;
}

#[tokio::test]
async fn a_reconnect_does_not_repeat_messages() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.event().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.act(&reward_path(&family.child, &family.reward, "cancel")).await.expect(200);
    let mut stream = family.parent.events("/events?last_event_id=0").await;
    let frames = stream.take(3).await;
    assert!(frames.iter().all(|frame| frame.event == "tracking_event_created"), "{frames:?}");
    let task = family.parent.task("Homework", 5).await;
    assert_eq!(changed(&mut stream).await, json!({"kind": "task", "id": task}));
}

#[tokio::test]
async fn a_message_replaces_that_of_the_same_cause() {
    let mut server = TestServer::with(Settings::default()).await;
    let family = server.family().await;
    let task = format!("/tasks/{}", family.task);
    let rows = async |server: &mut TestServer| {
        server.stop().await;
        let rows = server.folders.rows("messages.json");
        server.start_again().await;
        rows
    };
    let before = rows(&mut server).await;
    family.parent.patch(&task, json!({"points": 6})).await.expect(200);
    family.parent.patch(&task, json!({"points": 7})).await.expect(200);
    let after = rows(&mut server).await;
    assert_eq!(after.len(), before.len());
    let last = |rows: &[(u64, Value)]| rows.last().unwrap().1["payload"].clone();
    assert_ne!(last(&before), last(&after), "it follows the messages in between");
    assert_eq!(last(&after), json!({"kind": "task", "id": family.task}));
}

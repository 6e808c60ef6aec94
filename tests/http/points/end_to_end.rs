//! The test case of the specification: activate a task, and the event is created, streamed and
//! logged.

use serde_json::{Value, json};

use crate::harness::{
    TestServer, activate_path, adjust_path, logfmt, reverse_path, reward_path, task_path, text,
};

#[tokio::test]
async fn activate_a_task_then_tracking_created_then_sse_event_then_audit_log() {
    let server = TestServer::process().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 0).await;
    let task = parent.task("Walk the dog \u{1f415}", 10).await;
    let mut stream = parent.events("/events").await;

    let answer = parent.activate(&child, &task).await.expect(200);
    assert_eq!(answer["child"]["points"], 10);
    let event = &answer["tracking_event"];

    let admin = server.admin().await;
    let query = [("child_id", &*child), ("entity_type", "task")];
    let found = admin.get_with("/admin/tracking", &query).await.expect(200);
    assert_eq!(found["tracking_events"], json!([event]));
    assert_eq!(found["total"], 1);
    assert_eq!(server.folders.events(), std::slice::from_ref(event));

    let frame = stream.next().await;
    assert_eq!(frame.event, "tracking_event_created");
    assert_eq!(frame.event_id(), text(&event["id"]));

    let lines = server.folders.log_lines(&parent.id);
    assert_eq!(lines.len(), 1);
    let fields = logfmt(&lines[0]);
    assert_eq!(fields["event_id"], text(&event["id"]));
    assert_eq!((&*fields["points_before"], &*fields["points_after"]), ("0", "10"));
}

#[tokio::test]
async fn every_mutation_is_an_event_in_the_stream_and_a_line_in_the_audit_log() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let mut stream = parent.events("/events").await;
    let mut events: Vec<Value> = Vec::new();
    let task = |verb: &str| task_path(child, &family.task, verb);
    let reward = |verb: &str| reward_path(child, &family.reward, verb);
    let note = json!({"delta": 7, "note": "Counted twice"});
    for (path, body) in [
        (task("request"), json!({})),
        (task("cancel"), json!({"note": "Not clean"})),
        (task("request"), json!({})),
        (task("activate"), json!({"points": 2})),
        (activate_path(child, &family.penalty), json!({})),
        (adjust_path(child), note),
        (reward("request"), json!({"note": "Please"})),
        (reward("cancel"), json!({})),
        (reward("request"), json!({})),
        (reward("redeem"), json!({})),
    ] {
        let done = parent.post(&path, body).await.expect(200);
        events.push(done["tracking_event"].clone());
    }
    for event in events.clone() {
        let reverse = reverse_path(child, &text(&event["id"]));
        let answer = parent.post(&reverse, json!({"partial": true})).await;
        if answer.status == 200 {
            events.push(answer.body["tracking_event"].clone());
        }
    }
    assert_eq!(events.len(), 14, "four of them are reversible");
    let mut frames = Vec::new();
    while frames.len() < events.len() {
        let frame = stream.next().await;
        if frame.event == "tracking_event_created" {
            frames.push(frame);
        }
    }
    let lines = server.folders.log_lines(&parent.id);
    assert_eq!(lines.len(), events.len());
    for ((event, frame), line) in events.iter().zip(&frames).zip(&lines) {
        let id = text(&event["id"]);
        assert_eq!(frame.event_id(), id);
        for field in ["entity_type", "entity_id", "action", "delta", "points_after"] {
            assert_eq!(frame.data["payload"][field], event[field], "{event}");
        }
        let fields = logfmt(line);
        assert_eq!(fields["event_id"], id);
        assert_eq!(fields["action"], text(&event["action"]));
        assert_eq!(fields["points_after"], event["points_after"].to_string());
    }
}

//! The test case of the specification: activate a task, and the event is created, streamed and
//! logged.

use serde_json::json;

use crate::harness::{TestServer, logfmt, text};

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

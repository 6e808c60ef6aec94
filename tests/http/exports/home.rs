//! Histories that a server finds at its start.

use serde_json::{Map, Value, json};

use crate::harness::person::{Session, log_in};
use crate::harness::{Folders, Settings, TestServer};

/// An event of the administrator's child.
pub(super) fn event(n: usize, metadata: &Value) -> Value {
    let moment = format!("2026-02-09T18:42:15.{n:06}Z");
    json!({
        "id": format!("event-{n}"), "user_id": "admin-1", "child_id": "child-1",
        "entity_type": "task", "entity_id": "task-1", "action": "activated", "points_before": n,
        "points_after": n + 1, "delta": 1, "occurred_at": moment, "created_at": moment,
        "metadata": metadata,
    })
}

/// The text of a table with these rows.
pub(super) fn table(rows: impl IntoIterator<Item = Value>) -> String {
    let rows = (1..).zip(rows).map(|(number, row): (u64, Value)| (number.to_string(), row));
    json!({"_default": rows.collect::<Map<_, _>>()}).to_string()
}

/// A server whose administrator has a child with this table of events.
pub(super) async fn start(events: &str, settings: Settings) -> TestServer {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let child = json!({
        "id": "child-1", "user_id": "admin-1", "name": "Mía", "age": 7, "points": 5, "tasks": [],
        "rewards": [], "image_id": null, "created_at": null, "updated_at": null,
    });
    folders.put("children.json", &table([child]));
    folders.put("tracking_events.json", events);
    TestServer::on(folders, settings).await
}

/// The same with a history that does not fit into the buffers of a connection.
pub(super) async fn long_history(settings: Settings) -> TestServer {
    let note = "a long note ".repeat(5_000);
    let events = (0..40).map(|n| event(n, &json!({"name": "n", "points": 1, "note": note})));
    start(&table(events), settings).await
}

/// A session of the administrator.
pub(super) async fn session(server: &TestServer) -> Session {
    Session::in_answer(&log_in(&server.nobody(), "admin@example.org", "correct horse 0").await)
}

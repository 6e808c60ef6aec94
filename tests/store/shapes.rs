//! Tracking files in the forms of other programs.

use std::fs;
use std::sync::Arc;

use goldstar::domain::{EventFilter, Page, SortOrder};
use goldstar::store::Store;
use serde_json::Value;

use crate::harness::{Folder, give_point};

const EVENT: &str = r#"{"id": "e1", "user_id": "u", "child_id": "c", "entity_type": "task",
    "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5,
    "occurred_at": "2026-01-05T11:11:44Z", "created_at": "2026-01-05T11:11:44Z",
    "metadata": {"odd": NaN, "name": "M\u00eda, \"x\": 1"}, "more": [1.50,   2]}"#;

async fn starts_with(contents: &str) -> (Folder, Vec<Arc<str>>) {
    let folder = Folder::new();
    fs::create_dir_all(&folder.path).unwrap();
    fs::write(folder.file("tracking_events.json"), contents).unwrap();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    let page = Page { limit: 500, offset: 0 };
    let all = store.events(&EventFilter::default(), SortOrder::Ascending, page).await.unwrap();
    assert_eq!(all.events.len(), all.total);
    store.close().await.unwrap();
    (folder, all.events)
}

#[tokio::test]
async fn every_form_can_be_appended_to() {
    let compact = EVENT.replace('\n', " ");
    for contents in [
        format!("{{\"_default\": {{\"7\": {compact}}}}}"),
        format!("{{\"_default\":{{\"7\":{compact}}}}}"),
        format!("{{\n  \"_default\": {{\n    \"7\": {EVENT}\n  }}\n}}\n"),
        format!("{{\"_default\": {{\"7\": {EVENT}}}, \"behind\": {{\"1\": {{\"a\": NaN}}}}}}"),
        format!("{{\"before\": {{}}, \"_default\": {{\"7\": {EVENT}}}, \"behind\": {{}}}}"),
    ] {
        let (folder, events) = starts_with(&contents).await;
        assert_eq!(events.len(), 2, "{contents}");
        let event: Value = serde_json::from_str(&events[0]).unwrap();
        assert_eq!(event["metadata"]["name"], "Mía, \"x\": 1");
        assert!(event["metadata"]["odd"].is_null());
        let text = String::from_utf8(folder.read("tracking_events.json")).unwrap();
        assert!(text.contains("\"odd\": NaN") && text.contains("1.50"), "{text}");
        assert_eq!(text.contains("behind"), contents.contains("behind"));
        assert!(text.contains("\"8\": {\"id\": \"a-1\""), "{text}");
    }
}

#[tokio::test]
async fn an_empty_file_is_an_empty_table() {
    for contents in
        ["", "{}", "{\"_default\": {}}", "{\"_default\":{}}", "{\"other\": {\"1\": {}}}"]
    {
        let (folder, events) = starts_with(contents).await;
        assert_eq!(events.len(), 1, "{contents}");
        assert_eq!(folder.rows("tracking_events.json").len(), 1, "{contents}");
    }
}

#[tokio::test]
async fn a_row_from_the_future_does_not_stop_the_clock() {
    let future = EVENT.replace("2026-01", "2036-01").replace('\n', " ");
    let (_, events) = starts_with(&format!("{{\"_default\": {{\"1\": {future}}}}}")).await;
    let first: Value = serde_json::from_str(&events[0]).unwrap();
    assert_eq!(first["occurred_at"], "2026-02-09T18:42:15.000000Z");
}

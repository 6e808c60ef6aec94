//! Notes are stored with the event, shown with the request, and erased with the account.

use reqwest::Method;
use serde_json::{Value, json};

use super::requests::{metadata, path, pending, task_path};
use crate::deletion::folders::holders;
use crate::harness::{
    Folders, Settings, TestServer, activate_path, assert_error, reverse_path, send, text,
};

#[tokio::test]
async fn every_mutation_accepts_a_note() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let mut events = Vec::new();
    let activated = parent.activate(&family.child, &family.task).await.expect(200);
    assert_eq!(metadata(&activated).get("note"), None);
    let reverse = reverse_path(&family.child, &text(&activated["tracking_event"]["id"]));
    for (number, path) in [
        activate_path(&family.child, &family.penalty),
        task_path(&family, "request"),
        task_path(&family, "cancel"),
        task_path(&family, "activate"),
        path(&family, "request"),
        path(&family, "cancel"),
        path(&family, "redeem"),
        reverse,
    ]
    .iter()
    .enumerate()
    {
        let note = format!("M\u{ed}a \u{1f415} said \"{number}\"");
        let done = parent.post(path, json!({"note": note, "other": {}})).await.expect(200);
        assert_eq!(metadata(&done)["note"], note, "{path}");
        events.push(done["tracking_event"].clone());
    }
    for _ in 0..2 {
        assert_eq!(server.folders.events()[1..], events);
        server.restart().await;
    }
}

#[tokio::test]
async fn a_note_has_the_rules_of_a_name() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    for note in
        [json!(""), json!(" "), json!("a\nb"), json!("\u{200b}"), json!(7), json!("x".repeat(501))]
    {
        let answer = family.parent.post(&path, json!({"note": note})).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], "note", "{note}");
    }
    let none = family.parent.post(&path, json!({"note": null})).await.expect(200);
    assert_eq!(metadata(&none).get("note"), None);
}

#[tokio::test]
async fn a_childs_note_is_shown_with_its_request_and_a_parents_with_the_rejection() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let child = parent.hand_over(server.nobody(), &family.child).await;
    for (kind, path) in
        [("task", task_path(&family, "request")), ("reward", path(&family, "request"))]
    {
        child.post(&path, json!({"note": "With bread"})).await.expect(200);
        server.restart().await;
        assert_eq!(pending(&child, kind).await["note"], "With bread");
        assert_eq!(pending(parent, kind).await["note"], "With bread");
    }
    let states = format!("/children/{}/tasks", family.child);
    let before = child.get(&states).await.expect(200)["tasks"][0].clone();
    assert_eq!(before["last_rejection"], Value::Null);
    parent.post(&task_path(&family, "cancel"), json!({"note": "Not clean"})).await.expect(200);
    let after = child.get(&states).await.expect(200)["tasks"][0].clone();
    assert_eq!(after["last_rejection"], "Not clean");
    let own = child.post(&task_path(&family, "request"), json!({})).await.expect(200);
    assert_eq!(metadata(&own).get("note"), None);
    assert_eq!(pending(parent, "task").await["note"], Value::Null);
}

#[tokio::test]
async fn a_note_belongs_to_the_key_of_a_mutation() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    let send_with = async |note: &str| {
        let request = family.parent.request(Method::POST, &path).header("Idempotency-Key", "k");
        send(request.json(&json!({"note": note}))).await
    };
    let first = send_with("lunch").await.expect(200);
    assert_eq!(send_with("lunch").await.expect(200)["tracking_event"], first["tracking_event"]);
    assert_error(&send_with("dinner").await, 422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn no_log_contains_a_note() {
    let folders = Folders::new();
    let own = format!("--server-log-dir={}", folders.logs().join("server").display());
    let flags = vec![own, "--server-log=trace".to_owned()];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    family.parent.post(&path, json!({"note": "canarynote"})).await.expect(200);
    family.parent.post(&path, json!({"note": "canarynote\n"})).await;
    family.parent.post(&path, json!({"note": ["canarynote"]})).await.expect(400);
    server.stop().await;
    let logged = holders(&server.folders, "route=/children/{id}/tasks/{task_id}/activate");
    assert!(!logged.is_empty(), "the requests are in the log");
    // With a directory, the note is in the tracking file.
    let found = holders(&server.folders, "canarynote");
    assert!(found.iter().all(|file| file.starts_with("data/")), "{found:?}");
}

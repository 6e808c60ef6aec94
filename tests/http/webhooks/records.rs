//! The records of webhooks: who has them, and what contains their secrets.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::{Receiver, delivery, get, hook, hook_with, path, server};
use crate::harness::{TestServer, assert_error, text};

const URL: &str = "https://example.org/hook";

fn new() -> Value {
    json!({"url": URL, "events": ["badge.awarded"]})
}

#[tokio::test]
async fn a_webhook_is_created_updated_and_deleted() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let events = ["task.late", "tracking_event.created"];
    let fields = json!({"url": URL, "events": events, "child_id": family.child});
    let created = hook_with(parent, fields).await;
    assert!(text(&created["secret"]).starts_with("whsec_"), "{created}");
    let expected = json!({
        "id": created["id"], "url": URL, "events": ["tracking_event.created", "task.late"],
        "child_id": family.child, "enabled": true, "disabled_by": null, "disabled_at": null,
        "failing_since": null, "next_attempt_at": null,
        "created_at": created["created_at"], "updated_at": created["updated_at"],
    });
    server.restart().await;
    let list = parent.get("/webhooks").await.expect(200);
    assert_eq!((&list["webhooks"], &list["total"]), (&json!([expected]), &json!(1)));
    let change = json!({"url": "https://example.org/other", "events": ["task.due"], "child_id": null,
        "enabled": false});
    let updated = parent.patch(&path(&created), change).await.expect(200)["webhook"].clone();
    assert_eq!(updated["url"], "https://example.org/other");
    assert_eq!((&updated["events"], &updated["child_id"]), (&json!(["task.due"]), &Value::Null));
    assert_eq!((&updated["enabled"], &updated["disabled_by"]), (&json!(false), &json!("parent")));
    assert_eq!(get(parent, &created).await, updated);
    let enabled = parent.patch(&path(&created), json!({"enabled": true})).await.expect(200);
    assert_eq!(enabled["webhook"]["disabled_by"], Value::Null);
    parent.delete(&path(&created)).await.expect(204);
    for answer in [
        parent.get(&path(&created)).await,
        parent.get(&format!("{}/deliveries", path(&created))).await,
        parent.patch(&path(&created), json!({})).await,
        parent.delete(&path(&created)).await,
        parent.act(&format!("{}/test", path(&created))).await,
        parent.act(&format!("{}/rotate-secret", path(&created))).await,
        parent.act(&format!("{}/deliveries/1/resend", path(&created))).await,
    ] {
        assert_error(&answer, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn what_a_webhook_newly_sends_begins_with_the_update() {
    let server = server().await;
    let family = server.family().await;
    let (parent, program) = (&family.parent, Receiver::start().await);
    let other = parent.child("Leo", 0).await;
    let fields = json!({"url": program.url, "events": ["task.late"], "child_id": other});
    let webhook = hook_with(parent, fields).await;
    let update = async |change| parent.patch(&path(&webhook), change).await.expect(200);
    family.event().await;
    update(json!({"events": ["tracking_event.created"], "child_id": null})).await;
    let first = family.event().await;
    delivery(parent, &webhook, "delivered", 1).await;
    update(json!({"child_id": other})).await;
    family.event().await;
    update(json!({"child_id": null})).await;
    let last = family.event().await;
    let received = program.after(2).await;
    let ids = received.iter().map(|it| &it.body["data"]["tracking_event_id"]);
    assert_eq!(ids.collect::<Vec<_>>(), [&first["id"], &last["id"]]);
}

#[tokio::test]
async fn other_families_do_not_see_it_and_children_have_none() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let created = hook_with(&family.parent, new()).await;
    let other = server.family().await;
    assert_error(&other.parent.get(&path(&created)).await, 404, "NOT_FOUND");
    assert_error(&other.parent.delete(&path(&created)).await, 404, "NOT_FOUND");
    let mut foreign = new();
    foreign["child_id"] = family.child.clone().into();
    assert_error(&other.parent.post("/webhooks", foreign.clone()).await, 404, "NOT_FOUND");
    let own = hook_with(&other.parent, new()).await;
    let moved = json!({"child_id": family.child});
    assert_error(&other.parent.patch(&path(&own), moved).await, 404, "NOT_FOUND");
    assert_eq!(other.parent.get("/webhooks").await.expect(200)["total"], 1);
}

#[tokio::test]
async fn a_family_has_a_limited_number_of_webhooks() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for _ in 0..10 {
        hook_with(&family.parent, new()).await;
    }
    let refused = family.parent.post("/webhooks", new()).await;
    assert_error(&refused, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(refused.body["details"]["limit"]["name"], "webhooks");
}

#[tokio::test]
async fn fields_are_checked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for (field, value) in [
        ("events", json!([])),
        ("events", json!(["task_due"])),
        ("events", json!(["webhook.test"])),
        ("events", json!(["task.due", "task.due"])),
        ("url", json!("ftp://example.org/")),
        ("url", json!(1)),
    ] {
        let mut fields = new();
        fields[field] = value;
        let refused = family.parent.post("/webhooks", fields.clone()).await;
        assert_eq!(refused.status, 400, "{fields}");
        assert!(text(&refused.body["error"]).contains(field), "{}", refused.text);
    }
    let mut fields = new();
    fields["secret"] = "whsec_AAAA".into();
    assert_eq!(family.parent.post("/webhooks", fields).await.status, 400);
}

#[tokio::test]
async fn the_secret_is_in_one_response_only() {
    let server = server().await;
    let family = server.family().await;
    let (parent, program) = (&family.parent, Receiver::start().await);
    let fields = json!({"url": program.url, "events": ["tracking_event.created"]});
    let first = parent.post_once("/webhooks", fields.clone(), "key").await;
    let created = first.body["webhook"].clone();
    let again = parent.post_once("/webhooks", fields, "key").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(
        (&again.body["webhook"]["id"], &again.body["webhook"]["secret"]),
        (&created["id"], &Value::Null)
    );
    let rotated = parent.act(&format!("{}/rotate-secret", path(&created))).await.expect(200);
    let secrets = [text(&created["secret"]), text(&rotated["webhook"]["secret"])];
    assert_ne!(secrets[0], secrets[1]);
    family.event().await;
    delivery(parent, &created, "delivered", 1).await;
    let export = parent.get("/account/export").await;
    assert_eq!(export.body["webhooks"], json!([get(parent, &created).await]));
    assert_eq!(export.body["webhook_deliveries"].as_array().unwrap().len(), 1);
    let answers = [
        export.text,
        parent.get("/webhooks").await.text,
        parent.get(&path(&created)).await.text,
        parent.get(&format!("{}/deliveries", path(&created))).await.text,
        parent.patch(&path(&created), json!({"enabled": true})).await.text,
    ];
    let logs = server.folders.log_lines(&parent.id);
    for text in answers.into_iter().chain(logs) {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
}

#[tokio::test]
async fn only_the_server_reads_the_file_with_the_secrets() {
    if crate::harness::database::is_on_postgres() {
        return;
    }
    let mut server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let created = hook(&family.parent, &program).await;
    server.stop().await;
    let file = server.folders.data().join("webhooks.json");
    assert!(std::fs::read_to_string(&file).unwrap().contains(&text(&created["secret"])));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

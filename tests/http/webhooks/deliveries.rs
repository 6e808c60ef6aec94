//! What is delivered, in which order, and what follows a failure.

use serde_json::{Value, json};

use super::receiver::Received;
use super::{
    Receiver, Reply, deliveries, delivery, get, hook, hook_with, on_a_clock, path, server,
};
use crate::harness::{DAY, HOUR, PASSWORD, eventually, log_in, python, reward_path, text};

const SECOND: i64 = 1_000_000;

/// Verifies a message with another program; null if it is not valid.
fn verified(received: &Received, secret: &Value) -> Value {
    let input = json!({
        "secret": secret, "headers": received.headers, "body": received.text,
    });
    let output = python("verify_webhook.py", &[], &input.to_string());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn an_event_is_delivered_with_a_valid_signature() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    let event = family.event().await;
    let received = program.after(1).await.remove(0);
    let expected = json!({
        "type": "tracking_event.created", "timestamp": event["created_at"],
        "data": {
            "tracking_event_id": event["id"], "child_id": family.child, "entity_type": "task",
            "entity_id": family.task, "action": "activated",
            "points_before": event["points_before"], "points_after": event["points_after"],
            "delta": event["delta"], "occurred_at": event["occurred_at"],
        },
    });
    assert_eq!(received.body, expected);
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(verified(&received, &webhook["secret"]), expected);
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_eq!(verified(&received, &other.into()), Value::Null);
    let listed = delivery(&family.parent, &webhook, "delivered", 1).await;
    assert_eq!(listed["message_id"], received.id());
    assert_eq!((&listed["response_status"], &listed["error"]), (&json!(204), &Value::Null));
}

#[tokio::test]
async fn two_secrets_are_valid_during_a_rotation() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    let rotated = family.parent.act(&format!("{}/rotate-secret", path(&webhook))).await;
    let rotated = rotated.expect(200)["webhook"].clone();
    family.event().await;
    let received = program.after(1).await.remove(0);
    assert_eq!(received.headers["webhook-signature"].split(' ').count(), 2);
    for secret in [&webhook["secret"], &rotated["secret"]] {
        assert_eq!(verified(&received, secret), received.body);
    }
}

#[tokio::test]
async fn messages_are_delivered_with_their_payloads() {
    let server = server().await;
    let family = server.family().await;
    let (parent, program) = (&family.parent, Receiver::start().await);
    let reward = parent.reward("Ice cream", 1).await;
    let fields = json!({"url": program.url, "events": ["request.ended", "badge.awarded"]});
    hook_with(parent, fields).await;
    family.event().await;
    let request = reward_path(&family.child, &reward, "request");
    parent.act(&request).await.expect(200);
    parent.cancel(&family.child, &reward).await.expect(200);
    let ended = eventually("the end of the request", async || {
        program.received().into_iter().find(|it| it.kind() == "request.ended")
    });
    let data = ended.await.body["data"].clone();
    assert_eq!((&data["ended"], &data["entity_id"]), (&json!("cancelled"), &json!(reward)));
    assert_eq!(data["child_id"], *family.child);
    let awarded = eventually("the badge", async || {
        program.received().into_iter().find(|it| it.kind() == "badge.awarded")
    });
    assert_eq!(awarded.await.body["data"]["child_id"], *family.child);
}

#[tokio::test]
async fn events_arrive_in_their_order_and_only_once() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    let mut expected = Vec::new();
    for _ in 0..30 {
        expected.push(family.event().await["id"].clone());
    }
    let received = program.after(30).await;
    let ids: Vec<_> =
        received.iter().map(|it| it.body["data"]["tracking_event_id"].clone()).collect();
    assert_eq!(ids, expected);
    delivery(&family.parent, &webhook, "delivered", 1).await;
    assert_eq!(program.received().len(), 30);
    assert_eq!(deliveries(&family.parent, &webhook).await.len(), 30);
}

#[tokio::test]
async fn a_webhook_of_a_child_sends_nothing_about_others() {
    let server = server().await;
    let family = server.family().await;
    let (parent, program) = (&family.parent, Receiver::start().await);
    let other = parent.child("Leo", 0).await;
    let events = ["tracking_event.created", "records.changed"];
    let fields = json!({"url": program.url, "events": events, "child_id": other});
    let webhook = hook_with(parent, fields).await;
    family.event().await;
    parent.task("Read", 3).await;
    parent.activate(&other, &family.task).await.expect(200);
    let received = program.after(1).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body["data"]["child_id"], other);
    delivery(parent, &webhook, "delivered", 1).await;
    parent.delete(&format!("/children/{other}")).await.expect(204);
    assert_eq!(parent.get("/webhooks").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn a_failure_is_retried_with_the_same_id_before_later_messages() {
    let (server, clock) = on_a_clock().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Status(500, ""), Reply::Status(302, "location: /\r\n")]);
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    let failed = delivery(&family.parent, &webhook, "retrying", 1).await;
    assert_eq!(failed["response_status"], 500);
    family.event().await;
    let failing = get(&family.parent, &webhook).await;
    assert_ne!(
        (&failing["failing_since"], &failing["next_attempt_at"]),
        (&Value::Null, &Value::Null)
    );
    clock.forward(6 * SECOND);
    let failed = delivery(&family.parent, &webhook, "retrying", 2).await;
    assert_eq!(failed["response_status"], 302);
    clock.forward(6 * 60 * SECOND);
    let received = program.after(4).await;
    let ids: Vec<_> = received.iter().map(Received::id).collect();
    assert_eq!((ids[0], ids[0]), (ids[1], ids[2]));
    assert_ne!(ids[0], ids[3]);
    // Each attempt has a signature of its own time.
    let seconds = |it: &Received| it.headers["webhook-timestamp"].parse::<i64>().unwrap();
    assert!(seconds(&received[1]) >= seconds(&received[0]) + 6);
    delivery(&family.parent, &webhook, "delivered", 1).await;
    assert_eq!(get(&family.parent, &webhook).await["failing_since"], Value::Null);
}

#[tokio::test]
async fn a_receiver_decides_how_long_to_wait() {
    let (server, clock) = on_a_clock().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Status(503, "retry-after: 3600\r\n")]);
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    let failed = delivery(&family.parent, &webhook, "retrying", 1).await;
    let next = text(&get(&family.parent, &webhook).await["next_attempt_at"]);
    assert_eq!(next, text(&failed["attempted_at"]).replace("T18:", "T19:"));
    clock.forward(HOUR + SECOND);
    delivery(&family.parent, &webhook, "delivered", 2).await;
}

#[tokio::test]
async fn a_slow_receiver_delays_no_other() {
    let server = server().await;
    let family = server.family().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.reply([Reply::Silence]);
    hook(&family.parent, &slow).await;
    let webhook = hook(&family.parent, &quick).await;
    family.event().await;
    slow.after(1).await;
    eventually("the webhook in the backlog", async || {
        let health = server.nobody().get("/health").await.expect(200);
        let mut projections = health["projections"].as_array().unwrap().iter();
        projections.any(|it| it["name"] == "webhooks" && it["backlog"] == 1).then_some(())
    })
    .await;
    family.event().await;
    quick.after(2).await;
    delivery(&family.parent, &webhook, "delivered", 1).await;
    assert_eq!(slow.received().len(), 1);
}

#[tokio::test]
async fn a_message_fails_after_three_days_and_can_be_sent_again() {
    let (server, clock) = on_a_clock().await;
    let family = server.family().await;
    let parent = &family.parent;
    let program = Receiver::start().await;
    program.reply([Reply::Status(500, ""), Reply::Status(500, "")]);
    let webhook = hook(parent, &program).await;
    family.event().await;
    delivery(parent, &webhook, "retrying", 1).await;
    clock.forward(3 * DAY + HOUR);
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
    let failed = delivery(parent, &webhook, "failed", 2).await;
    let path = format!("{}/deliveries/{}/resend", path(&webhook), text(&failed["id"]));
    let requested = parent.act(&path).await.expect(202);
    assert_eq!(requested["message_id"], failed["message_id"]);
    let received = program.after(3).await;
    assert!(received.iter().all(|it| it.id() == failed["message_id"]));
    let again = delivery(parent, &webhook, "delivered", 1).await;
    assert_ne!(again["id"], failed["id"]);
    // The next one follows.
    family.event().await;
    assert_ne!(program.after(4).await[3].id(), failed["message_id"]);
}

#[tokio::test]
async fn a_test_message_is_sent_once() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Status(500, "")]);
    let webhook = hook(&family.parent, &program).await;
    let disabled = json!({"enabled": false});
    family.parent.patch(&path(&webhook), disabled).await.expect(200);
    let test = format!("{}/test", path(&webhook));
    let requested = family.parent.act(&test).await.expect(202);
    let failed = delivery(&family.parent, &webhook, "failed", 1).await;
    assert_eq!(
        (&failed["type"], &failed["message_id"]),
        (&json!("webhook.test"), &requested["message_id"])
    );
    assert_eq!(get(&family.parent, &webhook).await["failing_since"], Value::Null);
    family.parent.act(&test).await.expect(202);
    let received = program.after(2).await;
    assert_eq!(received[1].body["data"], json!({"webhook_id": webhook["id"]}));
    assert_eq!(verified(&received[1], &webhook["secret"]), received[1].body);
}

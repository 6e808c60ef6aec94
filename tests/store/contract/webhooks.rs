//! Webhooks: records of their family. Their deliveries are read by themselves.

use std::time::Duration;

use goldstar::domain::webhooks::{
    Current, Cursor, Delivery, DeliveryStatus, Disabled, DisabledReason, Failing, Outcome,
    Requested, SendError, Source, Target, Webhook, WebhookEvent, WebhookSecret,
};
use goldstar::domain::{Deletion, Epoch, Seq, Timestamp, User};
use goldstar::store::{Change, Scope, Store as _};

use super::bench::{Bench, START, child, family, user};
use super::{message, over_each};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START + seconds * 1_000_000)
}

fn webhook(id: &str, user_id: &str) -> Webhook {
    Webhook {
        id: id.into(),
        user_id: user_id.into(),
        target: Target::from_stored("https://example.org/hook?ä=1").unwrap(),
        events: [WebhookEvent::TrackingEventCreated, WebhookEvent::TaskDue].into(),
        child_id: None,
        secret: WebhookSecret::new([7; 32]),
        old_secret: None,
        disabled: None,
        cursor: Cursor::new(&Epoch::default(), Seq(3), 5),
        failing: None,
        current: None,
        deliveries: 0,
        requested: [].into(),
        created_at: at(0),
        updated_at: at(0),
    }
}

/// One with a value in every field.
fn full(id: &str) -> Webhook {
    let requested = |source| Requested {
        source,
        message_id: "msg_a".into(),
        event: WebhookEvent::TaskDue,
        created_at: at(1),
    };
    Webhook {
        child_id: Some("c1".into()),
        old_secret: Some((WebhookSecret::new([8; 32]), at(9))),
        disabled: Some(Disabled { reason: DisabledReason::Gone, at: at(2) }),
        failing: Some(Failing { since: at(3), failures: 4, next_attempt_at: at(5) }),
        current: Some(Current { number: 6, attempts: 7 }),
        deliveries: 8,
        requested: [
            requested(Source::Event("7".into())),
            requested(Source::Message("a/\"ü\"".into())),
            requested(Source::Test),
        ]
        .into(),
        ..webhook(id, "u")
    }
}

fn delivery(webhook: &str, user_id: &str, number: u64) -> Delivery {
    Delivery {
        webhook_id: webhook.into(),
        user_id: user_id.into(),
        number,
        message_id: "msg_a".into(),
        event: WebhookEvent::TaskDue,
        source: Source::Message("a".into()),
        created_at: at(1),
        status: DeliveryStatus::Retrying,
        attempts: 2,
        attempted_at: at(3),
        duration: Duration::from_millis(40),
        outcome: Outcome::Error(SendError::Timeout),
    }
}

fn two_families() -> Vec<Change> {
    let other = [Change::PutUser(user("v", "v@example.org")), Change::PutChild(child("c3", "v"))];
    family().into_iter().chain(other).collect()
}

async fn deliveries(bench: &Bench, user_id: &str) -> Vec<Delivery> {
    let found = bench.store.deliveries_of(&user_id.into()).await.unwrap();
    let mut found: Vec<_> = found.iter().map(|it| Delivery::clone(it)).collect();
    found.sort_by_key(|it| (it.webhook_id.to_string(), it.number));
    found
}

async fn all(bench: &Bench) -> Vec<String> {
    let found = bench.store.webhooks().await.unwrap();
    found.iter().map(|it| it.id.to_string()).collect()
}

#[tokio::test]
async fn a_webhook_is_a_record_of_its_family() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let webhooks = [webhook("w1", "u"), full("w2"), webhook("w3", "v")];
        bench.put(webhooks.clone().map(Change::PutWebhook)).await;
        let changed = Webhook { deliveries: 9, ..webhooks[0].clone() };
        bench.put([Change::PutWebhook(changed.clone())]).await;
        let bench = bench.reopen().await;
        let own = bench.read(Scope::Family("u".into())).await;
        let found: Vec<_> =
            own.webhooks_of(&"u".into()).iter().map(|it| Webhook::clone(it)).collect();
        assert_eq!(found, [changed, webhooks[1].clone()]);
        assert_eq!(*own.webhook(&"w2".into()).unwrap(), webhooks[1]);
        assert_eq!(own.family(&"u".into()).webhooks, own.webhooks_of(&"u".into()));
        assert!(own.webhook(&"w3".into()).is_none() && own.webhooks_of(&"v".into()).is_empty());
        assert_eq!(all(&bench).await, ["w1", "w2", "w3"]);
        bench.put([Change::RemoveWebhook("w1".into())]).await;
        let bench = bench.reopen().await;
        assert_eq!(all(&bench).await, ["w2", "w3"]);
    })
    .await;
}

#[tokio::test]
async fn webhooks_of_a_marked_account_are_not_listed() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        bench.put([webhook("w1", "u"), webhook("w3", "v")].map(Change::PutWebhook)).await;
        let deletion = Some(Deletion::marked(at(0)));
        let marked = User { deletion, ..user("u", "zoe@example.org") };
        bench.put([Change::PutUser(marked)]).await;
        assert_eq!(all(&bench).await, ["w3"]);
    })
    .await;
}

#[tokio::test]
async fn deliveries_replace_older_ones_and_end_with_their_webhook() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let counted = |id, user_id, deliveries| Webhook { deliveries, ..webhook(id, user_id) };
        let webhooks = [counted("w1", "u", 101), counted("w2", "u", 1), counted("w3", "v", 1)];
        bench.put(webhooks.map(Change::PutWebhook)).await;
        let answered = Delivery { outcome: Outcome::Status(204), ..delivery("w1", "u", 101) };
        let put = [
            delivery("w1", "u", 1),
            delivery("w1", "u", 2),
            answered.clone(),
            delivery("w2", "u", 1),
            delivery("w3", "v", 1),
        ];
        for delivery in put {
            bench.put([Change::PutDelivery(delivery)]).await;
        }
        let bench = bench.reopen().await;
        let own = [delivery("w1", "u", 2), answered, delivery("w2", "u", 1)];
        assert_eq!(deliveries(&bench, "u").await, own);
        bench.put([Change::RemoveWebhook("w1".into())]).await;
        assert_eq!(deliveries(&bench, "u").await, own[2..]);
        bench.put([Change::RemoveWebhook("w2".into()), Change::RemoveUser("v".into())]).await;
        let bench = bench.reopen().await;
        assert!(deliveries(&bench, "u").await.is_empty());
        assert!(deliveries(&bench, "v").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_messages_of_a_family_are_read_after_a_number() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        for id in ["a", "b", "c", "a"] {
            bench.put([Change::PutMessage(message("u", id))]).await;
            bench.put([Change::PutMessage(message("v", id))]).await;
        }
        let family = "u".into();
        let read = async |bench: &Bench, after, limit| {
            bench.store.messages_after(&family, after, limit).await.unwrap()
        };
        let id = |message: &goldstar::domain::Message| message.payload["id"].clone();
        let found = read(&bench, 0, 9).await;
        assert_eq!(found.iter().map(|(_, it)| id(it)).collect::<Vec<_>>(), ["b", "c", "a"]);
        assert!(found.is_sorted_by_key(|(number, _)| *number));
        assert!(found.iter().all(|(_, it)| it.user_id == family));
        assert_eq!(bench.store.last_message(&family).await.unwrap().max(found[2].0), {
            bench.store.last_message(&family).await.unwrap()
        });
        assert_eq!(read(&bench, 0, 1).await, found[..1]);
        let bench = bench.reopen().await;
        assert_eq!(read(&bench, found[0].0, 9).await, found[1..]);
        assert!(read(&bench, found[2].0, 9).await.is_empty());
    })
    .await;
}

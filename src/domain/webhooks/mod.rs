//! Webhooks: addresses of a family's own programs, which the server sends events and messages to.

mod address;
mod attempt;
mod event_type;
mod outcome;
mod secret;
mod target;

pub use address::{AllowedHosts, is_denied, without_dot};
pub use attempt::{Attempt, RETRY_DELAYS, retry_after};
pub use event_type::WebhookEvent;
pub use outcome::{Outcome, SendError};
pub use secret::WebhookSecret;
pub use target::Target;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{ChildId, Epoch, Id, Message, Seq, Timestamp, UserId, hex};

pub type WebhookId = Id<Webhook>;

/// An endpoint of a family, and how far messages were delivered to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub user_id: UserId,
    pub target: Target,
    /// What it sends, in the order of [`WebhookEvent::ALL`].
    pub events: Arc<[WebhookEvent]>,
    /// It sends only what is about this child; `None` for everything about the family.
    pub child_id: Option<ChildId>,
    pub secret: WebhookSecret,
    /// The secret before the last rotation, which also signs until that time.
    pub old_secret: Option<(WebhookSecret, Timestamp)>,
    /// `None` while messages are delivered.
    pub disabled: Option<Disabled>,
    pub cursor: Cursor,
    /// `None` after a success.
    pub failing: Option<Failing>,
    /// The delivery of the message at the cursor, after its first failure.
    pub current: Option<Current>,
    /// The number of deliveries so far.
    pub deliveries: u64,
    /// What parents have asked for and was not sent yet, in its order.
    pub requested: Arc<[Requested]>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Why nothing is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disabled {
    pub reason: DisabledReason,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledReason {
    /// A parent has disabled it.
    Parent,
    /// The receiver has answered 410.
    Gone,
    /// No delivery has succeeded for [`Webhook::PATIENCE`].
    Failing,
}

impl DisabledReason {
    pub const ALL: [Self; 3] = [Self::Parent, Self::Gone, Self::Failing];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// How far an endpoint has followed its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last event as an id of the event stream: it contains the epoch.
    pub event: Arc<str>,
    /// The number of the last message. Messages are numbered again whenever events are.
    pub message: u64,
}

impl Cursor {
    pub fn new(epoch: &Epoch, event: Seq, message: u64) -> Self {
        Self { event: epoch.stream_id(event).into(), message }
    }

    /// The numbers in this epoch. `None` if events were numbered again since.
    pub fn numbers(&self, epoch: &Epoch) -> Option<(Seq, u64)> {
        Some((epoch.seq_of(&self.event)?, self.message))
    }
}

/// The back-off of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The first failure after the last success.
    pub since: Timestamp,
    /// The number of failures since.
    pub failures: u32,
    pub next_attempt_at: Timestamp,
}

/// A delivery that was attempted and is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Current {
    /// See [`Delivery::number`].
    pub number: u64,
    pub attempts: u32,
}

/// One delivery that a parent has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    pub source: Source,
    pub message_id: Arc<str>,
    pub event: WebhookEvent,
    /// When the message was created.
    pub created_at: Timestamp,
}

/// Where the data of a delivery is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The event with that id of an event stream.
    Event(Arc<str>),
    /// The message with that cause.
    Message(Arc<str>),
    Test,
}

impl Source {
    /// The text of a stored row.
    pub fn text(&self) -> String {
        match self {
            Self::Event(id) => format!("event/{id}"),
            Self::Message(cause) => format!("message/{cause}"),
            Self::Test => "test".to_owned(),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            Some(("event", id)) => Some(Self::Event(id.into())),
            Some(("message", cause)) => Some(Self::Message(cause.into())),
            _ => (text == "test").then_some(Self::Test),
        }
    }
}

/// What is known about the delivery of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub webhook_id: WebhookId,
    pub user_id: UserId,
    /// The number among the deliveries of the webhook, from 1.
    pub number: u64,
    pub message_id: Arc<str>,
    pub event: WebhookEvent,
    pub source: Source,
    /// When the message was created.
    pub created_at: Timestamp,
    pub status: DeliveryStatus,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The last attempt.
    pub attempted_at: Timestamp,
    pub duration: Duration,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    Delivered,
    /// It will be attempted again.
    Retrying,
    /// It will not be attempted again, unless a parent asks for it.
    Failed,
}

impl DeliveryStatus {
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Retrying, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl Delivery {
    /// The number of deliveries of a webhook that are kept.
    pub const KEPT: u64 = 100;

    /// The key of its row. A later delivery replaces the one that is [`Self::KEPT`] earlier.
    pub fn key(&self) -> Arc<str> {
        Self::key_of(&self.webhook_id, self.number)
    }

    fn key_of(webhook: &WebhookId, number: u64) -> Arc<str> {
        format!("{webhook}/{:02}", number % Self::KEPT).into()
    }
}

impl Webhook {
    /// The number of webhooks that a family can have.
    pub const MOST: usize = 10;
    /// The number of [`Self::requested`] deliveries.
    pub const MOST_REQUESTED: usize = 10;
    /// A message that is older is not attempted again.
    pub const LONGEST_RETRY: Duration = Duration::from_hours(3 * 24);
    /// An endpoint without a success for that long is disabled.
    pub const PATIENCE: Duration = Duration::from_hours(5 * 24);
    /// How long the secret before a rotation also signs.
    pub const ROTATION: Duration = Duration::from_hours(24);
    /// The longest wait between two attempts.
    pub const LONGEST_WAIT: Duration = Duration::from_hours(24);

    /// Whether it sends messages of that type about that child.
    pub fn sends(&self, event: WebhookEvent, child: Option<&ChildId>) -> bool {
        self.events.contains(&event) && (self.child_id.is_none() || self.child_id.as_ref() == child)
    }

    /// Whether the back-off is over. A moment that is too far ahead is that of a wrong clock.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.failing.is_none_or(|failing| {
            let next = failing.next_attempt_at;
            next <= now || next.since(now) > Self::LONGEST_WAIT + Self::LONGEST_WAIT / 4
        })
    }

    /// The value of the header `webhook-signature`.
    pub fn signatures(&self, id: &str, now: Timestamp, body: &str) -> String {
        let old = self.old_secret.iter().filter(|(_, until)| now < *until);
        let secrets = [&self.secret].into_iter().chain(old.map(|(secret, _)| secret));
        let seconds = unix_seconds(now);
        let signatures: Vec<_> = secrets.map(|secret| secret.sign(id, seconds, body)).collect();
        signatures.join(" ")
    }

    /// The keys of its deliveries.
    pub fn delivery_keys(&self) -> impl Iterator<Item = Arc<str>> {
        (0..self.deliveries.min(Delivery::KEPT))
            .map(|number| Delivery::key_of(&self.id, number + 1))
    }
}

/// Whole seconds since 1970.
pub fn unix_seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

/// The id of an event's message, the same for every attempt and every endpoint.
pub fn event_message_id(event: &str) -> Arc<str> {
    message_id(&["event", event])
}

/// The id of a message. A message that replaces it has another one.
pub fn message_message_id(message: &Message) -> Arc<str> {
    let at = message.created_at.as_micros().to_string();
    message_id(&["message", message.user_id.as_str(), &at, &message.cause])
}

/// The id of what a parent has asked for.
pub fn test_message_id(seed: &str) -> Arc<str> {
    message_id(&["test", seed])
}

fn message_id(parts: &[&str]) -> Arc<str> {
    let hash = Sha256::digest(parts.join("/"));
    format!("msg_{}", hex(&hash[..16])).into()
}

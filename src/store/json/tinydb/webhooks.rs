//! The rows of webhooks and of their deliveries.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::pyjson;
use super::record::Record;
use crate::domain::webhooks::{
    Current, Cursor, Delivery, DeliveryStatus, Disabled, DisabledReason, Failing, Outcome,
    Requested, SendError, Source, Target, Webhook, WebhookEvent, WebhookSecret,
};
use crate::domain::{Id, Timestamp};

impl Record for Webhook {
    const FILE: &'static str = "webhooks.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let target = Target::from_stored(&fields.text("url")?);
        let secret = WebhookSecret::from_stored(&fields.text("secret")?);
        let events = fields.texts("events");
        let events = events.iter().filter_map(|name| WebhookEvent::parse(name));
        let deliveries = count(fields, "deliveries");
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            target: target.ok_or(Unreadable { field: "url", expected: "a URL" })?,
            events: events.collect(),
            child_id: fields.optional_id("child_id")?,
            secret: secret.ok_or(Unreadable { field: "secret", expected: "a secret" })?,
            old_secret: old_secret(fields),
            disabled: disabled(fields),
            cursor: Cursor {
                event: fields.text("last_event")?.into(),
                message: fields.integer("last_message")?.unsigned_abs(),
            },
            failing: failing(fields),
            current: count(fields, "current_delivery").checked_sub(1).map(|number| Current {
                number: number + 1,
                attempts: small(count(fields, "current_attempts")),
            }),
            deliveries,
            requested: requested(fields),
            created_at: fields.moment("created_at")?,
            updated_at: fields.moment("updated_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        let events = self.events.iter().map(|event| event.as_str().into());
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.text("url", self.target.as_str());
        row.texts("events", &events.collect::<Vec<_>>());
        row.optional_text("child_id", self.child_id.as_ref().map(Id::as_str));
        row.text("secret", self.secret.reveal());
        let (old, until) = self.old_secret.clone().unzip();
        row.optional_text("old_secret", old.as_ref().map(WebhookSecret::reveal));
        row.optional_moment("old_secret_until", until);
        row.optional_text("disabled_by", self.disabled.map(|it| it.reason.as_str()));
        row.optional_moment("disabled_at", self.disabled.map(|it| it.at));
        row.text("last_event", &self.cursor.event);
        row.plain("last_message", self.cursor.message);
        row.optional_moment("failing_since", self.failing.map(|it| it.since));
        row.optional_plain("failures", self.failing.map(|it| it.failures));
        row.optional_moment("next_attempt_at", self.failing.map(|it| it.next_attempt_at));
        row.optional_plain("current_delivery", self.current.map(|it| it.number));
        row.optional_plain("current_attempts", self.current.map(|it| it.attempts));
        row.plain("deliveries", self.deliveries);
        row.json("requested", &self.requested.iter().map(requested_value).collect());
        row.moment("created_at", self.created_at);
        row.moment("updated_at", self.updated_at);
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

fn count(fields: &Fields<'_>, name: &str) -> u64 {
    fields.optional_integer(name).and_then(|count| count.try_into().ok()).unwrap_or_default()
}

fn small(count: u64) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}

fn old_secret(fields: &Fields<'_>) -> Option<(WebhookSecret, Timestamp)> {
    let secret = WebhookSecret::from_stored(&fields.optional_text("old_secret")?)?;
    Some((secret, fields.optional_moment("old_secret_until")?))
}

fn disabled(fields: &Fields<'_>) -> Option<Disabled> {
    let reason = DisabledReason::parse(&fields.optional_text("disabled_by")?)?;
    Some(Disabled { reason, at: fields.optional_moment("disabled_at")? })
}

fn failing(fields: &Fields<'_>) -> Option<Failing> {
    Some(Failing {
        since: fields.optional_moment("failing_since")?,
        failures: small(count(fields, "failures")),
        next_attempt_at: fields.optional_moment("next_attempt_at")?,
    })
}

fn requested(fields: &Fields<'_>) -> Arc<[Requested]> {
    let values = pyjson::strict(fields.raw("requested").unwrap_or("null"));
    let values: Vec<Value> = serde_json::from_str(&values).unwrap_or_default();
    values.iter().filter_map(requested_of).collect()
}

fn requested_value(requested: &Requested) -> Value {
    json!({
        "source": requested.source.text(),
        "message_id": &*requested.message_id,
        "type": requested.event.as_str(),
        "created_at": requested.created_at.as_unix_seconds(),
    })
}

fn requested_of(value: &Value) -> Option<Requested> {
    Some(Requested {
        source: Source::parse(value["source"].as_str()?)?,
        message_id: value["message_id"].as_str()?.into(),
        event: WebhookEvent::parse(value["type"].as_str()?)?,
        created_at: Timestamp::from_unix_seconds(value["created_at"].as_f64()?)?,
    })
}

impl Record for Delivery {
    const FILE: &'static str = "webhook_deliveries.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let word = |field| Unreadable { field, expected: "a known word" };
        Ok(Self {
            webhook_id: fields.id("webhook_id")?,
            user_id: fields.id("user_id")?,
            number: fields.integer("number")?.unsigned_abs(),
            message_id: fields.text("message_id")?.into(),
            event: WebhookEvent::parse(&fields.text("type")?).ok_or(word("type"))?,
            source: Source::parse(&fields.text("source")?).ok_or(word("source"))?,
            created_at: fields.moment("created_at")?,
            status: DeliveryStatus::parse(&fields.text("status")?).ok_or(word("status"))?,
            attempts: small(count(fields, "attempts")),
            attempted_at: fields.moment("attempted_at")?,
            duration: Duration::from_millis(count(fields, "duration_ms")),
            outcome: outcome(fields).ok_or(word("error"))?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        let (response, error) = match self.outcome {
            Outcome::Status(status) => (Some(status), None),
            Outcome::Error(error) => (None, Some(error.as_str())),
        };
        row.text("webhook_id", self.webhook_id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.plain("number", self.number);
        row.text("message_id", &self.message_id);
        row.text("type", self.event.as_str());
        row.text("source", &self.source.text());
        row.moment("created_at", self.created_at);
        row.text("status", self.status.as_str());
        row.plain("attempts", self.attempts);
        row.moment("attempted_at", self.attempted_at);
        row.plain("duration_ms", self.duration.as_millis());
        row.optional_plain("response_status", response);
        row.optional_text("error", error);
    }

    fn key(&self) -> Arc<str> {
        Delivery::key(self)
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

fn outcome(fields: &Fields<'_>) -> Option<Outcome> {
    if let Some(status) = fields.optional_integer("response_status") {
        return Some(Outcome::Status(status.try_into().ok()?));
    }
    Some(Outcome::Error(SendError::parse(&fields.optional_text("error")?)?))
}

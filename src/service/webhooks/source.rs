//! What a webhook sends next, and its data.

use std::sync::Arc;

use serde_json::json;

use super::super::{Service, ServiceError};
use crate::domain::webhooks::{
    Cursor, Requested, Source, Webhook, WebhookEvent, WebhookId, event_message_id,
    message_message_id,
};
use crate::domain::{Message, Seq, UserId};
use crate::followers::webhooks::{body, event_data};
use crate::store::{Store as _, StoredEvent};

/// The number of messages that are read at once: a webhook does not send all of them.
const MESSAGES_AT_ONCE: usize = 100;

/// A message with the cursor after it.
pub(super) struct Next {
    pub(super) message: Requested,
    pub(super) body: String,
    pub(super) cursor: Cursor,
}

impl Service {
    /// The first message after the cursor that a webhook sends, or the cursor after everything that was skipped. Of an event
    /// and a message, the older one comes first.
    ///
    /// `None` if the events were numbered again since the cursor was stored.
    pub(super) async fn next_of(
        &self,
        webhook: &Webhook,
    ) -> Result<Option<Result<Next, Cursor>>, ServiceError> {
        let epoch = self.store.epoch();
        let Some((after_event, after_message)) = webhook.cursor.numbers(&epoch) else {
            return Ok(None);
        };
        let (event, passed_event) = self.next_event(webhook, after_event).await?;
        let (message, passed_message) = self.next_message(webhook, after_message).await?;
        let is_message_first = match (&event, &message) {
            (Some(event), Some((_, message))) => message.created_at < event.event.created_at,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        Ok(Some(match (event, message) {
            (_, Some((number, message))) if is_message_first => {
                let cursor = Cursor::new(&epoch, passed_event, number);
                Ok(Next { body: body_of_message(&message), cursor, message: of_message(&message) })
            }
            (Some(event), _) => {
                let cursor = Cursor::new(&epoch, event.seq, passed_message);
                let message = of_event(&event, &epoch.stream_id(event.seq));
                Ok(Next { body: body_of_event(&event), cursor, message })
            }
            _ => Err(Cursor::new(&epoch, passed_event, passed_message)),
        }))
    }

    /// The first event after a number that the webhook sends, and the number before which there is none.
    async fn next_event(
        &self,
        webhook: &Webhook,
        mut after: Seq,
    ) -> Result<(Option<StoredEvent>, Seq), ServiceError> {
        let (family, child) = (&webhook.user_id, webhook.child_id.as_ref());
        if !webhook.events.contains(&WebhookEvent::TrackingEventCreated) {
            return Ok((None, after.max(self.store.head(family).await?)));
        }
        while let Some(found) = self.store.events_after(family, child, after, 1).await?.pop() {
            match found {
                Ok(event) => return Ok((Some(event), after)),
                // Another program has written a row that is no event.
                Err(malformed) => after = after.max(Seq(malformed.number)),
            }
        }
        Ok((None, after))
    }

    /// The first message after a number that the webhook sends, and the number before which there is none.
    async fn next_message(
        &self,
        webhook: &Webhook,
        mut after: u64,
    ) -> Result<(Option<(u64, Arc<Message>)>, u64), ServiceError> {
        loop {
            let family = &webhook.user_id;
            let found = self.store.messages_after(family, after, MESSAGES_AT_ONCE).await?;
            let is_end = found.len() < MESSAGES_AT_ONCE;
            for (number, message) in found {
                let event = WebhookEvent::of_message(&message.name);
                if event.is_some_and(|event| webhook.sends(event, message.child_id.as_ref())) {
                    return Ok((Some((number, message)), after));
                }
                after = number;
            }
            if is_end {
                return Ok((None, after));
            }
        }
    }

    /// The body of a message that a parent has asked for; `None` if the message is not kept any more.
    pub(super) async fn body_of(
        &self,
        family: &UserId,
        webhook: &WebhookId,
        requested: &Requested,
    ) -> Result<Option<String>, ServiceError> {
        match &requested.source {
            Source::Event(id) => {
                let Some(seq) = self.store.epoch().seq_of(id) else { return Ok(None) };
                let event = self.store.event(family, seq).await?;
                Ok(event.map(|event| body_of_event(&event)))
            }
            Source::Message(cause) => {
                let messages = self.store.messages_of(family).await?;
                let is_it = |it: &&Arc<Message>| {
                    it.cause == *cause && message_message_id(it) == requested.message_id
                };
                Ok(messages.iter().find(is_it).map(|message| body_of_message(message)))
            }
            Source::Test => {
                let data = json!({"webhook_id": webhook.as_str()});
                Ok(Some(body(WebhookEvent::Test, requested.created_at, &data)))
            }
        }
    }
}

fn of_event(stored: &StoredEvent, stream_id: &str) -> Requested {
    Requested {
        source: Source::Event(stream_id.into()),
        message_id: event_message_id(stored.event.id.as_str()),
        event: WebhookEvent::TrackingEventCreated,
        created_at: stored.event.created_at,
    }
}

fn body_of_event(stored: &StoredEvent) -> String {
    let event = &stored.event;
    body(WebhookEvent::TrackingEventCreated, event.created_at, &event_data(event))
}

fn of_message(message: &Message) -> Requested {
    Requested {
        source: Source::Message(Arc::clone(&message.cause)),
        message_id: message_message_id(message),
        event: event_of(message),
        created_at: message.created_at,
    }
}

fn body_of_message(message: &Message) -> String {
    body(event_of(message), message.created_at, &message.payload)
}

/// Only messages whose type is known are sent.
fn event_of(message: &Message) -> WebhookEvent {
    WebhookEvent::of_message(&message.name).unwrap_or(WebhookEvent::Test)
}

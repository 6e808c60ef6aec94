//! What follows the commits: the live streams and the audit log, as the store knows them.

use std::io;
use std::sync::Arc;

use serde::Serialize;

use super::Causes;
use crate::domain::{EventFilter, RowNumber, TrackingEvent, UserId};
use crate::followers::audit_log::{AuditLog, Past};
use crate::followers::broker::{Broker, Message};
use crate::store::{EventSink, History, Projection, Resume, StoredEvent};

/// Publishes every new event to the live streams. It can't fall behind: publishing never waits, and
/// what a reader misses it fetches from the history.
pub struct LiveSink {
    broker: Broker,
}

impl LiveSink {
    /// What it is called in the store's health.
    pub const NAME: &str = "live";

    /// A sink that publishes to `broker`.
    pub fn new(broker: Broker) -> Self {
        Self { broker }
    }
}

impl EventSink for LiveSink {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resume(&mut self, _from: Resume<'_>, _history: &dyn History) {}

    fn apply(&mut self, events: &[Arc<StoredEvent>], _history: &dyn History) {
        // The history has these events already: whoever begins to listen from here on finds them
        // there.
        let is_heard = |recorded: &&Arc<StoredEvent>| {
            recorded
                .event
                .user_id
                .as_ref()
                .is_some_and(|user_id| self.broker.has_subscribers(user_id))
        };
        let heard = events.iter().filter(is_heard).filter_map(|recorded| message(recorded));
        heard.for_each(|message| self.broker.publish(message));
    }

    fn retry(&mut self, _history: &dyn History) {}

    fn health(&self) -> Projection {
        Projection { name: self.name(), ..Projection::default() }
    }

    fn forget(&mut self, _user_id: &UserId) -> io::Result<()> {
        Ok(())
    }

    fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send> {
        Box::new(|| Ok(String::new()))
    }
}

impl Drop for LiveSink {
    /// Nobody tells the streams anything any more: they end, and whoever comes again gets what it
    /// missed, and nothing else.
    fn drop(&mut self) {
        self.broker.close_all();
    }
}

/// What the live streams get for an event: its frames. None where no account may hear of it.
pub(super) fn message(recorded: &StoredEvent) -> Option<Message> {
    let event = &recorded.event;
    let user_id = event.user_id.clone()?;
    let data = live_data(event);
    Some(Message::new(recorded.row, user_id, event.child_id.clone(), &data))
}

#[derive(Serialize)]
struct LiveData<'a> {
    r#type: &'static str,
    payload: LivePayload<'a>,
}

#[derive(Serialize)]
struct LivePayload<'a> {
    tracking_event_id: &'a str,
    child_id: &'a str,
    entity_type: &'static str,
    entity_id: &'a str,
    action: &'static str,
    points_before: i64,
    points_after: i64,
    delta: i64,
    occurred_at: String,
}

fn live_data(event: &TrackingEvent) -> String {
    let data = LiveData {
        r#type: "tracking_event_created",
        payload: LivePayload {
            tracking_event_id: event.id.as_str(),
            child_id: event.child_id.as_str(),
            entity_type: event.entity_type.as_str(),
            entity_id: &event.entity_id,
            action: event.action.as_str(),
            points_before: event.points_before.get(),
            points_after: event.points_after.get(),
            delta: event.delta,
            occurred_at: event.occurred_at.to_string(),
        },
    };
    // Texts and numbers under fixed keys always have a JSON form.
    serde_json::to_string(&data).unwrap_or_default()
}

/// Writes every event to its account's audit log.
pub struct AuditSink {
    log: AuditLog,
}

impl AuditSink {
    /// What it is called in the store's health.
    pub const NAME: &str = "audit_log";

    /// A sink that writes to `log`.
    pub fn new(log: AuditLog) -> Self {
        Self { log }
    }
}

impl EventSink for AuditSink {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resume(&mut self, from: Resume<'_>, history: &dyn History) {
        if let Some(reached) = from.reached {
            self.log.trust(reached);
        }
        self.log.resume(from.saved, from.written, &Behind(history));
    }

    fn apply(&mut self, events: &[Arc<StoredEvent>], _history: &dyn History) {
        let events: Vec<_> =
            events.iter().map(|recorded| (recorded.row, &recorded.event)).collect();
        self.log.apply(&events);
    }

    fn retry(&mut self, history: &dyn History) {
        self.log.retry(&Behind(history));
    }

    fn look(&mut self) {
        self.log.look();
    }

    fn reached(&self) -> Option<String> {
        self.log.reached()
    }

    fn health(&self) -> Projection {
        Projection {
            name: self.name(),
            backlog: self.log.backlog(),
            last_error: self.log.last_error(),
        }
    }

    fn forget(&mut self, user_id: &UserId) -> io::Result<()> {
        self.log.forget(user_id)
    }

    fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send> {
        self.log.checkpoint()
    }
}

/// The store's history as the audit log asks for it: the two don't know each other.
struct Behind<'a>(&'a dyn History);

impl Past for Behind<'_> {
    fn last_row(&self) -> RowNumber {
        self.0.last_row()
    }

    fn events_after(
        &self,
        row: RowNumber,
        user_id: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<(RowNumber, Option<TrackingEvent>)>, String> {
        let filter = EventFilter { user_id: user_id.cloned(), ..EventFilter::default() };
        let events = self.0.events_after(row, &filter, limit);
        let events = events.map_err(|error| Causes(&error).to_string())?;
        let pairs = events.into_iter().map(|found| match found {
            Ok(recorded) => (recorded.row, Some(recorded.event)),
            Err(malformed) => (malformed.row, None),
        });
        Ok(pairs.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, EntityType, EventFields, Points, Timestamp};

    #[test]
    fn the_streams_get_nine_fields_of_an_event() {
        let event = TrackingEvent::new(EventFields {
            id: "e".into(),
            user_id: Some("u".into()),
            child_id: "c".into(),
            entity_type: EntityType::Reward,
            entity_id: "r".to_owned(),
            action: Action::Redeemed,
            points_before: Points::new(25).unwrap(),
            points_after: Points::new(5).unwrap(),
            delta: -20,
            occurred_at: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            metadata: None,
        });
        assert_eq!(
            live_data(&event.unwrap()),
            r#"{"type":"tracking_event_created","payload":{"tracking_event_id":"e","child_id":"c","entity_type":"reward","entity_id":"r","action":"redeemed","points_before":25,"points_after":5,"delta":-20,"occurred_at":"1970-01-01T00:00:00.000000Z"}}"#
        );
    }
}

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::pending::Pending;
use super::state::State;
use super::tinydb::file::LAST_NUMBER;
use super::tracking::{NewRow, Tracking, event};
use super::wal::entry::Entry;
use crate::domain::{Seq, Timestamp, TrackingEvent, UserId};
use crate::store::json::tinydb::RowNumber;
use crate::store::{Change, Changes, CommitError, StoredEvent};

/// A batch of transactions: the durable state, and the changes of the transactions executed so far.
/// Dropping the batch discards these changes.
pub(crate) struct Batch {
    /// The state after the batch.
    pub(crate) state: State,
    /// The payload of each transaction that changes something.
    pub(crate) payloads: Vec<String>,
    /// The events in the order of their row numbers.
    pub(crate) events: Vec<NewRow>,
    /// Whether a transaction has put a message.
    pub(crate) has_messages: bool,
    last_row: RowNumber,
    history: Arc<Tracking>,
    /// The time of the last event of each account in the batch.
    last_of: HashMap<UserId, Timestamp>,
    now: Timestamp,
}

impl Batch {
    /// An empty batch on a state and its history, at the time `now`.
    pub(crate) fn new(state: &State, history: Arc<Tracking>, now: Timestamp) -> Self {
        Self {
            state: state.clone(),
            payloads: Vec::new(),
            events: Vec::new(),
            has_messages: false,
            last_row: history.last_row(),
            history,
            last_of: HashMap::new(),
            now,
        }
    }

    /// Executes the decision of a transaction and applies its changes. The result is valid only
    /// once the batch is durable. That includes errors, which may be a consequence of other changes
    /// in the batch.
    pub(crate) fn execute(
        &mut self,
        transaction: &mut dyn Pending,
    ) -> Result<Option<Arc<StoredEvent>>, CommitError> {
        let decide = AssertUnwindSafe(|| transaction.decide(&self.state, self.now));
        let changes = catch_unwind(decide).map_err(|_| CommitError::Panicked)??;
        changes.check_lease()?;
        self.state.check(&changes)?;
        if changes.event.is_some() && self.last_row >= LAST_NUMBER {
            tracing::error!("no event can be added: the last row has the largest row number");
            return Err(CommitError::NotDurable);
        }
        Ok(self.apply(changes))
    }

    fn apply(&mut self, changes: Changes) -> Option<Arc<StoredEvent>> {
        let mut payload = String::with_capacity(1024);
        for change in changes.records {
            self.has_messages |= matches!(change, Change::PutMessage(_));
            for image in self.state.apply(change) {
                Entry::Row(image).push(&mut payload);
            }
        }
        let event = changes.event.map(|event| self.record(event, &mut payload));
        let used = changes.remember.and_then(|used| used.record(event.as_deref(), self.now));
        if let Some(record) = used {
            Entry::Row(self.state.remember(record)).push(&mut payload);
        }
        if !payload.is_empty() {
            self.payloads.push(payload);
        }
        event
    }

    /// Moves the event after the last event of its family.
    fn timed(&mut self, event: TrackingEvent) -> TrackingEvent {
        let Some(user_id) = event.user_id.clone() else { return event };
        let last = self.last_of.get(&user_id).copied();
        let last = last.or_else(|| self.history.last_of(user_id.as_str()));
        let event = event.following(last, self.now);
        self.last_of.insert(user_id, event.occurred_at);
        event
    }

    fn record(&mut self, event: TrackingEvent, payload: &mut String) -> Arc<StoredEvent> {
        let event = self.timed(event);
        self.state.note(&event);
        self.last_row += 1;
        let (text, personal) = event::encode(&event);
        let json: Arc<str> = text.into();
        Entry::Event { number: self.last_row, text: Arc::clone(&json) }.push(payload);
        let recorded = Arc::new(StoredEvent { seq: Seq(self.last_row), event, json });
        self.events.push(NewRow { stored: Arc::clone(&recorded), personal });
        recorded
    }
}

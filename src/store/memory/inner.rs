//! The records and events, and how changes are applied to them.

use std::sync::Arc;

use super::administration::Log;
use super::deliveries::Deliveries;
use super::events::{json_of, matches};
use super::messages::Messages;
use crate::domain::{ChildId, EventFilter, Seq, SortOrder, Timestamp, TrackingEvent, UserId};
use crate::store::records::Records;
use crate::store::{Change, Changes, StoredEvent};

#[derive(Clone, Default)]
pub(super) struct Inner {
    pub(super) records: Records,
    pub(super) events: Vec<Arc<StoredEvent>>,
    pub(super) messages: Messages,
    pub(super) deliveries: Deliveries,
    pub(super) log: Log,
}

impl Inner {
    pub(super) fn apply(&mut self, changes: Changes, now: Timestamp) -> Option<Arc<StoredEvent>> {
        for change in changes.records {
            self.apply_to_record(change);
        }
        let event = changes.event.map(|event| self.append(event, now));
        let used = changes.remember.and_then(|used| used.record(event.as_deref(), now));
        if let Some(record) = used {
            self.records.remember(record);
        }
        event
    }

    pub(super) fn append(&mut self, event: TrackingEvent, now: Timestamp) -> Arc<StoredEvent> {
        let of_family = |it: &&Arc<StoredEvent>| it.event.user_id == event.user_id;
        let last = self.events.iter().rev().find(of_family).map(|it| it.event.occurred_at);
        let event = event.following(last, now);
        let seq = Seq(self.last().0 + 1);
        if let Some(reversed) = event.reverses() {
            self.records.reversals.insert(reversed.into(), event.id.clone());
        }
        let stored = Arc::new(StoredEvent { seq, json: json_of(&event), event });
        self.events.push(Arc::clone(&stored));
        stored
    }

    pub(super) fn apply_to_record(&mut self, change: Change) {
        self.messages.apply(&change);
        self.deliveries.apply(&change);
        self.log.apply(&change);
        self.records.apply(change);
    }

    /// The number of the last event of all families: they share one sequence.
    pub(super) fn last(&self) -> Seq {
        Seq(self.events.len() as u64)
    }

    pub(super) fn after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
    ) -> impl Iterator<Item = &Arc<StoredEvent>> {
        let filter = EventFilter::of_family(family, child);
        self.events.iter().filter(move |it| it.seq > after && matches(&filter, &it.event))
    }

    /// The matching events in the order of a query.
    pub(super) fn sorted(&self, filter: &EventFilter, order: SortOrder) -> Vec<Arc<StoredEvent>> {
        let mut found: Vec<_> = self.matching(filter).cloned().collect();
        found.sort_by_key(|it| (it.event.occurred_at, it.event.created_at, it.seq));
        if order == SortOrder::Descending {
            found.reverse();
        }
        found
    }

    pub(super) fn matching(&self, filter: &EventFilter) -> impl Iterator<Item = &Arc<StoredEvent>> {
        self.events.iter().filter(|stored| matches(filter, &stored.event))
    }
}

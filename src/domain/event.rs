use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{ChildId, Id, Points, Timestamp, UserId};

/// The id of a [`TrackingEvent`].
pub type EventId = Id<TrackingEvent>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityType {
    /// A task that adds points.
    Task,
    Reward,
    /// A task that subtracts points.
    Penalty,
}

impl EntityType {
    pub const ALL: [Self; 3] = [Self::Task, Self::Reward, Self::Penalty];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Reward => "reward",
            Self::Penalty => "penalty",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Activated,
    Requested,
    Redeemed,
    /// A request was cancelled, or an earlier event was reversed.
    Cancelled,
}

impl Action {
    pub const ALL: [Self; 4] = [Self::Activated, Self::Requested, Self::Redeemed, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Requested => "requested",
            Self::Redeemed => "redeemed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

impl fmt::Display for EntityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The fields of a [`TrackingEvent`], before they are checked.
#[derive(Clone, Debug, PartialEq)]
pub struct EventFields {
    pub id: EventId,
    /// The family's account; `None` once the event is anonymised.
    pub user_id: Option<UserId>,
    pub child_id: ChildId,
    pub entity_type: EntityType,
    /// The id of the task, penalty or reward.
    pub entity_id: String,
    pub action: Action,
    pub points_before: Points,
    pub points_after: Points,
    /// `points_after` − `points_before`.
    pub delta: i64,
    /// When it happened, by the server's clock.
    pub occurred_at: Timestamp,
    /// When it was written, by the server's clock.
    pub created_at: Timestamp,
    /// Contains at least `name`, `points` or `cost`, and `actor` if Goldstar wrote the event.
    pub metadata: Option<Map<String, Value>>,
}

impl EventFields {
    /// The field of the metadata with the id of the [member](super::Member) who acted.
    pub const ACTOR_ID: &str = "actor_id";

    /// The id of the member of the family who acted; `None` while the family has one adult.
    pub fn actor_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.get(Self::ACTOR_ID)?.as_str()
    }

    /// The id of the event that this one reverses.
    pub fn reverses(&self) -> Option<&str> {
        let id = self.metadata.as_ref()?.get("reverses")?.as_str();
        id.filter(|_| self.action == Action::Cancelled)
    }
}

/// One entry of the audit history. Its fields never contradict each other. It is never changed, except
/// that anonymising removes its `user_id` and its note.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackingEvent(EventFields);

impl TrackingEvent {
    /// The only constructor. Fails if a field is missing or fields contradict each other.
    pub fn new(fields: EventFields) -> Result<Self, EventError> {
        let required = [
            ("id", fields.id.as_str()),
            ("child_id", fields.child_id.as_str()),
            ("entity_id", fields.entity_id.as_str()),
        ];
        if let Some((field, _)) = required.into_iter().find(|(_, text)| text.is_empty()) {
            return Err(EventError::Missing(field));
        }
        check_delta(fields.points_before, fields.points_after, fields.delta)?;
        let is_reversal = fields.reverses().is_some();
        check_action(fields.entity_type, fields.action, is_reversal)?;
        if fields.action == Action::Cancelled && fields.delta != 0 && !is_reversal {
            return Err(EventError::CancelledPoints);
        }
        if fields.created_at < fields.occurred_at {
            return Err(EventError::RecordedBeforeItOccurred);
        }
        Ok(Self(fields))
    }

    /// How far a family's last event can be ahead of the clock and still delay the next one. Clocks
    /// are corrected by seconds all the time; an event further ahead has a wrong time.
    pub const LEEWAY: Duration = Duration::from_mins(5);

    /// Moves the event to at least one microsecond after the family's last event, unless that is further
    /// ahead of the clock than [`Self::LEEWAY`].
    #[must_use]
    pub fn following(self, last: Option<Timestamp>, now: Timestamp) -> Self {
        let latest = now.after(Self::LEEWAY);
        let Some(last) = last.filter(|last| *last <= latest) else { return self };
        let next = last.after(Duration::from_micros(1));
        let occurred_at = self.occurred_at.max(next);
        let created_at = self.created_at.max(occurred_at);
        Self(EventFields { occurred_at, created_at, ..self.0 })
    }
}

impl TrackingEvent {
    /// The event after its account was anonymised: without the account's id, and without the note. Only
    /// Goldstar's events have notes and an `actor`; what another program wrote stays.
    #[must_use]
    pub fn anonymised(self) -> Self {
        let mut fields = EventFields { user_id: None, ..self.0 };
        let metadata = fields.metadata.as_mut().filter(|it| it.contains_key("actor"));
        if let Some(note) = metadata.and_then(|metadata| metadata.get_mut("note")) {
            *note = Value::Null;
        }
        Self(fields)
    }
}

impl std::ops::Deref for TrackingEvent {
    type Target = EventFields;

    fn deref(&self) -> &EventFields {
        &self.0
    }
}

/// Fails unless `before` plus `delta` is `after`.
pub fn check_delta(before: Points, after: Points, delta: i64) -> Result<(), EventError> {
    match before.checked_add(delta) {
        Some(sum) if sum == after => Ok(()),
        _ => Err(EventError::WrongDelta { before, after, delta }),
    }
}

/// Fails for an action that the entity type does not have. Reversals of each type are cancelled.
pub fn check_action(
    entity_type: EntityType,
    action: Action,
    is_reversal: bool,
) -> Result<(), EventError> {
    let is_possible = match entity_type {
        _ if is_reversal => action == Action::Cancelled,
        EntityType::Task => action != Action::Redeemed,
        EntityType::Reward => action != Action::Activated,
        EntityType::Penalty => action == Action::Activated,
    };
    if is_possible { Ok(()) } else { Err(EventError::WrongAction(entity_type, action)) }
}

/// Whether an event of that type and action can have that delta: tasks add points, penalties and
/// redeemed rewards subtract them, and other events change nothing. Only older files contain others.
/// Reversals can have any delta.
pub fn is_usual_delta(entity_type: EntityType, action: Action, delta: i64) -> bool {
    match (entity_type, action) {
        (EntityType::Task, Action::Activated) => delta >= 0,
        (EntityType::Penalty, Action::Activated) | (_, Action::Redeemed) => delta <= 0,
        _ => delta == 0,
    }
}

/// Why fields are not a valid event.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EventError {
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("delta {delta} does not lead from {before} to {after} points")]
    WrongDelta { before: Points, after: Points, delta: i64 },
    /// Tasks are activated, requested and cancelled; penalties are activated; rewards are requested,
    /// redeemed and cancelled.
    #[error("a {0} can't be {1}")]
    WrongAction(EntityType, Action),
    #[error("an event that is cancelled changes the points, and `metadata.reverses` is missing")]
    CancelledPoints,
    #[error("created_at lies before occurred_at")]
    RecordedBeforeItOccurred,
}

/// The conditions of a query. An event matches if it meets every condition that is set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFilter {
    pub child_id: Option<ChildId>,
    pub user_id: Option<UserId>,
    pub entity_type: Option<EntityType>,
    pub entity_id: Option<String>,
    pub action: Option<Action>,
    /// Inclusive.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
}

impl EventFilter {
    /// The events of a family: those about one child, or all.
    pub fn of_family(family: &UserId, child: Option<&ChildId>) -> Self {
        Self { user_id: Some(family.clone()), child_id: child.cloned(), ..Self::default() }
    }
}

/// The order of a query's events, by `occurred_at`, then `created_at`, then the order of writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    #[default]
    Descending,
    Ascending,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The maximum number of entries.
    pub limit: usize,
    /// The number of entries to skip.
    pub offset: usize,
}

impl Page {
    pub const MAX_LIMIT: usize = 500;
    /// The whole list.
    pub const ALL: Self = Self { limit: usize::MAX, offset: 0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> EventFields {
        EventFields {
            id: "e".into(),
            user_id: Some("u".into()),
            child_id: "c".into(),
            entity_type: EntityType::Task,
            entity_id: "t".to_owned(),
            action: Action::Activated,
            points_before: Points::new(1).unwrap(),
            points_after: Points::new(6).unwrap(),
            delta: 5,
            occurred_at: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            metadata: None,
        }
    }

    #[test]
    fn a_valid_event_is_accepted() {
        assert_eq!(TrackingEvent::new(fields()).unwrap().delta, 5);
    }

    #[test]
    fn a_wrong_delta_is_an_error() {
        let wrong = EventFields { delta: 4, ..fields() };
        assert!(matches!(TrackingEvent::new(wrong), Err(EventError::WrongDelta { .. })));
        let wrong = EventFields { delta: i64::MAX, ..fields() };
        assert!(matches!(TrackingEvent::new(wrong), Err(EventError::WrongDelta { .. })));
    }

    #[test]
    fn a_missing_field_is_an_error() {
        let wrong = EventFields { id: "".into(), ..fields() };
        assert_eq!(TrackingEvent::new(wrong), Err(EventError::Missing("id")));
        let wrong = EventFields { child_id: "".into(), ..fields() };
        assert_eq!(TrackingEvent::new(wrong), Err(EventError::Missing("child_id")));
        let wrong = EventFields { entity_id: String::new(), ..fields() };
        assert_eq!(TrackingEvent::new(wrong), Err(EventError::Missing("entity_id")));
    }

    #[test]
    fn an_action_that_the_entity_does_not_have_is_an_error() {
        let wrong = EventFields { action: Action::Redeemed, ..fields() };
        assert!(matches!(TrackingEvent::new(wrong), Err(EventError::WrongAction(..))));
        let wrong =
            EventFields { entity_type: EntityType::Penalty, action: Action::Requested, ..fields() };
        assert!(matches!(TrackingEvent::new(wrong), Err(EventError::WrongAction(..))));
        let wrong = EventFields { entity_type: EntityType::Reward, ..fields() };
        assert!(matches!(TrackingEvent::new(wrong), Err(EventError::WrongAction(..))));
    }

    #[test]
    fn only_a_reversal_is_cancelled_with_points() {
        let cancelled = |entity_type, metadata: serde_json::Value| {
            let metadata = metadata.as_object().cloned();
            let action = Action::Cancelled;
            TrackingEvent::new(EventFields { entity_type, action, metadata, ..fields() })
        };
        let reverses = serde_json::json!({"reverses": "e0"});
        for kind in EntityType::ALL {
            let reversal = cancelled(kind, reverses.clone()).unwrap();
            assert_eq!(reversal.reverses(), Some("e0"));
            assert!(cancelled(kind, serde_json::json!({"reverses": 7})).is_err());
        }
        let result = cancelled(EntityType::Task, serde_json::json!({}));
        assert_eq!(result, Err(EventError::CancelledPoints));
        let metadata = reverses.as_object().cloned();
        let activated = TrackingEvent::new(EventFields { metadata, ..fields() }).unwrap();
        assert_eq!(activated.reverses(), None);
    }

    #[test]
    fn only_exact_names_are_parsed() {
        assert_eq!(EntityType::parse("chore"), None);
        assert_eq!(Action::parse("Activated"), None);
        for kind in EntityType::ALL {
            assert_eq!(EntityType::parse(kind.as_str()), Some(kind));
        }
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
        }
    }
}

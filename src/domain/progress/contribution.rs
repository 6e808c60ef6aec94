//! What one event means for the progress of its child.

use serde_json::Value;

use crate::domain::{Action, EntityType, TaskId, Timestamp, TrackingEvent};

/// What a [`Contribution`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContributionKind {
    /// A task was done.
    Task,
    Penalty,
    /// A reward was redeemed.
    Reward,
    /// A parent has corrected the points. It changes sums of points, and no number of tasks or penalties.
    Adjustment,
}

/// The task, penalty or reward of a contribution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    pub kind: ContributionKind,
    pub id: String,
}

impl Subject {
    pub fn task(id: &TaskId) -> Self {
        Self { kind: ContributionKind::Task, id: id.as_str().to_owned() }
    }
}

/// The part of an event that counts for the progress of a child. Requests, cancellations and reversals are
/// no contributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    pub subject: Subject,
    /// The name of the task, penalty or reward at that time; empty if the event has none.
    pub name: String,
    /// When it was requested, if it answers a request, else when it occurred.
    pub worked_at: Timestamp,
    /// The change of the points.
    pub delta: i64,
    /// The change without the floor: a penalty that was cut at the floor counts in full here.
    pub nominal: i64,
}

impl Contribution {
    /// The contribution of an event; `None` if the event is a request, a cancellation or a reversal.
    pub fn of(event: &TrackingEvent) -> Option<Self> {
        let field = |name: &str| event.metadata.as_ref()?.get(name);
        let kind = match (event.action, event.entity_type) {
            (Action::Activated, _) if field("adjustment") == Some(&Value::Bool(true)) => {
                ContributionKind::Adjustment
            }
            (Action::Activated, EntityType::Penalty) => ContributionKind::Penalty,
            // Older files can contain penalties whose type is `task`.
            (Action::Activated, EntityType::Task) => {
                let is_bad = event.delta < 0 || field("is_good") == Some(&Value::Bool(false));
                if is_bad { ContributionKind::Penalty } else { ContributionKind::Task }
            }
            (Action::Redeemed, _) => ContributionKind::Reward,
            _ => return None,
        };
        let text = |name: &str| field(name).and_then(Value::as_str);
        let name = text("name").or_else(|| text("task_name")).or_else(|| text("reward_name"));
        let requested_at = text("requested_at").and_then(Timestamp::parse_iso);
        let nominal = field("requested_delta").and_then(Value::as_i64);
        Some(Self {
            subject: Subject { kind, id: event.entity_id.clone() },
            name: name.unwrap_or_default().to_owned(),
            worked_at: requested_at.unwrap_or(event.occurred_at),
            delta: event.delta,
            nominal: nominal.unwrap_or(event.delta),
        })
    }
}

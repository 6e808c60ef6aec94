//! Messages: what front ends receive besides tracking events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::badges::{Award, RankChange};
use super::schedule::{MarkKind, Occurrence};
use super::{ChildId, EndedRequest, EventId, Task, Timestamp, UserId};

/// A message to the front ends of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub user_id: UserId,
    /// What caused it. A family has one message of each cause: a later one replaces it.
    pub cause: Arc<str>,
    /// The child that it is about: other children's sessions do not receive it. `None` if all sessions of
    /// the family do.
    pub child_id: Option<ChildId>,
    /// The name in the event streams, such as `request_ended`.
    pub name: Arc<str>,
    pub payload: Map<String, Value>,
    pub created_at: Timestamp,
}

/// What a record is, for `records_changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedKind {
    Child,
    Task,
    Reward,
    PendingReward,
    PendingTask,
    Badge,
    /// What a child is to do on a day; the id is that of the task.
    Occurrence,
    Webhook,
}

impl ChangedKind {
    pub const ALL: [Self; 8] = [
        Self::Child,
        Self::Task,
        Self::Reward,
        Self::PendingReward,
        Self::PendingTask,
        Self::Badge,
        Self::Occurrence,
        Self::Webhook,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Task => "task",
            Self::Reward => "reward",
            Self::PendingReward => "pending_reward",
            Self::PendingTask => "pending_task",
            Self::Badge => "badge",
            Self::Occurrence => "occurrence",
            Self::Webhook => "webhook",
        }
    }
}

impl Message {
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);
    /// The number of messages of a family that remain after the hourly removal, which limits a family that
    /// creates and deletes many records.
    pub const MOST: usize = 1000;
    pub const REQUEST_ENDED: &str = "request_ended";
    pub const RECORDS_CHANGED: &str = "records_changed";
    pub const BADGE_AWARDED: &str = "badge_awarded";
    pub const BADGE_REVOKED: &str = "badge_revoked";
    pub const RANK_CHANGED: &str = "rank_changed";
    pub const TASK_DUE: &str = "task_due";
    pub const TASK_LATE: &str = "task_late";
    pub const TASK_MISSED: &str = "task_missed";
    pub const TASK_DONE: &str = "task_done";
    pub const TASKS_SUMMARY: &str = "tasks_summary";
    /// The names of all messages.
    pub const NAMES: [&str; 10] = [
        Self::REQUEST_ENDED,
        Self::BADGE_AWARDED,
        Self::BADGE_REVOKED,
        Self::RANK_CHANGED,
        Self::TASK_DUE,
        Self::TASK_LATE,
        Self::TASK_MISSED,
        Self::TASK_DONE,
        Self::TASKS_SUMMARY,
        Self::RECORDS_CHANGED,
    ];

    /// A request has ended.
    pub fn request_ended(request: &EndedRequest) -> Self {
        let payload = json!({
            "request_id": request.id.as_str(),
            "child_id": request.child_id.as_str(),
            "entity_type": request.entity_type.as_str(),
            "entity_id": &*request.entity_id,
            "ended": request.ended.as_str(),
            "ended_at": request.ended_at.to_string(),
            "tracking_event_id": request.event_id.as_ref().map(super::Id::as_str),
        });
        Self {
            user_id: request.user_id.clone(),
            cause: format!("{}/{}", Self::REQUEST_ENDED, request.id).into(),
            child_id: Some(request.child_id.clone()),
            name: Self::REQUEST_ENDED.into(),
            payload: object(payload),
            created_at: request.ended_at,
        }
    }

    /// A record was created, updated or deleted without an event.
    pub fn records_changed(
        user_id: UserId,
        kind: ChangedKind,
        id: &str,
        child_id: Option<ChildId>,
        now: Timestamp,
    ) -> Self {
        Self {
            user_id,
            cause: format!("{}/{}/{id}", Self::RECORDS_CHANGED, kind.as_str()).into(),
            child_id,
            name: Self::RECORDS_CHANGED.into(),
            payload: object(json!({"kind": kind.as_str(), "id": id})),
            created_at: now,
        }
    }

    /// A child has earned a badge.
    pub fn badge_awarded(award: &Award, now: Timestamp) -> Self {
        let earned_at = award.earned_at.to_string();
        let event = award.event_id.as_ref();
        Self::about_award(Self::BADGE_AWARDED, award, ("earned_at", earned_at), event, now)
    }

    /// The reversal of an event has taken a badge away.
    pub fn badge_revoked(award: &Award, reversal: &EventId, now: Timestamp) -> Self {
        let revoked_at = award.revoked_at.unwrap_or(now).to_string();
        let event = Some(reversal);
        Self::about_award(Self::BADGE_REVOKED, award, ("revoked_at", revoked_at), event, now)
    }

    fn about_award(
        name: &str,
        award: &Award,
        (moment, value): (&str, String),
        event: Option<&EventId>,
        now: Timestamp,
    ) -> Self {
        let key = &award.key;
        let payload = json!({
            "award_id": key.to_string(),
            "child_id": key.child_id.as_str(),
            "badge_id": key.badge_id.as_str(),
            "badge_name": award.badge_name.as_str(),
            "grade": key.grade.number(),
            "period": key.period.map(|period| period.to_string()),
            moment: value,
            "tracking_event_id": event.map(EventId::as_str),
        });
        Self {
            user_id: award.user_id.clone(),
            cause: format!("{name}/{}/{key}", key.child_id).into(),
            child_id: Some(key.child_id.clone()),
            name: name.into(),
            payload: object(payload),
            created_at: now,
        }
    }

    /// An event has changed the rank of a child.
    pub fn rank_changed(
        user_id: &UserId,
        child_id: &ChildId,
        change: &RankChange,
        now: Timestamp,
    ) -> Self {
        let RankChange { standing, earned, event_id, .. } = change;
        let payload = json!({
            "child_id": child_id.as_str(),
            "number": standing.number,
            "name": standing.rank.name.as_str(),
            "threshold": standing.rank.threshold,
            "points_earned": earned,
            "tracking_event_id": event_id.as_str(),
        });
        Self {
            user_id: user_id.clone(),
            cause: format!("{}/{child_id}/{event_id}", Self::RANK_CHANGED).into(),
            child_id: Some(child_id.clone()),
            name: Self::RANK_CHANGED.into(),
            payload: object(payload),
            created_at: now,
        }
    }

    /// An occurrence of a task is due, late, missed or done.
    pub fn about_occurrence(
        occurrence: &Occurrence,
        task: &Task,
        kind: MarkKind,
        user_id: &UserId,
        now: Timestamp,
    ) -> Self {
        let name = match kind {
            MarkKind::Late => Self::TASK_LATE,
            MarkKind::Missed => Self::TASK_MISSED,
            MarkKind::Done => Self::TASK_DONE,
            MarkKind::Due | MarkKind::Skipped | MarkKind::Penalty => Self::TASK_DUE,
        };
        let payload = json!({
            "task_id": occurrence.task_id.as_str(),
            "task_name": task.name.as_str(),
            "child_id": occurrence.child_id.as_str(),
            "date": occurrence.day.to_string(),
            "due_at": occurrence.due_at.to_string(),
            "ends_at": occurrence.ends_at.to_string(),
        });
        Self {
            user_id: user_id.clone(),
            cause: format!("{name}/{}", occurrence.key(kind)).into(),
            child_id: Some(occurrence.child_id.clone()),
            name: name.into(),
            payload: object(payload),
            created_at: now,
        }
    }

    /// The occurrences of a child that became due, late and missed while no server was running.
    pub fn tasks_summary(
        user_id: &UserId,
        child_id: &ChildId,
        (from, to): (Timestamp, Timestamp),
        [due, late, missed]: [usize; 3],
    ) -> Self {
        let payload = json!({
            "child_id": child_id.as_str(), "from": from.to_string(), "to": to.to_string(),
            "due": due, "late": late, "missed": missed,
        });
        Self {
            user_id: user_id.clone(),
            cause: format!("{}/{child_id}/{from}", Self::TASKS_SUMMARY).into(),
            child_id: Some(child_id.clone()),
            name: Self::TASKS_SUMMARY.into(),
            payload: object(payload),
            created_at: to,
        }
    }

    /// Whether no child's session receives it.
    pub fn is_for_parents(&self) -> bool {
        let kind = self.payload.get("kind").and_then(Value::as_str);
        &*self.name == Self::RECORDS_CHANGED && kind == Some(ChangedKind::Webhook.as_str())
    }

    /// Whether it is still kept at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.created_at.after(Self::LIFETIME)
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

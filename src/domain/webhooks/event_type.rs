//! The types of the messages that webhooks send.

use crate::domain::{Invalid, Message};

/// What a webhook sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WebhookEvent {
    TrackingEventCreated,
    RequestEnded,
    BadgeAwarded,
    BadgeRevoked,
    RankChanged,
    TaskDue,
    TaskLate,
    TaskMissed,
    TaskDone,
    TasksSummary,
    RecordsChanged,
    /// A parent has asked for it. Nobody subscribes to it.
    Test,
}

impl WebhookEvent {
    /// Those that a webhook can subscribe to.
    pub const ALL: [Self; 11] = [
        Self::TrackingEventCreated,
        Self::RequestEnded,
        Self::BadgeAwarded,
        Self::BadgeRevoked,
        Self::RankChanged,
        Self::TaskDue,
        Self::TaskLate,
        Self::TaskMissed,
        Self::TaskDone,
        Self::TasksSummary,
        Self::RecordsChanged,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrackingEventCreated => "tracking_event.created",
            Self::RequestEnded => "request.ended",
            Self::BadgeAwarded => "badge.awarded",
            Self::BadgeRevoked => "badge.revoked",
            Self::RankChanged => "rank.changed",
            Self::TaskDue => "task.due",
            Self::TaskLate => "task.late",
            Self::TaskMissed => "task.missed",
            Self::TaskDone => "task.done",
            Self::TasksSummary => "tasks.summary",
            Self::RecordsChanged => "records.changed",
            Self::Test => "webhook.test",
        }
    }

    /// The type with that name, also [`Self::Test`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Test]).find(|it| it.as_str() == name)
    }

    /// The type of a message by its name in the event streams. `None` for a name of a newer version.
    pub fn of_message(name: &str) -> Option<Self> {
        Some(match name {
            Message::REQUEST_ENDED => Self::RequestEnded,
            Message::BADGE_AWARDED => Self::BadgeAwarded,
            Message::BADGE_REVOKED => Self::BadgeRevoked,
            Message::RANK_CHANGED => Self::RankChanged,
            Message::TASK_DUE => Self::TaskDue,
            Message::TASK_LATE => Self::TaskLate,
            Message::TASK_MISSED => Self::TaskMissed,
            Message::TASK_DONE => Self::TaskDone,
            Message::TASKS_SUMMARY => Self::TasksSummary,
            Message::RECORDS_CHANGED => Self::RecordsChanged,
            _ => return None,
        })
    }

    /// The types of a request: at least one, each once. They are returned in the order of [`Self::ALL`].
    pub fn set(names: &[String]) -> Result<Vec<Self>, Invalid> {
        let invalid = |rule: String| Invalid::new("events", rule);
        let subscribed = |name: &String| Self::ALL.into_iter().find(|it| it.as_str() == name);
        let types: Option<Vec<_>> = names.iter().map(subscribed).collect();
        let mut types = types.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.into_iter().map(Self::as_str).collect();
            invalid(format!("must contain only {}", known.join(", ")))
        })?;
        types.sort_unstable();
        types.dedup();
        if types.is_empty() || types.len() < names.len() {
            return Err(invalid("must contain at least one type, and each only once".to_owned()));
        }
        Ok(types)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_replaces_the_underscore_that_follows_the_noun() {
        for name in Message::NAMES {
            let event = WebhookEvent::of_message(name).unwrap();
            assert_eq!(event.as_str().replace('.', "_"), name);
            assert_eq!(WebhookEvent::parse(event.as_str()), Some(event));
        }
        assert_eq!(WebhookEvent::of_message("newer"), None);
    }

    #[test]
    fn a_set_has_known_types_each_once() {
        let set = |names: &[&str]| {
            WebhookEvent::set(&names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        };
        let sorted = vec![WebhookEvent::TrackingEventCreated, WebhookEvent::TaskDue];
        assert_eq!(set(&["task.due", "tracking_event.created"]), Ok(sorted));
        for names in [&[][..], &["task_due"], &["webhook.test"], &["task.due", "task.due"]] {
            assert_eq!(set(names).map_err(|it| it.field), Err("events"), "{names:?}");
        }
    }
}

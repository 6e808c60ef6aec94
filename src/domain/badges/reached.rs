//! What the rules of a family are on a day, and which thresholds a child has reached under them.

use super::award::AwardPeriod;
use super::definition::Grade;
use crate::domain::calendar::{Calendar, Day, FamilySettings};
use crate::domain::{EventId, Timestamp};

/// The rules of a family on a day.
#[derive(Clone, Copy, Debug)]
pub struct Family<'a> {
    pub settings: &'a FamilySettings,
    pub calendar: &'a Calendar,
    pub today: Day,
    /// When the settings were last changed; `None` if they never were.
    pub changed_at: Option<Timestamp>,
}

impl Family<'_> {
    /// Whether the settings have not been changed since then.
    pub(super) fn has_rules_since(&self, time: Timestamp) -> bool {
        self.changed_at.is_none_or(|changed| changed < time)
    }
}

/// A threshold that a value has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub grade: Grade,
    pub period: Option<AwardPeriod>,
    pub threshold: i64,
    pub at: Timestamp,
    /// `None` if the end of a day did.
    pub event_id: Option<EventId>,
    /// Whether Goldstar wrote the event.
    pub is_own: bool,
}

//! The marks of occurrences.

use std::sync::Arc;

use super::State;
use crate::domain::UserId;
use crate::domain::calendar::Day;
use crate::domain::schedule::{Mark, MarkKey};
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::schedule::day_number;

impl State {
    /// A mark of an account.
    pub(crate) fn mark(&self, user_id: &UserId, key: &MarkKey) -> Option<Arc<Mark>> {
        self.marks.get(&key.to_string()).filter(|mark| mark.user_id == *user_id)
    }

    /// The marks of an account from a day on, in the order of their days.
    pub(crate) fn marks_since(&self, user_id: &UserId, day: Day) -> Vec<Arc<Mark>> {
        self.marks.ordered(user_id.shared(), day_number(day)..=i64::MAX).collect()
    }

    pub(super) fn remove_mark(&mut self, user_id: &UserId, key: &MarkKey) -> Vec<RowImage> {
        match self.mark(user_id, key) {
            Some(_) => self.marks.remove(&key.to_string()),
            None => Vec::new(),
        }
    }
}

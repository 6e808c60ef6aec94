//! The messages. The number of a message is never used again, even after the last message was removed: a
//! setting stores that number.

use std::sync::Arc;

use super::State;
use crate::domain::{Message, Setting};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::RowImage;

/// The name of the setting that stores the number of the last message, once that message was removed.
pub(crate) const LAST_MESSAGE: &str = "last_message";

impl State {
    fn last_removed_message(&self) -> RowNumber {
        let setting = self.settings.get(LAST_MESSAGE);
        setting.and_then(|setting| setting.value.as_u64()).unwrap_or_default()
    }

    pub(super) fn put_message(&mut self, message: &Message) -> Vec<RowImage> {
        self.messages.put_after(self.last_removed_message(), message)
    }

    pub(super) fn remove_message(&mut self, key: &str) -> Vec<RowImage> {
        let last = self.messages.last_number();
        let mut rows = self.messages.remove(key);
        rows.extend(self.keep_last_message(last));
        rows
    }

    /// Keeps the number of the message that was the last one, if it was removed.
    pub(super) fn keep_last_message(&mut self, last: RowNumber) -> Option<RowImage> {
        if last <= self.messages.last_number().max(self.last_removed_message()) {
            return None;
        }
        let name: Arc<str> = LAST_MESSAGE.into();
        Some(self.settings.put(Setting { name, value: last.into() }))
    }
}

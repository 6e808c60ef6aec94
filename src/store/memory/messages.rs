//! The messages of all families.

use std::sync::Arc;

use crate::domain::{Message, UserId};
use crate::store::Change;

#[derive(Clone, Default)]
pub(super) struct Messages {
    /// With their numbers, in their order.
    numbered: Vec<(u64, Arc<Message>)>,
    last: u64,
}

impl Messages {
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::PutMessage(new) => {
                self.numbered.retain(|(_, it)| it.user_id != new.user_id || it.cause != new.cause);
                self.last += 1;
                self.numbered.push((self.last, Arc::new(new.clone())));
            }
            Change::RemoveMessage(user_id, cause) => {
                self.numbered.retain(|(_, it)| it.user_id != *user_id || it.cause != *cause);
            }
            Change::RemoveUser(id) => self.numbered.retain(|(_, it)| it.user_id != *id),
            _ => {}
        }
    }

    pub(super) fn numbered(&self) -> impl Iterator<Item = (u64, &Arc<Message>)> {
        self.numbered.iter().map(|(number, message)| (*number, message))
    }

    /// The first messages of an account after a number.
    pub(super) fn after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> Vec<(u64, Arc<Message>)> {
        let own = self.numbered.iter().filter(|(_, message)| message.user_id == *family);
        own.filter(|(number, _)| *number > after).take(limit).cloned().collect()
    }

    /// The number of the last message so far.
    pub(super) fn last(&self) -> u64 {
        self.last
    }
}

//! The administration log.

use std::sync::Arc;

use crate::domain::{LogEntry, Page, User, pseudonym};
use crate::store::records::Records;
use crate::store::{AdministrationLog, BoxFuture, Change, Listing, ReadError};

#[derive(Clone, Default)]
pub(super) struct Log(Vec<Arc<LogEntry>>);

impl Log {
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Log(new) => self.0.push(Arc::new(new.clone())),
            Change::RemoveLogEntry(id) => self.0.retain(|it| it.id != *id),
            _ => {}
        }
    }

    pub(super) fn entries(&self) -> &[Arc<LogEntry>] {
        &self.0
    }
}

/// The log and the records at one moment.
pub(super) struct Moment {
    pub(super) log: Log,
    pub(super) records: Records,
}

impl AdministrationLog for Moment {
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>> {
        let newest = self.log.0.iter().rev().cloned().collect();
        Box::pin(std::future::ready(Ok(Listing::of(newest, page))))
    }

    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>> {
        let users = self.records.users.iter();
        let found = users.filter(|user| pseudonyms.contains(&pseudonym(&salt, &user.id).into()));
        Box::pin(std::future::ready(Ok(found.cloned().collect())))
    }
}

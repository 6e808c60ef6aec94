//! The administration log.

use std::sync::Arc;

use super::shared::Shared;
use crate::domain::{LogEntry, Page, User, pseudonym};
use crate::store::{AdministrationLog, BoxFuture, Listing, ReadError};

/// The log in the state of a store.
pub(super) struct LogTable(pub(super) Arc<Shared>);

impl AdministrationLog for LogTable {
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>> {
        let state = self.0.state.load_full();
        let mut entries: Vec<_> = state.log.records().cloned().collect();
        entries.reverse();
        Box::pin(std::future::ready(Ok(Listing::of(entries, page))))
    }

    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>> {
        let state = self.0.state.load_full();
        let is_named = |user: &&Arc<User>| {
            state.visited.inc();
            let name = pseudonym(&salt, &user.id);
            pseudonyms.iter().any(|it| **it == *name)
        };
        let found = state.users.records().filter(is_named).cloned().collect();
        Box::pin(std::future::ready(Ok(found)))
    }
}

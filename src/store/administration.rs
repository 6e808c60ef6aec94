use std::sync::Arc;

use super::{BoxFuture, Listing, ReadError};
use crate::domain::{LogEntry, Page, User};

/// The administration log. Entries are added by [`super::Change::Log`].
pub trait AdministrationLog: Send + Sync {
    /// Returns a page of the entries, the newest first.
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>>;

    /// Returns the accounts that have one of these pseudonyms with a salt.
    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>>;
}

//! Floor 1: where a family's records and the audit history are kept.
//!
//! [`Store`] speaks plain domain types, and one contract test (`tests/store/contract`) runs over
//! every implementation. [`json`] is the one that there is: a journal, with TinyDB files as its
//! projections.

mod any;
mod following;
mod history;
pub mod json;
pub mod memory;
mod page;
mod records;
mod scope;
mod snapshot;
mod transaction;

pub use any::AnyStore;
pub use following::{Followed, Following, HeldLease, Lease, Position, Purpose, SavedCursor};
pub use history::{History, Malformed, ReadError, StoredEvent};
pub use page::{EventPage, EventRows, FoundEvents};
pub use scope::Scope;
pub use snapshot::{Listed, Snapshot};
pub use transaction::{Change, Changes, Commit, Context, Decided, NewEvent};

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;

use crate::domain::{
    EventFilter, KeyTime, Page, RuleViolation, SortOrder, Timestamp, TokenHash, User, UserId,
};

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store of records and of the history of events.
pub trait Store: Send + Sync + 'static {
    /// Returns the newest committed records of a scope.
    fn read(
        &self,
        scope: Scope,
    ) -> impl Future<Output = Result<Arc<dyn Snapshot>, ReadError>> + Send;

    /// Calls `decide` on the newest committed records of a scope, while no other transaction of that
    /// scope commits, and commits the changes that it returns.
    ///
    /// `decide` must be pure and must not block: it may be called again, with the same ids. When this
    /// returns, the change is durable, and every later read contains it. The transaction is completed
    /// even if the future is dropped after its first poll. After an error nothing has changed, except
    /// after [`CommitError::OutcomeUnknown`].
    ///
    /// The store enforces what a scope does not show: an email address belongs to one account
    /// ([`RuleViolation::EmailTaken`]), and the last administrator that is not marked for deletion
    /// remains ([`RuleViolation::LastAdministrator`]).
    fn transact<T: Send + 'static>(
        &self,
        scope: Scope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Commit<T>, CommitError>> + Send;

    /// Removes expired sessions and idempotency records, and shortens the sessions that end too late
    /// because the clock was set back. Returns the sessions that were removed.
    fn remove_expired(
        &self,
        expiry: Expiry,
    ) -> impl Future<Output = Result<Vec<TokenHash>, CommitError>> + Send;

    /// Returns whether there is no record of any kind.
    fn is_empty(&self) -> impl Future<Output = Result<bool, ReadError>> + Send;

    fn count_accounts(&self) -> impl Future<Output = Result<usize, ReadError>> + Send;

    /// Returns every account that is marked for deletion, including those whose deletion has started.
    fn marked_accounts(&self) -> impl Future<Output = Result<Vec<Arc<User>>, ReadError>> + Send;

    /// Returns the password hash of every account.
    fn password_hashes(&self) -> impl Future<Output = Result<Vec<Arc<str>>, ReadError>> + Send;

    /// Finds the events that `filter` is for, in `order`, and how many there are in all. They are read
    /// from what this returns, in pieces.
    fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>>;

    /// The same, read at once.
    fn events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> impl Future<Output = Result<EventPage, ReadError>> + Send {
        let found = self.find_events(filter, order, page);
        async move {
            let FoundEvents { rows, total } = found.await?;
            Ok(EventPage { events: rows.read(0..rows.count()).await?, total })
        }
    }

    /// The audit history, for replay.
    fn history(&self) -> Arc<dyn History>;

    /// The whole history, for followers.
    fn following(&self) -> Arc<dyn Following>;

    /// Takes the lease for a purpose; `None` while another holder has it.
    fn lease(&self, purpose: Purpose) -> impl Future<Output = Option<Lease>> + Send {
        let following = self.following();
        async move { following.lease(purpose) }
    }

    /// The latest time of a record or an event when the store was opened.
    fn newest(&self) -> Option<Timestamp>;

    /// What works and what doesn't.
    fn health(&self) -> Health;

    /// Takes an account out of the audit history: in each of its events the account's id becomes
    /// null, and all else stays. Returns how many events that were, none in a repeat.
    ///
    /// It is durable, and seen by every later read, when this answers. Events that are committed
    /// for the account meanwhile may stay: its records must be gone before. Other commits go on
    /// between its small pieces. After an error some of the events may have been changed; a repeat
    /// goes on with the others.
    fn anonymize(&self, user_id: &UserId) -> BoxFuture<'_, Result<usize, CommitError>>;

    /// Lets the past go: whatever was removed from the records or taken out of the audit history
    /// before this was called is nowhere on the disk when this answers, nor is a cursor from before. Commits go on meanwhile.
    /// Safe to repeat.
    fn purge(&self) -> BoxFuture<'_, io::Result<()>>;

    /// Takes no more commits, brings everything to its final form and lets go of it. Safe to call
    /// twice. After an error what was committed is still durable, and the next start completes it.
    fn close(&self) -> BoxFuture<'_, io::Result<()>>;
}

/// What [`Store::remove_expired`] removes.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// The time by which sessions expire.
    pub now: Timestamp,
    /// The time by which idempotency records expire.
    pub keys: KeyTime,
    /// Whether sessions are removed and shortened. A clock that has just been set is not trusted.
    pub sessions: bool,
}

/// The state of something that follows the commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// What it is called.
    pub name: &'static str,
    /// How many changes it has yet to make.
    pub backlog: usize,
    /// Why, where it failed last time.
    pub last_error: Option<String>,
}

/// What works and what doesn't.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Whether commits are refused until a restart: the outcome of one is unknown, or the files in
    /// which they would be kept are not in their place.
    pub read_only: bool,
    /// Why commits are refused or fail now; none if the last one was written. It may be shown to
    /// anyone.
    pub trouble: Option<String>,
    /// Every projection.
    pub projections: Vec<Projection>,
}

/// Why a commit didn't happen.
#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// The decision was to refuse.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// It couldn't be made durable. Nothing has changed.
    #[error("the change could not be made durable")]
    NotDurable,
    /// The disk is full. Nothing has changed.
    #[error("the disk is full")]
    StorageFull,
    /// It couldn't be made durable, nor undone for certain. The store takes no more commits.
    #[error("whether the change is durable is unknown")]
    OutcomeUnknown,
    /// The outcome of an earlier commit is unknown, or the store has lost its files.
    #[error("the store takes no changes until it is restarted")]
    ReadOnly,
    /// The decision panicked. Nothing has changed.
    #[error("the decision panicked")]
    Panicked,
    /// The store is closed or closing. Nothing has changed.
    #[error("the store is closed")]
    Closed,
}

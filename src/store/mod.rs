//! Floor 1: where a family's records and the audit history are kept.
//!
//! [`Store`] speaks plain domain types, and one contract test (`tests/store/contract`) runs over
//! every implementation. [`json`] is the one that there is: a journal, with TinyDB files as its
//! projections.

mod any;
pub mod json;
pub mod memory;
mod page;
mod records;
mod scope;
mod snapshot;
mod transaction;

pub use any::AnyStore;
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
    EventFilter, KeyTime, Page, RowNumber, RuleViolation, SortOrder, Timestamp, TokenHash,
    TrackingEvent, User, UserId,
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

    /// Has every [`EventSink`] forget an account. Safe to repeat. After an error some may have.
    fn forget(&self, user_id: &UserId) -> BoxFuture<'_, io::Result<()>>;

    /// Lets the past go: whatever was removed from the records or taken out of the audit history
    /// before this was called is nowhere on the disk when this answers. Commits go on meanwhile.
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

/// An event in the audit history.
#[derive(Debug)]
pub struct StoredEvent {
    /// Its number: grows with every event, unique within the history.
    pub row: RowNumber,
    /// The event.
    pub event: TrackingEvent,
    /// The event as the JSON object that is answered for it, byte for byte as it is kept.
    pub json: Arc<str>,
}

/// The audit history in the order of writing.
pub trait History: Send + Sync {
    /// The number of the last event; 0 where there is none.
    fn last_row(&self) -> RowNumber;

    /// The event with that number.
    fn event(&self, row: RowNumber) -> Result<Option<StoredEvent>, ReadError>;

    /// How many events `filter` is for whose number is above `row`. Reads none of them, and counts
    /// no further than `limit`.
    fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize;

    /// The first `limit` events that `filter` is for and whose number is above `row`; in the place
    /// of what another program wrote and is no event, that.
    fn events_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Result<StoredEvent, Malformed>>, ReadError>;
}

/// Something that follows the audit history: it is told every event once, in commit order, after
/// the commit and before its answer.
///
/// A sink can't refuse an event. What it can't use now it must fetch from the history later.
pub trait EventSink: Send {
    /// What it is called in [`Health`].
    fn name(&self) -> &'static str;

    /// Called once, before anything else.
    fn resume(&mut self, from: Resume<'_>, history: &dyn History);

    /// The next new events, in commit order. The history holds them already, and maybe others that
    /// are still to be told.
    fn apply(&mut self, events: &[Arc<StoredEvent>], history: &dyn History);

    /// Called about once a second while [`EventSink::health`] shows a backlog.
    fn retry(&mut self, history: &dyn History);

    /// Called about once a second while there is nothing else to do: files that it keeps open may have
    /// lost their names.
    fn look(&mut self) {}

    /// How far it has come by now, durable or not; none if that doesn't help it after a kill. It is
    /// kept for [`Resume::reached`].
    fn reached(&self) -> Option<String> {
        None
    }

    /// What it has fallen behind by.
    fn health(&self) -> Projection;

    /// Forgets an account: whatever it keeps of that account's events goes, and no later
    /// [`EventSink::checkpoint`] tells of them. They stay in the history, without the account. Safe
    /// to repeat; after an error some of it may still be there.
    fn forget(&mut self, user_id: &UserId) -> io::Result<()>;

    /// Notes what it has done so far, and returns what makes that durable and then yields the text
    /// that [`EventSink::resume`] gets after a crash. The work is done on another thread.
    fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send>;
}

/// Where a sink stands when a store opens.
#[derive(Clone, Copy, Debug)]
pub struct Resume<'a> {
    /// What its last checkpoint yielded; none where there was none.
    pub saved: Option<&'a str>,
    /// What [`EventSink::reached`] last gave before the last process was killed; none if the machine
    /// may have stopped since, so that what wasn't durable may be lost.
    pub reached: Option<&'a str>,
    /// The last event that Goldstar itself wrote; what comes after it in the history is the work of
    /// another program.
    pub written: RowNumber,
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

/// Why the history couldn't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The disk failed.
    #[error("the audit history could not be read")]
    Io(#[from] io::Error),
    /// It isn't all there.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Another program wrote something that is no event.
#[derive(Debug, Error)]
#[error("event {row} is not well-formed: {why}")]
pub struct Malformed {
    /// The event's number.
    pub row: RowNumber,
    /// What is wrong with it.
    pub why: String,
}

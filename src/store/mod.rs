//! Records and the history of events.
//!
//! [`Store`] uses plain domain types. One contract test (`tests/store/contract`) runs against every
//! implementation: [`json`], a directory of TinyDB files with a write-ahead log, and [`memory`], for
//! tests.

mod administration;
mod allowance;
mod any;
mod arrival;
mod constraints;
mod device_requests;
mod erasures;
mod error;
pub(crate) mod event_text;
mod expiry;
mod following;
mod history;
pub mod json;
mod lease;
mod log_servers;
pub mod memory;
mod page;
pub mod postgres;
mod records;
mod scope;
mod snapshot;
mod transaction;

pub use administration::{Activity, Administration, Counts, DayActivity, OwnedSession};
use administration::{DAY, is_session};
pub use allowance::{Allowance, UsedUp};
pub use any::AnyStore;
pub use arrival::as_request;
use arrival::is_first_read;
pub use device_requests::{DeviceRequest, DeviceRequests, NotOpened, OpenLimits};
pub use erasures::Erasures;
pub use error::{CommitError, Outage};
pub use expiry::Expiry;
pub use following::{Followed, FollowedMessages, Following, SavedCursor};
pub use history::{FoundEvent, Malformed, ReadError, StoredEvent};
pub use lease::{Fence, HeldLease, Lease, Purpose};
pub use log_servers::{LogServer, LogServers};
pub use page::{BoxFuture, EventPage, EventRows, EventScan, FoundEvents, Reversals};
pub use scope::Scope;
pub use snapshot::{FamilyRecords, Listing, Snapshot};
pub use transaction::{Change, Changes, Commit, Context, Decided, KeyUse};

use std::future::Future;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::domain::badges::Award;
use crate::domain::calendar::Day;
use crate::domain::schedule::Mark;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    AccountFilter, ChildId, Epoch, EventFilter, EventId, Message, Page, Seq, SortOrder, Timestamp,
    TokenHash, User, UserId,
};

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
    /// (`EmailTaken`), the last administrator that is not marked for deletion remains
    /// (`LastAdministrator`), an event is reversed once (`AlreadyReversed`), and the mark of a penalty is put once
    /// (`AlreadyPenalised`).
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

    /// Takes one attempt from each allowance, for all servers together, or none if one of them is used
    /// up. `None` if this process alone uses the store, and can count by itself.
    fn take(
        &self,
        allowances: Vec<Allowance>,
    ) -> impl Future<Output = Result<Option<Result<(), UsedUp>>, ReadError>> + Send {
        drop(allowances);
        std::future::ready(Ok(None))
    }

    /// Waits until a server has ended sessions, and returns those since the previous call; `None` if
    /// any session may have ended. Never returns if this process alone uses the store.
    fn ended_sessions(&self) -> impl Future<Output = Option<Vec<TokenHash>>> + Send {
        std::future::pending()
    }

    /// Returns whether there is no record of any kind.
    fn is_empty(&self) -> impl Future<Output = Result<bool, ReadError>> + Send;

    fn count_accounts(&self) -> impl Future<Output = Result<usize, ReadError>> + Send;

    /// Returns a page of the accounts that match `filter`, in the order of their creation.
    fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> impl Future<Output = Result<Listing<Arc<User>>, ReadError>> + Send;

    /// Returns every account that is marked for deletion, including those whose deletion has started.
    fn marked_accounts(&self) -> impl Future<Output = Result<Vec<Arc<User>>, ReadError>> + Send {
        async {
            let marked = AccountFilter { is_marked: Some(true), ..AccountFilter::default() };
            Ok(self.accounts(&marked, Page::ALL).await?.records)
        }
    }

    /// Returns the first `limit` accounts whose [`User::schedules_due_at`] is one of these times, the earliest first.
    fn due_families(
        &self,
        times: RangeInclusive<Timestamp>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<UserId>, ReadError>> + Send;

    /// Returns the password hash of every account.
    fn password_hashes(&self) -> impl Future<Output = Result<Vec<Arc<str>>, ReadError>> + Send;

    /// Finds a page of the events that match `filter`, and their total number. The events are read
    /// from the result, in pieces.
    fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> impl Future<Output = Result<FoundEvents, ReadError>> + Send;

    /// Like [`Self::find_events`], but reads the whole page.
    fn events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> impl Future<Output = Result<EventPage, ReadError>> + Send {
        let found = self.find_events(filter, order, page);
        async move {
            let FoundEvents { rows, total, .. } = found.await?;
            Ok(EventPage { events: rows.read(0..rows.count()).await?, total })
        }
    }

    /// Finds all events that match `filter` and are committed now, in the order of [`Self::find_events`].
    /// They are found in parts, so that their number does not matter. An event that is anonymised
    /// meanwhile is omitted if the filter names its account.
    fn scan_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
    ) -> impl Future<Output = Result<Box<dyn EventScan>, ReadError>> + Send;

    /// Returns the event of a family's child with that id; `None` also if it is not well-formed.
    fn find_event(
        &self,
        family: &UserId,
        child: &ChildId,
        id: &EventId,
    ) -> impl Future<Output = Result<Option<StoredEvent>, ReadError>> + Send;

    /// The epoch of the sequence numbers. It does not change while the store is open.
    fn epoch(&self) -> Epoch;

    /// Returns a number that is not less than those of the family's events so far, and less than
    /// those of all later ones.
    fn head(&self, family: &UserId) -> impl Future<Output = Result<Seq, ReadError>> + Send;

    /// Returns the first `limit` events of a family after `after`, in the order of their numbers:
    /// those about one child, or all. A later call returns the same events, and no others up to the
    /// last of them.
    fn events_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<FoundEvent>, ReadError>> + Send;

    /// Returns how many events [`Self::events_after`] would return, without reading them.
    fn count_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<usize, ReadError>> + Send;

    /// Returns the event of a family with that number.
    fn event(
        &self,
        family: &UserId,
        seq: Seq,
    ) -> impl Future<Output = Result<Option<StoredEvent>, ReadError>> + Send {
        let before = Seq(seq.0.saturating_sub(1));
        let first = self.events_after(family, None, before, 1);
        async move { Ok(first.await?.pop().transpose()?.filter(|stored| stored.seq == seq)) }
    }

    /// Returns a number that is not less than those of the family's messages so far, and less than those
    /// of all later ones.
    fn last_message(&self, family: &UserId) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// Returns the messages of an account.
    fn messages_of(
        &self,
        family: &UserId,
    ) -> impl Future<Output = Result<Vec<Arc<Message>>, ReadError>> + Send;

    /// Returns the first `limit` messages of an account after a number, in the order of their numbers. A message that
    /// was replaced has a new number.
    fn messages_after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(u64, Arc<Message>)>, ReadError>> + Send;

    /// Returns the webhooks of all accounts that are not marked for deletion.
    fn webhooks(&self) -> impl Future<Output = Result<Vec<Arc<Webhook>>, ReadError>> + Send;

    /// Returns the deliveries of all webhooks of an account, in no order.
    fn deliveries_of(
        &self,
        family: &UserId,
    ) -> impl Future<Output = Result<Vec<Arc<Delivery>>, ReadError>> + Send;

    /// Returns the awards of a family's child, including revoked ones, in the order in which they were stored.
    fn awards_of(
        &self,
        family: &UserId,
        child: &ChildId,
    ) -> impl Future<Output = Result<Vec<Arc<Award>>, ReadError>> + Send {
        let (scope, child) = (Scope::Awards(family.clone(), child.clone()), child.clone());
        async move { Ok(self.read(scope).await?.awards_of(&child)) }
    }

    /// Returns the marks of a family of occurrences on that day or later, in the order of their days.
    fn marks_of(
        &self,
        family: &UserId,
        since: Day,
    ) -> impl Future<Output = Result<Vec<Arc<Mark>>, ReadError>> + Send {
        let family = family.clone();
        async move { Ok(self.read(Scope::Marks(family.clone(), since)).await?.marks_of(&family)) }
    }

    /// The whole history, for followers.
    fn following(&self) -> Arc<dyn Following>;

    /// Takes the lease for a purpose; `None` while another holder has it.
    fn lease(&self, purpose: Purpose) -> impl Future<Output = Option<Lease>> + Send {
        let following = self.following();
        async move { following.lease(purpose) }
    }

    /// The servers that write audit log files; `None` if this process alone uses the store.
    fn log_servers(&self) -> Option<Arc<dyn LogServers>> {
        None
    }

    /// The list of the accounts that were deleted.
    fn erasures(&self) -> Arc<dyn Erasures>;

    /// The requests of devices that no parent has confirmed yet.
    fn device_requests(&self) -> Arc<dyn DeviceRequests>;

    /// What only administrators and the operator read.
    fn administration(&self) -> Arc<dyn Administration>;

    /// The latest time of a record or an event when the store was opened.
    fn newest(&self) -> Option<Timestamp>;

    /// Returns the health of the store.
    fn health(&self) -> Health;

    /// Replaces the account's id, and the note, by null in each of its events. Returns the number of events that were
    /// changed: 0 in a repeat.
    ///
    /// When this returns, the change is durable, and every later read contains it. Other transactions
    /// are committed meanwhile. Events that are committed for the account meanwhile may remain: its
    /// records must be removed first. After an error some of the events may have been changed; a repeat
    /// continues.
    fn anonymize(
        &self,
        user_id: &UserId,
    ) -> impl Future<Output = Result<usize, CommitError>> + Send {
        self.anonymize_under(None, user_id)
    }

    /// Like [`Self::anonymize`], while a lease is valid.
    fn anonymize_under(
        &self,
        lease: Option<&Fence>,
        user_id: &UserId,
    ) -> impl Future<Output = Result<usize, CommitError>> + Send;

    /// Removes old copies of data. When this returns, no file contains data that was removed or
    /// anonymised before the call, or a follower's cursor from before. Other transactions are
    /// committed meanwhile. Can be repeated.
    fn purge(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Rejects further transactions, and writes all files. Can be repeated. After an error, all
    /// commits are still durable, and the next start completes the files.
    fn close(&self) -> impl Future<Output = io::Result<()>> + Send;
}

/// The state of a follower, a table or scheduled work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    pub name: &'static str,
    /// The number of changes that it has not processed yet.
    pub backlog: usize,
    /// Why its last attempt failed; `None` if it succeeded.
    pub last_error: Option<String>,
}

impl Projection {
    /// Whether it lags behind, or its last attempt has failed.
    pub fn is_behind(&self) -> bool {
        self.backlog > 0 || self.last_error.is_some()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Whether transactions are rejected until a restart, because the outcome of one is unknown, or
    /// because files of the store were moved.
    pub read_only: bool,
    /// Why transactions are rejected or fail now; `None` if the last write succeeded. Contains no
    /// secret.
    pub trouble: Option<String>,
    pub projections: Vec<Projection>,
}

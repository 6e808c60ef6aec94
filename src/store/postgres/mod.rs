//! The store on PostgreSQL, which several servers can use at the same time.
//!
//! A transaction waits in the queue of its family (`queue`). All that wait at the same time are
//! committed together (`commit`): one statement loads the family with its version (`load`), the
//! decisions are run (`draft`), and one statement writes everything if the version is still the same
//! (`swap`). After a conflict, both are repeated. No transaction is open between the two. A family that
//! was just loaded is not loaded again (`recent`).
//!
//! What always holds:
//!
//! - Every statement names its columns, and stands in `sql`.
//! - The answer to a commit can be lost: the store searches for its id before it tries again.
//! - Events are numbered under the lock of their family's row, without gaps. Followers of all families
//!   read them in the order of the transactions' numbers (`following`).

mod accounts;
pub(crate) mod administration;
mod allowances;
mod anonymize;
pub(crate) mod bulk;
pub(crate) mod columns;
mod commit;
mod connect;
pub(crate) mod copy;
mod cursors;
mod device_requests;
mod draft;
mod ended;
pub(crate) mod erasures;
mod error;
mod events;
mod expiry;
mod following;
mod gate;
mod inner;
mod job;
mod lease;
mod listen;
mod load;
mod logs;
mod marks;
mod messages;
mod migrate;
mod open_error;
mod opening;
pub(crate) mod position;
mod queue;
mod reads;
mod recent;
mod restored;
mod runtime;
mod scan;
pub(crate) mod sql;
mod swap;
mod webhooks;

#[cfg(test)]
mod tests;

/// Statements for benchmarks and tests that execute them themselves.
#[doc(hidden)]
pub mod statements {
    use super::sql;

    pub const LOAD_ONE: &str = sql::LOAD_ONE.text;
    pub const SWAP_ONE: &str = sql::SWAP_ONE.text;
    pub const REVERSALS: &str = sql::REVERSALS.text;
    pub const MARKS: &str = sql::MARKS.text;
    pub const DUE_FAMILIES: &str = sql::DUE_FAMILIES.text;

    /// The number of the events to which some conditions apply, and a page of them, newest first.
    pub fn queries(applies: [bool; 7]) -> [&'static str; 2] {
        let queries = sql::queries(applies);
        [queries.count.text, queries.descending.text]
    }
}

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

use administration::LogRecords;
pub use connect::DatabaseUrl;
use cursors::Cursors;
use device_requests::RequestTable;
pub(crate) use draft::new_key;
use ended::EndedSessions;
use erasures::ErasureTable;
pub use error::Failure;
use following::History;
use inner::Inner;
use lease::Leases;
use logs::Logs;
pub use logs::{ListedServer, log_servers};
pub use migrate::Migrated;
pub use open_error::OpenError;
pub use opening::migrate_database;
use queue::Queue;
use runtime::Runtime;
use scan::Scan;

use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    AccountFilter, ChildId, Epoch, EventFilter, EventId, Message, Page, Seq, SortOrder, Timestamp,
    TokenHash, User, UserId,
};
use crate::store::{
    Administration, Allowance, Change, Changes, Commit, CommitError, Context, Decided,
    DeviceRequests, Erasures, EventScan, Expiry, Fence, Following, FoundEvent, FoundEvents, Health,
    Lease, Listing, LogServers, Purpose, ReadError, Scope, Snapshot, Store, StoredEvent, UsedUp,
};

/// A store on a PostgreSQL database.
pub struct PostgresStore {
    url: DatabaseUrl,
    runtime: Runtime,
    queue: Queue,
    leases: Arc<Leases>,
    cursors: Arc<Cursors>,
    epoch: Epoch,
    newest: Option<Timestamp>,
    /// With which allowances are hashed.
    seed: Arc<str>,
    ended: EndedSessions,
    /// Ends the tasks that send and receive wake-ups.
    _tasks: DropGuard,
}

impl PostgresStore {
    /// Shortens a session that ends too late.
    async fn shorten(
        &self,
        token_hash: TokenHash,
        now: Timestamp,
        lease: Option<Fence>,
    ) -> Result<(), CommitError> {
        let scope = Scope::Session(token_hash.clone());
        let decide = move |records: &dyn Snapshot, _: &mut Context| {
            let session = records.session(&token_hash);
            let shortened = session.and_then(|session| session.shortened(now));
            Ok((Changes::of(shortened.map(Change::PutSession)).under(lease.clone()), ()))
        };
        self.transact(scope, decide).await.map(|_| ())
    }

    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    fn check_open(&self) -> Result<(), CommitError> {
        if self.queue.is_closed() { Err(CommitError::Closed) } else { Ok(()) }
    }

    fn history(&self) -> History {
        History {
            runtime: self.runtime.clone(),
            leases: Arc::clone(&self.leases),
            cursors: Arc::clone(&self.cursors),
        }
    }
}

impl Store for PostgresStore {
    async fn read(&self, scope: Scope) -> Result<Arc<dyn Snapshot>, ReadError> {
        Ok(self.runtime.records(&scope).await?)
    }

    async fn transact<T: Send + 'static>(
        &self,
        scope: Scope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> Result<Commit<T>, CommitError> {
        let (reply, result) = oneshot::channel();
        self.queue.submit(job::transaction(scope, decide, reply))?;
        result.await.unwrap_or(Err(CommitError::Panicked))
    }

    async fn remove_expired(&self, expiry: Expiry) -> Result<Vec<TokenHash>, CommitError> {
        self.check_open()?;
        let asked = expiry.clone();
        let remove = async move |inner: Arc<Inner>| expiry::remove(&inner, &asked).await;
        let removed = self.runtime.run(remove).await?;
        if expiry.sessions {
            let (now, lease) = (expiry.now, expiry.lease.clone());
            let late = self.runtime.run(|inner| expiry::late_sessions(inner, expiry)).await?;
            for token_hash in late {
                self.shorten(token_hash, now, lease.clone()).await?;
            }
        }
        Ok(removed)
    }

    async fn take(
        &self,
        allowances: Vec<Allowance>,
    ) -> Result<Option<Result<(), UsedUp>>, ReadError> {
        let seed = Arc::clone(&self.seed);
        let take =
            async move |inner: Arc<Inner>| allowances::take(&inner, &seed, &allowances).await;
        Ok(Some(self.runtime.run(take).await?))
    }

    async fn ended_sessions(&self) -> Option<Vec<TokenHash>> {
        self.ended.next(&self.runtime).await
    }

    async fn is_empty(&self) -> Result<bool, ReadError> {
        let rows = self.runtime.rows(&sql::IS_EMPTY).await?;
        Ok(rows.first().is_some_and(|row| row.get("is_empty")))
    }

    async fn count_accounts(&self) -> Result<usize, ReadError> {
        let rows = self.runtime.rows(&sql::COUNT_ACCOUNTS).await?;
        Ok(rows.first().map_or(Ok(0), events::count)?)
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<Arc<User>>, ReadError> {
        let filter = filter.clone();
        let find = async move |inner: Arc<Inner>| inner.accounts(&filter, page).await;
        Ok(self.runtime.run(find).await?)
    }

    async fn due_families(
        &self,
        times: RangeInclusive<Timestamp>,
        limit: usize,
    ) -> Result<Vec<UserId>, ReadError> {
        let find = async move |inner: Arc<Inner>| inner.due_families(&times, limit).await;
        Ok(self.runtime.run(find).await?)
    }

    async fn password_hashes(&self) -> Result<Vec<Arc<str>>, ReadError> {
        Ok(self.runtime.users(&sql::USERS).await?.into_iter().map(|user| user.password).collect())
    }

    async fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> Result<FoundEvents, ReadError> {
        let (runtime, filter) = (self.runtime.clone(), filter.clone());
        let find = async move |_| events::find(runtime, &filter, order, page).await;
        Ok(self.runtime.run(find).await?)
    }

    async fn scan_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
    ) -> Result<Box<dyn EventScan>, ReadError> {
        let (runtime, filter) = (self.runtime.clone(), filter.clone());
        let start = async move |_| Scan::start(runtime, filter, order).await;
        Ok(Box::new(self.runtime.run(start).await?))
    }

    async fn find_event(
        &self,
        family: &UserId,
        child: &ChildId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, ReadError> {
        let (family, child, id) = (family.clone(), child.clone(), id.clone());
        let find = async move |inner: Arc<Inner>| inner.event_with_id(&family, &child, &id).await;
        Ok(self.runtime.run(find).await?)
    }

    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    async fn head(&self, family: &UserId) -> Result<Seq, ReadError> {
        let family = family.clone();
        Ok(self.runtime.run(async move |inner| inner.head(&family).await).await?)
    }

    async fn last_message(&self, family: &UserId) -> Result<u64, ReadError> {
        let family = family.clone();
        Ok(self.runtime.run(async move |inner| inner.last_message(&family).await).await?)
    }

    async fn messages_of(&self, family: &UserId) -> Result<Vec<Arc<Message>>, ReadError> {
        let family = family.clone();
        Ok(self.runtime.run(async move |inner| inner.messages_of(&family).await).await?)
    }

    async fn messages_after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Arc<Message>)>, ReadError> {
        let family = family.clone();
        let read = async move |inner: Arc<Inner>| inner.messages_after(&family, after, limit).await;
        Ok(self.runtime.run(read).await?)
    }

    async fn webhooks(&self) -> Result<Vec<Arc<Webhook>>, ReadError> {
        Ok(self.runtime.run(async move |inner| inner.webhooks().await).await?)
    }

    async fn deliveries_of(&self, family: &UserId) -> Result<Vec<Arc<Delivery>>, ReadError> {
        let family = family.clone();
        Ok(self.runtime.run(async move |inner| inner.deliveries_of(&family).await).await?)
    }

    async fn events_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<FoundEvent>, ReadError> {
        let (family, child) = (family.clone(), child.cloned());
        let read = async move |inner: Arc<Inner>| {
            inner.events_after(&family, child.as_ref(), after, limit).await
        };
        Ok(self.runtime.run(read).await?)
    }

    async fn count_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<usize, ReadError> {
        let (family, child) = (family.clone(), child.cloned());
        let count = async move |inner: Arc<Inner>| {
            inner.count_after(&family, child.as_ref(), after, limit).await
        };
        Ok(self.runtime.run(count).await?)
    }

    fn following(&self) -> Arc<dyn Following> {
        Arc::new(self.history())
    }

    async fn lease(&self, purpose: Purpose) -> Option<Lease> {
        let (leases, runtime) = (Arc::clone(&self.leases), self.runtime.clone());
        let take = async move |_| leases.take(&runtime, purpose).await;
        self.runtime.run(take).await.unwrap_or_default()
    }

    fn log_servers(&self) -> Option<Arc<dyn LogServers>> {
        Some(Arc::new(Logs(self.runtime.clone())))
    }

    fn device_requests(&self) -> Arc<dyn DeviceRequests> {
        Arc::new(RequestTable(self.runtime.clone()))
    }

    fn administration(&self) -> Arc<dyn Administration> {
        Arc::new(LogRecords(self.runtime.clone()))
    }

    fn erasures(&self) -> Arc<dyn Erasures> {
        Arc::new(ErasureTable(self.runtime.clone()))
    }

    fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    fn health(&self) -> Health {
        self.runtime.inner.health()
    }

    async fn anonymize_under(
        &self,
        lease: Option<&Fence>,
        user_id: &UserId,
    ) -> Result<usize, CommitError> {
        self.check_open()?;
        let (user_id, lease) = (user_id.clone(), lease.cloned());
        Ok(self.runtime.run(|inner| anonymize::anonymize(inner, user_id, lease)).await?)
    }

    /// The database keeps no old copies that Goldstar can remove.
    async fn purge(&self) -> io::Result<()> {
        self.check_open().map_err(io::Error::other)
    }

    async fn close(&self) -> io::Result<()> {
        self.queue.close().await;
        self.leases.released().await;
        self.cursors.save(&self.runtime.inner).await;
        Ok(())
    }
}

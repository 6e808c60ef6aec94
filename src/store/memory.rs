//! A store in memory for tests: it delays, fails and panics on command.
//!
//! It executes every decision twice and commits the second result, as a database does after a
//! serialization failure. So a test finds a decision that is not pure.

mod administration;
mod deliveries;
mod events;
mod following;
mod inner;
mod kept;
mod messages;
mod scan;

use std::io;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use administration::Moment;
use events::json_of;
use inner::Inner;
use kept::Kept;
use scan::{Rows, Scan};

use super::constraints;
use super::device_requests::RequestsInMemory;
use super::expiry::removed_sessions;
use super::records::Records;
use super::{
    Administration, Changes, Commit, CommitError, Context, Decided, DeviceRequests, Erasures,
    EventScan, Expiry, Fence, Following, FoundEvent, FoundEvents, Health, Listing, ReadError,
    Scope, Snapshot, Store, StoredEvent,
};
use crate::clock::{Clock, new_seed};
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    AccountFilter, ChildId, Epoch, EventFilter, EventId, Message, Page, Seq, SortOrder, Timestamp,
    TokenHash, User, UserId,
};

/// The faults of a [`MemoryStore`].
#[derive(Debug, Default)]
pub struct Faults {
    /// Transactions panic before they are executed.
    pub transactions_panic: AtomicBool,
    /// Transactions fail with [`CommitError::NotDurable`], and nothing has changed.
    pub transactions_fail: AtomicBool,
    /// Transactions are committed, and their results never arrive.
    pub results_are_lost: AtomicBool,
    /// Queries to the history panic.
    pub queries_panic: AtomicBool,
    /// Followers cannot read the history.
    pub following_fails: AtomicBool,
    /// Wake-ups of followers are lost.
    pub wakeups_are_lost: AtomicBool,
}

/// Records and events in memory. A clone shares them.
#[derive(Clone)]
pub struct MemoryStore {
    clock: Clock,
    faults: Arc<Faults>,
    inner: Arc<Mutex<Inner>>,
    is_closed: Arc<AtomicBool>,
    kept: Arc<Kept>,
    device_requests: Arc<RequestsInMemory>,
}

impl MemoryStore {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            faults: Arc::default(),
            inner: Arc::default(),
            is_closed: Arc::default(),
            kept: Arc::default(),
            device_requests: Arc::default(),
        }
    }

    /// Takes every lease from its holder, as if that had been paused for too long.
    pub fn revoke_leases(&self) {
        self.kept.leases.revoke();
    }

    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// An open store with the same records and events.
    pub fn reopened(&self) -> Self {
        Self { is_closed: Arc::default(), ..self.clone() }
    }

    fn check_open(&self) -> Result<(), CommitError> {
        assert!(!self.faults.transactions_panic.load(Ordering::SeqCst), "a mistake in the server");
        if self.is_closed.load(Ordering::SeqCst) { Err(CommitError::Closed) } else { Ok(()) }
    }

    fn execute<T>(
        &self,
        scope: &Scope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T>,
    ) -> Result<Commit<T>, CommitError> {
        self.check_open()?;
        let mut inner = self.inner.lock();
        let snapshot = inner.records.scoped(scope);
        let (seed, now) = (new_seed(), self.clock.now());
        let run = || decide(&snapshot, &mut Context::new(now, seed));
        let run = || catch_unwind(AssertUnwindSafe(run)).map_err(|_| CommitError::Panicked);
        drop(run()?);
        let (changes, value) = run()??;
        changes.check_lease()?;
        if self.faults.transactions_fail.load(Ordering::SeqCst) {
            return Err(CommitError::NotDurable);
        }
        let records = &inner.records;
        constraints::check(
            &changes,
            |id| records.user(id),
            |email| records.user_by_email(email),
            || records.users.iter().filter(|it| it.is_active_admin()).count(),
            |event| records.reversals.get(event).cloned(),
            |mark| records.has_mark(mark),
        )?;
        let last_message = inner.messages.last();
        let event = inner.apply(changes, now);
        let wakes = event.is_some() || inner.messages.last() > last_message;
        if wakes && !self.faults.wakeups_are_lost.load(Ordering::SeqCst) {
            self.kept.wakeups.send_replace(());
        }
        Ok(Commit { value, event })
    }
}

impl Store for MemoryStore {
    async fn read(&self, scope: Scope) -> Result<Arc<dyn Snapshot>, ReadError> {
        Ok(Arc::new(self.inner.lock().records.scoped(&scope)))
    }

    async fn transact<T: Send + 'static>(
        &self,
        scope: Scope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> Result<Commit<T>, CommitError> {
        let outcome = self.execute(&scope, decide);
        if self.faults.results_are_lost.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        outcome
    }

    async fn remove_expired(&self, expiry: Expiry) -> Result<Vec<TokenHash>, CommitError> {
        self.check_open()?;
        let mut inner = self.inner.lock();
        let Records { idempotency, sessions, ended, marks, .. } = &inner.records;
        let messages = inner.messages.numbered().map(|(_, message)| message);
        let log = inner.log.entries().iter();
        let marks = marks.values();
        let changes =
            expiry.changes(idempotency.iter(), sessions.iter(), ended.iter(), messages, marks, log);
        let changes = Changes::of(changes);
        expiry.lease.as_ref().map_or(Ok(()), Fence::check)?;
        let removed = removed_sessions(&changes);
        changes.records.into_iter().for_each(|change| inner.apply_to_record(change));
        Ok(removed)
    }

    async fn is_empty(&self) -> Result<bool, ReadError> {
        let inner = self.inner.lock();
        let Records { users, children, tasks, rewards, pending, .. } = &inner.records;
        let sizes = [users.len(), children.len(), tasks.len(), rewards.len(), pending.len()];
        Ok(sizes == [0; 5])
    }

    async fn count_accounts(&self) -> Result<usize, ReadError> {
        Ok(self.inner.lock().records.users.len())
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<Arc<User>>, ReadError> {
        let inner = self.inner.lock();
        let found = inner.records.users.iter().filter(|user| filter.matches(user));
        Ok(Listing::of(found.cloned().collect(), page))
    }

    async fn due_families(
        &self,
        times: RangeInclusive<Timestamp>,
        limit: usize,
    ) -> Result<Vec<UserId>, ReadError> {
        let inner = self.inner.lock();
        let own = inner.records.users.iter().filter_map(|it| Some((it.schedules_due_at()?, it)));
        let mut due: Vec<_> = own.filter(|(at, _)| times.contains(at)).collect();
        due.sort_by_key(|(at, _)| *at);
        Ok(due.into_iter().take(limit).map(|(_, user)| user.id.clone()).collect())
    }

    async fn password_hashes(&self) -> Result<Vec<Arc<str>>, ReadError> {
        let inner = self.inner.lock();
        Ok(inner.records.users.iter().map(|user| Arc::clone(&user.password)).collect())
    }

    async fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> Result<FoundEvents, ReadError> {
        assert!(!self.faults.queries_panic.load(Ordering::SeqCst), "a mistake in the server");
        let inner = self.inner.lock();
        let found = inner.sorted(filter, order);
        let total = found.len();
        let rows = || found.iter().skip(page.offset).take(page.limit);
        let reversals = rows().filter_map(|stored| {
            let reversal = inner.records.reversals.get(stored.event.id.as_str())?;
            Some((stored.event.id.shared(), reversal.shared()))
        });
        let reversals = reversals.collect();
        let rows = Arc::new(Rows(rows().map(|it| Arc::clone(&it.json)).collect()));
        Ok(FoundEvents { rows, total, reversals })
    }

    async fn find_event(
        &self,
        family: &UserId,
        child: &ChildId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, ReadError> {
        let inner = self.inner.lock();
        let mut own = inner.after(family, Some(child), Seq::START);
        Ok(own.find(|stored| stored.event.id == *id).map(|stored| StoredEvent::clone(stored)))
    }

    async fn scan_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
    ) -> Result<Box<dyn EventScan>, ReadError> {
        let end = self.inner.lock().last();
        let (inner, filter) = (Arc::clone(&self.inner), filter.clone());
        let find = Box::new(move || inner.lock().sorted(&filter, order));
        Ok(Box::new(Scan { find, end, after: None }))
    }

    fn epoch(&self) -> Epoch {
        Epoch::default()
    }

    async fn head(&self, _family: &UserId) -> Result<Seq, ReadError> {
        Ok(self.inner.lock().last())
    }

    async fn last_message(&self, _family: &UserId) -> Result<u64, ReadError> {
        Ok(self.inner.lock().messages.last())
    }

    async fn messages_of(&self, family: &UserId) -> Result<Vec<Arc<Message>>, ReadError> {
        let inner = self.inner.lock();
        let messages = inner.messages.numbered().map(|(_, message)| message);
        Ok(messages.filter(|it| it.user_id == *family).cloned().collect())
    }

    async fn messages_after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Arc<Message>)>, ReadError> {
        Ok(self.inner.lock().messages.after(family, after, limit))
    }

    async fn webhooks(&self) -> Result<Vec<Arc<Webhook>>, ReadError> {
        let Records { webhooks, users, .. } = &self.inner.lock().records;
        let is_used = |it: &&Arc<Webhook>| {
            users.iter().any(|user| user.id == it.user_id && user.deletion.is_none())
        };
        Ok(webhooks.iter().filter(is_used).cloned().collect())
    }

    async fn deliveries_of(&self, family: &UserId) -> Result<Vec<Arc<Delivery>>, ReadError> {
        Ok(self.inner.lock().deliveries.of(family))
    }

    async fn events_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<FoundEvent>, ReadError> {
        let inner = self.inner.lock();
        Ok(inner.after(family, child, after).take(limit).map(|it| Ok((**it).clone())).collect())
    }

    async fn count_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<usize, ReadError> {
        Ok(self.inner.lock().after(family, child, after).take(limit).count())
    }

    fn following(&self) -> Arc<dyn Following> {
        Arc::new(self.clone())
    }

    fn device_requests(&self) -> Arc<dyn DeviceRequests> {
        Arc::clone(&self.device_requests) as Arc<dyn DeviceRequests>
    }

    fn administration(&self) -> Arc<dyn Administration> {
        let Inner { log, records, events, .. } = self.inner.lock().clone();
        Arc::new(Moment { log, records, events })
    }

    fn erasures(&self) -> Arc<dyn Erasures> {
        Arc::clone(&self.kept) as Arc<dyn Erasures>
    }

    fn newest(&self) -> Option<Timestamp> {
        None
    }

    fn health(&self) -> Health {
        Health::default()
    }

    async fn anonymize_under(
        &self,
        lease: Option<&Fence>,
        user_id: &UserId,
    ) -> Result<usize, CommitError> {
        self.check_open()?;
        lease.map_or(Ok(()), Fence::check)?;
        let mut changed = 0;
        for stored in &mut self.inner.lock().events {
            if stored.event.user_id.as_ref() == Some(user_id) {
                let event = stored.event.clone().anonymised();
                let json = json_of(&event);
                *stored = Arc::new(StoredEvent { seq: stored.seq, event, json });
                changed += 1;
            }
        }
        Ok(changed)
    }

    async fn purge(&self) -> io::Result<()> {
        self.check_open().map_err(io::Error::other)
    }

    async fn close(&self) -> io::Result<()> {
        self.is_closed.store(true, Ordering::SeqCst);
        Ok(())
    }
}

//! Floor 3: what the product does. Each function loads, decides, commits and publishes; nothing
//! here knows of HTTP or of files.
//!
//! A change is decided inside [`Store::commit`], on the newest state: what a function read before
//! is only good for a quick answer, never for a decision.

mod accounts;
mod spawn;
mod caller;
mod changes;
mod children;
mod clock_check;
mod deletion;
mod demo;
mod error;
mod events;
mod expiry;
mod limits;
mod logins;
mod mutations;
mod passwords;
mod rates;
mod rewards;
mod sessions;
mod sinks;
mod tasks;
mod tracking;

pub use accounts::{LoggedIn, NewAccount};
pub use caller::{Admin, Caller, Parent, Scope, Token};
pub use changes::ChangeLimits;
pub use children::{ChildPatch, NewChild};
pub use deletion::{
    Attempted, DeletionSettings, AttemptOutcome, Queued, ThresholdInForce, Trigger,
};
pub use demo::{Demo, DemoLogin};
pub use error::{Causes, ServiceError};
pub use events::{EventStream, StreamRequest};
pub use limits::FamilyLimits;
pub use logins::{LoginLimits, SignupLimits};
pub use mutations::Mutated;
pub(crate) use rates::network;
pub use rewards::{NewReward, Offer, RewardPatch};
pub use sessions::SentSessions;
pub use sinks::{AuditSink, LiveSink};
pub use tasks::{NewTask, TaskPatch};
pub use tracking::EventQuery;

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tracing::Span;

use crate::clock::Clock;
use crate::domain::{ClockWatch, Page, Points};
use crate::followers::audit_log::DeletionLog;
use crate::followers::broker::Broker;
use crate::metrics::{self, Metrics};
use crate::store::{
    AnyStore, Commit, Context, Decided, Health, Listed, Projection, Scope as StoreScope, Snapshot,
    Store,
};
use changes::ChangeRates;
use deletion::Deletions;
use logins::Attempts;
use passwords::Passwords;

/// What the operator decides about the product.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How low a penalty can push a child's points.
    pub points_floor: Points,
    /// Whether anyone may make an account.
    pub signup_open: bool,
    /// How many live streams a session may have open at once.
    pub streams_per_session: usize,
    /// How often passwords may be tried.
    pub logins: LoginLimits,
    /// How often accounts may be made.
    pub signups: SignupLimits,
    /// How many changes may be asked for.
    pub changes: ChangeLimits,
    /// How much a family may have.
    pub family: FamilyLimits,
    /// How accounts are deleted.
    pub deletion: DeletionSettings,
    /// The method of new password hashes. Operators cannot change it; tests set a cheaper one.
    pub password_method: &'static str,
}

/// The product. One instance serves all requests.
pub struct Service {
    store: Arc<AnyStore>,
    broker: Broker,
    clock: Clock,
    attempts: Attempts,
    change_rates: ChangeRates,
    passwords: Passwords,
    settings: Settings,
    metrics: metrics::Logins,
    deletions: Deletions,
    /// Why the last housekeeping failed.
    expiry_error: Mutex<Option<String>>,
    clock_watch: Mutex<ClockWatch>,
}

/// One page of a list.
#[derive(Debug)]
pub struct Listing<T> {
    /// The page.
    pub records: Vec<T>,
    /// How many there are on all pages.
    pub total: usize,
}

impl<T> From<Listed<T>> for Listing<Arc<T>> {
    fn from(Listed { records, total }: Listed<T>) -> Self {
        Self { records, total }
    }
}

impl<T> Listing<T> {
    fn cut(mut records: Vec<T>, page: Page) -> Self {
        let total = records.len();
        records.truncate(page.offset.saturating_add(page.limit));
        records.drain(..page.offset.min(records.len()));
        Self { records, total }
    }

    /// The same page of what each record becomes.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Listing<U> {
        let records = self.records.into_iter().map(change).collect();
        Listing { records, total: self.total }
    }
}

impl Service {
    /// The product on a store, telling its readers through `broker`. The store's sinks must include a
    /// [`LiveSink`] of the same broker. Logins and deletions are counted in `metrics`, and deletions
    /// noted in `deletion_log`.
    pub fn new(
        store: impl Into<AnyStore>,
        broker: Broker,
        clock: Clock,
        settings: Settings,
        deletion_log: DeletionLog,
        metrics: &Metrics,
    ) -> Self {
        let metrics_of_deletions = metrics.deletions.clone();
        let store = Arc::new(store.into());
        let deletions = Deletions::new(deletion_log, metrics_of_deletions, &clock);
        let last_row = store.history().last_row();
        let clock_watch = ClockWatch::new(clock.now(), clock.elapsed(), last_row);
        let service = Self {
            store,
            broker,
            attempts: Attempts::new(
                clock.clone(),
                settings.logins,
                settings.signups,
                metrics.logins.clone(),
            ),
            change_rates: ChangeRates::new(clock.clone(), settings.changes),
            clock,
            passwords: Passwords::new(settings.password_method),
            settings,
            metrics: metrics.logins.clone(),
            deletions,
            expiry_error: Mutex::default(),
            clock_watch: Mutex::new(clock_watch),
        };
        service.warn_of_rows_ahead();
        service
    }

    /// Returns whether there is no record of any kind yet.
    pub async fn is_new(&self) -> Result<bool, ServiceError> {
        Ok(self.store.is_empty().await?)
    }

    pub async fn count_accounts(&self) -> Result<usize, ServiceError> {
        Ok(self.store.count_accounts().await?)
    }

    /// Returns what works and what does not.
    pub async fn health(&self) -> Health {
        let mut health = self.store.health();
        if self.broker.has_failed() {
            let is_live = |projection: &&mut Projection| projection.name == LiveSink::NAME;
            if let Some(live) = health.projections.iter_mut().find(is_live) {
                live.last_error = Some("its thread has panicked; a restart mends it".to_owned());
            }
        }
        health.projections.push(self.deletion_health().await);
        health.projections.push(self.expiry_health());
        health.projections.push(self.clock_health());
        health
    }

    /// The server stops: every live stream ends, and those to come, and the account that is being
    /// deleted is left between two steps.
    pub fn start_shutdown(&self) {
        self.broker.close_all();
        self.deletions.stop();
    }

    /// Takes no more changes and brings everything on the disk to its final form.
    ///
    /// After an error what was answered is still durable, and the next start completes it.
    pub async fn close(&self) -> std::io::Result<()> {
        self.store.close().await
    }

    /// Executes a transaction. The decision's log lines belong to the caller's span.
    async fn transact<T: Send + 'static>(
        &self,
        scope: StoreScope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> Result<Commit<T>, ServiceError> {
        let span = Span::current();
        let decide = move |records: &dyn Snapshot, context: &mut Context| {
            span.in_scope(|| decide(records, context))
        };
        Ok(self.store.transact(scope, decide).await?)
    }

    /// Executes a transaction in the caller's family. Fails if the caller's session has ended.
    async fn transact_as<T: Send + 'static>(
        &self,
        caller: &Caller,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> Result<Commit<T>, ServiceError> {
        let scope = caller.family();
        let caller = caller.clone();
        let decide = move |records: &dyn Snapshot, context: &mut Context| {
            caller.check_session(records, context.now())?;
            decide(records, context)
        };
        self.transact(scope, decide).await
    }

    /// Returns the records of the caller's family.
    async fn records_of(&self, caller: &Caller) -> Result<Arc<dyn Snapshot>, ServiceError> {
        Ok(self.store.read(caller.family()).await?)
    }

    /// Returns the value of a setting; `None` if it was never set.
    async fn setting(&self, name: &str) -> Result<Option<Value>, ServiceError> {
        Ok(self.store.read(StoreScope::Server).await?.setting(name))
    }
}

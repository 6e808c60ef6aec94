//! Floor 3: what the product does. Each function loads, decides, commits and publishes; nothing
//! here knows of HTTP or of files.
//!
//! A change is decided inside [`Store::commit`], on the newest state: what a function read before
//! is only good for a quick answer, never for a decision.

mod accounts;
mod blocking;
mod caller;
mod changes;
mod children;
mod clock;
mod deletion;
mod demo;
mod error;
mod events;
mod housekeeping;
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
    Attempted, DeletionSettings, Outcome as AttemptOutcome, Queued, ThresholdInForce, Trigger,
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
use tracing::Span;

use crate::clock::Clock;
use crate::domain::{ClockWatch, Page, Points, RuleViolation, Timestamp};
use crate::followers::audit_log::DeletionLog;
use crate::followers::broker::Broker;
use crate::metrics::{self, Metrics};
use crate::store::{Changes, Health, Listed, Projection, Store, StoredEvent, View};
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
    store: Arc<dyn Store>,
    broker: Broker,
    clock: Clock,
    attempts: Attempts,
    change_rates: ChangeRates,
    passwords: Passwords,
    settings: Settings,
    metrics: metrics::Logins,
    deletions: Deletions,
    /// Why the last housekeeping failed.
    housekeeping_error: Mutex<Option<String>>,
    clock_watch: Mutex<ClockWatch>,
}

/// What a commit did.
struct Outcome<T> {
    /// What the decision handed out.
    value: T,
    /// The event that it recorded.
    event: Option<Arc<StoredEvent>>,
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
        store: Arc<dyn Store>,
        broker: Broker,
        clock: Clock,
        settings: Settings,
        deletion_log: DeletionLog,
        metrics: &Metrics,
    ) -> Self {
        let view = store.view();
        let metrics_of_deletions = metrics.deletions.clone();
        let deletions = Deletions::new(deletion_log, metrics_of_deletions, &*view, &clock);
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
            housekeeping_error: Mutex::default(),
            clock_watch: Mutex::new(clock_watch),
        };
        service.warn_of_rows_ahead();
        service
    }

    /// Whether there is no record of any kind yet.
    pub fn is_new(&self) -> bool {
        self.store.view().is_empty()
    }

    /// How many accounts there are.
    pub fn count_accounts(&self) -> usize {
        self.store.view().count_users()
    }

    /// What works and what doesn't.
    pub fn health(&self) -> Health {
        let mut health = self.store.health();
        if self.broker.has_failed() {
            let is_live = |projection: &&mut Projection| projection.name == LiveSink::NAME;
            if let Some(live) = health.projections.iter_mut().find(is_live) {
                live.last_error = Some("its thread has panicked; a restart mends it".to_owned());
            }
        }
        health.projections.push(self.deletion_health());
        health.projections.push(self.housekeeping_health());
        health.projections.push(self.clock_health());
        health
    }

    /// The server stops: every live stream ends, and those to come, and the account that is being
    /// deleted is left between two steps.
    pub fn begin_stop(&self) {
        self.broker.close_all();
        self.deletions.stop();
    }

    /// Takes no more changes and brings everything on the disk to its final form.
    ///
    /// After an error what was answered is still durable, and the next start completes it.
    pub async fn close(&self) -> std::io::Result<()> {
        self.store.close().await
    }

    /// Commits what `decide` decides and gives back what it handed out.
    async fn transact<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&dyn View, Timestamp) -> Result<(Changes, T), RuleViolation>
        + Send
        + 'static,
    ) -> Result<Outcome<T>, ServiceError> {
        let span = Span::current();
        let committed = self
            .store
            .commit(Box::new(move |view, now| {
                let (changes, value) = span.in_scope(|| decide(view, now))?;
                Ok((changes, Box::new(value)))
            }))
            .await?;
        match committed.value.downcast::<T>() {
            Ok(value) => Ok(Outcome { value: *value, event: committed.event }),
            Err(_) => Err(ServiceError::internal(
                "the store handed out another value than the decision gave",
            )),
        }
    }

    /// Commits what `decide` decides for a caller whose session has not ended by then.
    async fn transact_as<T: Send + 'static>(
        &self,
        caller: &Caller,
        decide: impl FnOnce(&dyn View, Timestamp) -> Result<(Changes, T), RuleViolation>
        + Send
        + 'static,
    ) -> Result<Outcome<T>, ServiceError> {
        let caller = caller.clone();
        self.transact(move |view, now| {
            caller.check_session(view, now)?;
            decide(view, now)
        })
        .await
    }
}

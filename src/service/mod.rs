//! Floor 3: the use cases. Each function loads records, decides and commits. There is nothing about
//! HTTP or files here.
//!
//! A change is decided inside [`Store::transact`], on the newest state. Records that a function has read
//! before are never the basis of a change.

mod accounts;
mod administration;
mod administration_log;
mod api_secret;
mod authority;
mod backups;
mod badges;
mod calendar_feeds;
mod caller;
mod certificates;
mod changes;
mod child_states;
mod children;
mod clock_check;
mod console;
mod corrections;
mod deletion;
mod demo;
mod devices;
mod error;
mod events;
mod expiry;
mod export;
mod family;
mod family_records;
mod helpers;
mod joining;
mod keys;
mod limits;
mod logins;
mod members;
mod messages;
mod mutations;
mod overview;
mod passwords;
mod pins;
mod profile;
mod progress;
mod rates;
mod replays;
mod requests;
mod resets;
mod rewards;
mod schedules;
mod sessions;
mod signups;
mod spawn;
mod task_limits;
mod task_states;
mod tasks;
mod token;
mod tokens;
mod tracking;
mod transfer;
mod warnings;
mod webhooks;

pub use accounts::LoggedIn;
pub use administration::{AccountDetails, AccountPatch, ManagedAccount};
pub use administration_log::LoggedAction;
pub use api_secret::ApiSecret;
pub use authority::Authority;
pub use backups::{BackupPurpose, BackupSchedule, SentBackup};
pub use badges::{BadgePatch, BadgeState, ChildBadge, NearBadge, NewBadge};
pub use calendar_feeds::{NewFeed, ServedFeed};
pub use caller::{Admin, Adult, Caller, Owner, Parent, SessionRole};
pub use certificates::{Achievement, Certificate, CertificateKind, Month};
pub use changes::ChangeLimits;
pub use child_states::ChildState;
pub use children::{ChildPatch, NewChild};
pub use deletion::{
    AttemptOutcome, Attempted, DeletionSettings, Queued, ThresholdInForce, Trigger,
};
pub use demo::{Demo, DemoLogin, SimulatedTime};
pub use devices::{DeviceChild, DeviceCodes, DeviceTokens, LiveDeviceSession, PairedDevice};
pub use error::{Causes, ServiceError};
pub use events::{EventStream, StreamRequest};
pub use export::{AccountExport, ExportFormat, ExportQuery, ExportedEvents};
pub use family::FamilySettingsPatch;
pub use family_records::Created;
pub use limits::FamilyLimits;
pub use logins::{LoginLimits, SignupLimits};
pub use members::{ListedInvitation, NewInvitation, ShownInvitation};
pub use mutations::Mutated;
pub use overview::{ServerActivity, ServerSession, ServerWebhook, Stats};
pub use profile::UserPatch;
pub use progress::{Balance, Progress, Ranking, RankingPeriod, Series, Statistics, Used};
pub(crate) use rates::network;
pub use resets::ResetLink;
pub use rewards::{NewReward, Offer, RewardPatch};
pub use schedules::{Completion, FeedEvent, ScheduleStatistics, ShownOccurrence, Skip, Today};
pub use sessions::{ListedSession, SentSessions};
pub use signups::NewAccount;
pub use task_limits::Availability;
pub use task_states::{LastEvents, TaskState};
pub use tasks::{NewTask, TaskPatch};
pub use token::Token;
pub use tokens::{CreatedToken, ListedToken, NewApiToken};
pub use tracking::{EventQuery, NamedMembers};
pub use warnings::Warning;
pub use webhooks::{NewSecret, NewWebhook, WebhookPatch};

pub use crate::store::Listing;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde_json::Value;
use tracing::Span;

use crate::clock::Clock;
use crate::domain::calendar::Zone;
use crate::domain::webhooks::AllowedHosts;
use crate::domain::{ClockWatch, Points, Timestamp};
use crate::followers::audit_log::{AuditFollower, DeletionLog};
use crate::followers::broker::Broker;
use crate::followers::{ErasureCopy, Followers};
use crate::metrics::{self, Metrics};
use crate::store::{
    AnyStore, Commit, Context, Decided, Health, Lease, Projection, Purpose, Scope, Snapshot, Store,
};
use backups::Backups;
use badges::Evaluations;
use changes::ChangeRates;
use deletion::Deletions;
use export::Exports;
use logins::Attempts;
use messages::with_messages;
use passwords::Passwords;
use progress::KeptSums;
use replays::Replays;
use schedules::{ScheduleJob, with_next_look};
use webhooks::Webhooks;

/// The operator's settings of the use cases.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// A penalty does not push a child's points below this.
    pub points_floor: Points,
    /// Whether anyone may create an account.
    pub signup_open: bool,
    /// The zone of a family that has set none.
    pub time_zone: Zone,
    /// The number of event streams that a session can have open.
    pub streams_per_session: usize,
    pub logins: LoginLimits,
    pub signups: SignupLimits,
    pub changes: ChangeLimits,
    pub family: FamilyLimits,
    pub deletion: DeletionSettings,
    /// Where webhooks may be sent to besides the public Internet.
    pub webhook_allow: AllowedHosts,
    /// How often an idle event stream sends a comment and checks its session. Operators cannot change it.
    pub heartbeat: Duration,
    /// The method of new password hashes. Operators cannot change it; tests set a cheaper one.
    pub password_method: &'static str,
}

/// The use cases. One instance serves all requests.
pub struct Service {
    store: Arc<AnyStore>,
    broker: Broker,
    audit_log: Option<Arc<AuditFollower>>,
    erasure_copy: Option<Arc<ErasureCopy>>,
    clock: Clock,
    attempts: Attempts,
    change_rates: ChangeRates,
    exports: Exports,
    backups: Backups,
    passwords: Passwords,
    kept_sums: KeptSums,
    evaluations: Evaluations,
    replays: Replays,
    settings: ArcSwap<ServiceSettings>,
    metrics: metrics::Logins,
    deletions: Deletions,
    schedules: ScheduleJob,
    webhooks: Webhooks,
    /// Why the last removal of expired records failed.
    expiry_error: Mutex<Option<String>>,
    clock_watch: Mutex<ClockWatch>,
}

impl Service {
    /// Creates the service on a store and on what follows that store's history.
    pub fn new(
        store: impl Into<AnyStore>,
        followers: Followers,
        clock: Clock,
        settings: ServiceSettings,
        deletion_log: DeletionLog,
        metrics: &Metrics,
    ) -> Self {
        let metrics_of_deletions = metrics.deletions.clone();
        let store = Arc::new(store.into());
        let deletions = Deletions::new(deletion_log, metrics_of_deletions, &clock);
        let clock_watch = ClockWatch::new(clock.now(), clock.elapsed());
        let service = Self {
            store,
            broker: followers.broker,
            audit_log: followers.audit_log.map(Arc::new),
            erasure_copy: followers.erasure_copy.map(Arc::new),
            attempts: Attempts::new(
                clock.clone(),
                settings.logins,
                settings.signups,
                metrics.logins.clone(),
            ),
            change_rates: ChangeRates::new(clock.clone(), settings.changes),
            exports: Exports::new(metrics.exports.clone()),
            backups: Backups::new(metrics.backups.clone()),
            evaluations: Evaluations::new(clock.now()),
            replays: Replays::default(),
            clock,
            passwords: Passwords::new(settings.password_method),
            kept_sums: KeptSums::default(),
            settings: ArcSwap::from_pointee(settings),
            metrics: metrics.logins.clone(),
            deletions,
            schedules: ScheduleJob::default(),
            webhooks: Webhooks::new(followers.webhooks, metrics.webhooks.clone()),
            expiry_error: Mutex::default(),
            clock_watch: Mutex::new(clock_watch),
        };
        service.warn_of_rows_ahead();
        service
    }

    /// Has it make backups on a schedule.
    #[must_use]
    pub fn with_backups(mut self, schedule: Option<BackupSchedule>) -> Self {
        if let Some(schedule) = schedule {
            self.backups.set_schedule(schedule);
        }
        self
    }

    fn settings(&self) -> Arc<ServiceSettings> {
        self.settings.load_full()
    }

    /// Replaces the settings. Limits of attempts that have changed count from zero again. The interval of
    /// the deletion, the heartbeat and the method of password hashes stay.
    pub fn reload(&self, settings: ServiceSettings) {
        self.attempts.set_limits(settings.logins, settings.signups);
        self.change_rates.set_limits(settings.changes);
        self.settings.store(Arc::new(settings));
    }

    /// The time of the server's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When the server was started.
    pub fn started_at(&self) -> Timestamp {
        self.deletions.started.0
    }

    /// Whether several processes can use the store.
    pub fn is_shared(&self) -> bool {
        matches!(*self.store, AnyStore::Postgres(_))
    }

    /// Whether anyone may create an account.
    pub fn is_signup_open(&self) -> bool {
        self.settings().signup_open
    }

    /// Returns whether there is no record of any kind yet.
    pub async fn is_new(&self) -> Result<bool, ServiceError> {
        Ok(self.store.is_empty().await?)
    }

    pub async fn count_accounts(&self) -> Result<usize, ServiceError> {
        Ok(self.store.count_accounts().await?)
    }

    /// Returns the state of the store, its followers and the background work.
    pub async fn health(&self) -> Health {
        let mut health = self.store.health();
        health.projections.extend(self.audit_log.as_ref().map(|log| log.health()));
        let failed = || "its thread has panicked: restart the server".to_owned();
        let last_error = self.broker.has_failed().then(failed);
        health.projections.push(Projection { name: Broker::NAME, backlog: 0, last_error });
        health.projections.push(self.deletion_health().await);
        health.projections.push(self.evaluation_health());
        health.projections.push(self.schedules_health());
        health.projections.push(self.webhooks_health());
        health.projections.extend(self.erasure_copy.as_ref().map(|copy| copy.health()));
        health.projections.extend(self.backups.health());
        health.projections.push(self.expiry_health());
        health.projections.push(self.clock_health());
        health
    }

    /// Ends all event streams, including later ones, and interrupts a running account deletion between
    /// two steps.
    pub fn start_shutdown(&self) {
        self.broker.close_all();
        self.deletions.stop();
    }

    /// Waits until every follower has caught up, stops accepting changes, and writes all files. A log
    /// that cannot be written is completed after the next start.
    ///
    /// After an error, all committed changes are still durable, and the next start completes the files.
    pub async fn close(&self) -> std::io::Result<()> {
        self.broker.close_all();
        if let Some(log) = &self.audit_log {
            log.close().await;
        }
        self.store.close().await
    }

    /// Takes a lease if it is not held yet; returns whether it is.
    async fn holds(&self, lease: &mut Option<Lease>, purpose: Purpose) -> bool {
        if !lease.as_ref().is_some_and(Lease::is_held) {
            drop(lease.take());
            *lease = self.store.lease(purpose).await;
        }
        lease.is_some()
    }

    /// Counts a request for a change, whether or not it succeeds. An API token has counts of its own.
    ///
    /// Fails with [`ServiceError::TooManyChanges`] beyond a limit, and then does not count the request.
    pub fn count_change(&self, caller: &Caller, address: IpAddr) -> Result<(), ServiceError> {
        match caller.api_token() {
            Some(_) => self.change_rates.count_token(caller.token_hash()),
            None => self.change_rates.count(&caller.account().id, address),
        }
    }

    /// Executes a transaction. The decision's log lines belong to the caller's span.
    async fn transact<T: Send + 'static>(
        &self,
        scope: Scope,
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
        self.transact_within(caller.family(), caller, decide).await
    }

    /// Executes a transaction in a scope of the caller's family. Fails if the caller's session has ended.
    async fn transact_within<T: Send + 'static>(
        &self,
        scope: Scope,
        caller: &Caller,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> Result<Commit<T>, ServiceError> {
        let caller = caller.clone();
        let decide = move |records: &dyn Snapshot, context: &mut Context| {
            caller.check_session(records, context.now())?;
            let (changes, value) = decide(records, context)?;
            let family = &caller.user().id;
            let changes = with_next_look(changes, records, family, context.now());
            Ok((with_messages(changes, records, family, context.now()), value))
        };
        self.transact(scope, decide).await
    }

    /// Returns the records of the caller's family. Fails if the session has ended since the request was authenticated:
    /// otherwise a removed member could see what the family has changed after the removal.
    async fn records_of(&self, caller: &Caller) -> Result<Arc<dyn Snapshot>, ServiceError> {
        let records = self.store.read(caller.family()).await?;
        caller.check_session(&*records, self.clock.now())?;
        Ok(records)
    }

    /// Returns the value of a setting; `None` if it was never set.
    async fn setting(&self, name: &str) -> Result<Option<Value>, ServiceError> {
        Ok(self.store.read(Scope::Server).await?.setting(name))
    }
}

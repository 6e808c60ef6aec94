//! Leases: rows with an expiry by the database's clock, and a token that grows with each holder.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Object;
use parking_lot::Mutex;
use tokio::time::sleep;
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};
use tokio_util::task::TaskTracker;

use super::connect::{ATTEMPTS, begin, give_back, rows};
use super::cursors::Cursors;
use super::error::Failure;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql::{self, Sql};
use crate::clock::Clock;
use crate::store::{Fence, HeldLease, Lease, Purpose};

/// After this time without a renewal, another server can take a lease.
const LIFETIME: Duration = Duration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(5);
/// How long the holder uses a lease after a renewal, by its own clock: it stops before the lease
/// expires.
const USE: Duration = Duration::from_secs(13);

/// The leases that this server has.
pub(super) struct Leases {
    held: Mutex<HashSet<Purpose>>,
    cursors: Arc<Cursors>,
    /// The leases that are being given back.
    releases: TaskTracker,
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::AuditLog => "audit_log",
        Purpose::DeletionSchedule => "deletion_schedule",
        Purpose::Expiry => "expiry",
        Purpose::Backups => "backups",
        Purpose::Badges => "badges",
        Purpose::Schedules => "schedules",
        Purpose::Webhooks => "webhooks",
    }
}

impl Leases {
    /// Waits until the leases that were dropped are given back: otherwise no server could take them
    /// before they expire.
    pub(super) async fn released(&self) {
        self.releases.close();
        self.releases.wait().await;
    }

    pub(super) fn new(cursors: Arc<Cursors>) -> Self {
        Self { held: Mutex::default(), cursors, releases: TaskTracker::new() }
    }

    /// Takes the lease for a purpose; `None` while another holder has it.
    pub(super) async fn take(
        self: Arc<Self>,
        runtime: &Runtime,
        purpose: Purpose,
    ) -> Result<Option<Lease>, Failure> {
        if !self.held.lock().insert(purpose) {
            return Ok(None);
        }
        let until = Mutex::new(deadline());
        let row = take_row(&runtime.inner, purpose).await;
        let Ok(Some(token)) = row else {
            self.held.lock().remove(&purpose);
            return row.map(|_| None);
        };
        let (leases, runtime) = (self, runtime.clone());
        let held = Held { purpose, token, leases, until, is_lost: AtomicBool::new(false), runtime };
        let held = Arc::new(held);
        held.runtime.handle.spawn(renew(Arc::clone(&held)));
        Ok(Some(Lease::new(held)))
    }
}

async fn take_row(inner: &Inner, purpose: Purpose) -> Result<Option<i64>, Failure> {
    let values: [&(dyn ToSql + Sync); 3] = [&name(purpose), &inner.server, &LIFETIME.as_secs_f64()];
    let found = inner.db.rows(&sql::TAKE_LEASE, &values).await?;
    Ok(found.first().map(|row| row.try_get("token")).transpose()?)
}

/// When the holder of a lease that is taken now must have stopped, by the time elapsed.
fn deadline() -> Duration {
    Clock::system().elapsed() + USE
}

/// A lease of this server.
struct Held {
    purpose: Purpose,
    token: i64,
    leases: Arc<Leases>,
    until: Mutex<Duration>,
    is_lost: AtomicBool,
    runtime: Runtime,
}

async fn renew(held: Arc<Held>) {
    loop {
        sleep(RENEWAL).await;
        if !held.is_held() {
            return;
        }
        let until = deadline();
        let values: [&(dyn ToSql + Sync); 3] =
            [&name(held.purpose), &held.token, &LIFETIME.as_secs_f64()];
        match held.runtime.inner.db.rows(&sql::RENEW_LEASE, &values).await {
            Ok(found) if found.is_empty() => held.lose(),
            Ok(_) => *held.until.lock() = until,
            Err(failure) => {
                tracing::warn!(error = %failure.line(), "a lease could not be renewed");
            }
        }
    }
}

impl HeldLease for Arc<Held> {
    fn is_held(&self) -> bool {
        !self.is_lost.load(Ordering::SeqCst) && Clock::system().elapsed() < *self.until.lock()
    }

    /// Saves the cursors that were saved under the lease, and gives the lease back.
    fn release(&self) {
        let held = Arc::clone(self);
        // This server may take the lease before it is released: then its token is another one.
        self.leases.held.lock().remove(&self.purpose);
        let release = async move {
            let inner = &held.runtime.inner;
            held.leases.cursors.save(inner).await;
            held.lose();
            let values: [&(dyn ToSql + Sync); 2] = [&name(held.purpose), &held.token];
            if let Err(failure) = inner.db.rows(&sql::RELEASE_LEASE, &values).await {
                tracing::warn!(error = %failure.line(), "a lease could not be released");
            }
        };
        self.leases.releases.spawn_on(release, &self.runtime.handle);
    }

    fn identity(&self) -> Option<(&'static str, i64)> {
        Some((name(self.purpose), self.token))
    }

    fn lose(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
    }
}

/// Locks leases until the end of the transaction, so that nobody can take them, and returns whether all
/// are valid. Notes those that are not.
pub(super) async fn are_valid(
    client: &impl GenericClient,
    leases: &[Fence],
) -> Result<bool, Failure> {
    let (names, tokens): (Vec<_>, Vec<_>) = leases.iter().filter_map(Fence::identity).unzip();
    let found = rows(client, &sql::LOCK_LEASES, &[&names, &tokens]).await?;
    let valid = found.iter().map(|row| Ok((row.try_get("name")?, row.try_get("token")?)));
    let valid = valid.collect::<Result<HashSet<(&str, i64)>, Failure>>()?;
    let mut are_valid = true;
    for lease in leases {
        if lease.identity().is_none_or(|identity| !valid.contains(&identity)) {
            lease.lose();
            are_valid = false;
        }
    }
    Ok(are_valid)
}

impl Inner {
    /// Executes a statement that can be repeated, in a transaction in which a lease is valid.
    pub(super) async fn rows_under(
        &self,
        lease: Option<&Fence>,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let Some(lease) = lease else { return self.db.rows(sql, values).await };
        for _ in 1..ATTEMPTS {
            match self.rows_under_once(lease, sql, values).await {
                Err(failure) if self.db.examine(&failure) => {}
                other => return other,
            }
        }
        self.rows_under_once(lease, sql, values).await
    }

    async fn rows_under_once(
        &self,
        lease: &Fence,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        lease.check().map_err(|_| Failure::LeaseLost)?;
        let mut client = self.db.client().await?;
        let found = rows_if_valid(&mut client, lease, sql, values).await;
        give_back(client, matches!(found, Err(Failure::Late)));
        found
    }
}

/// Executes a statement in a transaction in which a lease is valid.
async fn rows_if_valid(
    client: &mut Object,
    lease: &Fence,
    sql: &Sql,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Failure> {
    let transaction = begin(client).await?;
    if !are_valid(&*transaction, std::slice::from_ref(lease)).await? {
        return Err(Failure::LeaseLost);
    }
    let found = rows(&*transaction, sql, values).await?;
    transaction.commit().await?;
    Ok(found)
}

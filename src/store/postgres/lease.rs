//! Leases: rows with an expiry by the database's clock, and a token that grows with each holder.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::error::Failure;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql;
use crate::clock::Clock;
use crate::store::{HeldLease, Lease, Purpose};

/// After this time without a renewal, another server can take a lease.
const LIFETIME: Duration = Duration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(5);
/// How long the holder uses a lease after a renewal, by its own clock: it stops before the lease
/// expires.
const USE: Duration = Duration::from_secs(13);

/// The leases that this server has.
#[derive(Default)]
pub(super) struct Leases {
    held: Mutex<HashSet<Purpose>>,
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::AuditLog => "audit_log",
        Purpose::DeletionSchedule => "deletion_schedule",
        Purpose::Expiry => "expiry",
    }
}

impl Leases {
    /// Takes the lease for a purpose; `None` while another holder has it.
    pub(super) async fn take(
        self: Arc<Self>,
        runtime: &Runtime,
        purpose: Purpose,
    ) -> Result<Option<Lease>, Failure> {
        if !self.held.lock().insert(purpose) {
            return Ok(None);
        }
        let held = Arc::new(Held {
            purpose,
            leases: self,
            until: Mutex::new(deadline()),
            is_lost: AtomicBool::new(false),
        });
        let inner = &runtime.inner;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&name(purpose), &inner.server, &LIFETIME.as_secs_f64()];
        let found = inner.db.rows(&sql::TAKE_LEASE, &values).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let token: i64 = row.try_get("token")?;
        let renewal = renew(Arc::clone(inner), Arc::clone(&held), token);
        let renewal = runtime.handle.spawn(renewal).abort_handle();
        Ok(Some(Lease::new(Owned { held, token, renewal, runtime: runtime.clone() })))
    }
}

/// When the holder of a lease that is taken now must have stopped, by the time elapsed.
fn deadline() -> Duration {
    Clock::system().elapsed() + USE
}

/// A lease of this server, which is free again for it when this is dropped.
struct Held {
    purpose: Purpose,
    leases: Arc<Leases>,
    until: Mutex<Duration>,
    is_lost: AtomicBool,
}

impl Held {
    fn is_held(&self) -> bool {
        !self.is_lost.load(Ordering::SeqCst) && Clock::system().elapsed() < *self.until.lock()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.leases.held.lock().remove(&self.purpose);
    }
}

async fn renew(inner: Arc<Inner>, held: Arc<Held>, token: i64) {
    while held.is_held() {
        sleep(RENEWAL).await;
        let until = deadline();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&name(held.purpose), &token, &LIFETIME.as_secs_f64()];
        match inner.db.rows(&sql::RENEW_LEASE, &values).await {
            Ok(found) if found.is_empty() => held.is_lost.store(true, Ordering::SeqCst),
            Ok(_) => *held.until.lock() = until,
            Err(failure) => {
                tracing::warn!(error = %failure.line(), "a lease could not be renewed");
            }
        }
    }
}

/// What the holder drops to give the lease back.
struct Owned {
    held: Arc<Held>,
    token: i64,
    renewal: AbortHandle,
    runtime: Runtime,
}

impl HeldLease for Owned {
    fn is_held(&self) -> bool {
        self.held.is_held()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.renewal.abort();
        // This server may take the lease before it is released: then its token is another one.
        self.held.leases.held.lock().remove(&self.held.purpose);
        let (name, token) = (name(self.held.purpose), self.token);
        let inner = Arc::clone(&self.runtime.inner);
        self.runtime.handle.spawn(async move {
            if let Err(failure) = inner.db.rows(&sql::RELEASE_LEASE, &[&name, &token]).await {
                tracing::warn!(error = %failure.line(), "a lease could not be released");
            }
        });
    }
}

//! Leases, and changes that are made under one.

use std::sync::Arc;

use super::CommitError;

/// Work that only one server does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Writing the audit log.
    AuditLog,
    /// Deleting accounts on schedule.
    DeletionSchedule,
    /// Removing expired sessions and idempotency keys.
    Expiry,
    /// Making backups on schedule.
    Backups,
    /// Evaluating what children have earned.
    Badges,
    /// Noticing that scheduled tasks become due, late or missed.
    Schedules,
    /// Delivering what webhooks send.
    Webhooks,
}

/// The right to be the only server that does some work. Dropping it releases it.
pub struct Lease(Arc<dyn HeldLease>);

/// The store's part of a [`Lease`].
pub trait HeldLease: Send + Sync {
    /// Whether the lease is still valid, as far as this server knows.
    fn is_held(&self) -> bool;

    /// Called when the holder drops the lease.
    fn release(&self);

    /// The name and the token by which a database knows the lease.
    fn identity(&self) -> Option<(&'static str, i64)> {
        None
    }

    /// Notes that the database has given the lease to another holder.
    fn lose(&self) {}
}

impl Lease {
    pub fn new(held: impl HeldLease + 'static) -> Self {
        Self(Arc::new(held))
    }

    /// Whether it is still valid. If the store cannot reach a server, it may give the lease to
    /// another one.
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }

    /// A condition for changes: they are made only while this lease is valid.
    pub fn fence(&self) -> Fence {
        Fence(Arc::clone(&self.0))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// The condition that a lease is valid. The store checks it in the transaction that makes a change, so
/// that a server that was paused changes nothing after another one has taken the lease.
#[derive(Clone)]
pub struct Fence(Arc<dyn HeldLease>);

impl Fence {
    /// Fails if it is known that the lease is not valid any more.
    pub fn check(&self) -> Result<(), CommitError> {
        if self.0.is_held() { Ok(()) } else { Err(CommitError::LeaseLost) }
    }

    pub(super) fn identity(&self) -> Option<(&'static str, i64)> {
        self.0.identity()
    }

    pub(super) fn lose(&self) {
        self.0.lose();
    }
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fence").field(&self.identity()).finish()
    }
}

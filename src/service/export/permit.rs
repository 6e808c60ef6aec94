//! Limits the exports: each account can have one in progress.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::UserId;
use crate::metrics;
use crate::service::ServiceError;

/// The exports in progress.
#[derive(Clone)]
pub(in crate::service) struct Exports {
    accounts: Arc<Mutex<HashSet<UserId>>>,
    pub(super) metrics: metrics::Exports,
}

impl Exports {
    pub(in crate::service) fn new(metrics: metrics::Exports) -> Self {
        Self { accounts: Arc::default(), metrics }
    }

    /// Fails if the account has an export in progress.
    pub(super) fn acquire(&self, account: &UserId) -> Result<Permit, ServiceError> {
        if !self.accounts.lock().insert(account.clone()) {
            return Err(ServiceError::ExportInProgress);
        }
        self.metrics.running.inc();
        Ok(Permit { account: account.clone(), exports: self.clone() })
    }
}

/// The permit of an export, returned on drop.
pub(super) struct Permit {
    account: UserId,
    exports: Exports,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.exports.accounts.lock().remove(&self.account);
        self.exports.metrics.running.dec();
    }
}

//! What a store in memory keeps for followers.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::store::{HeldLease, Lease, Purpose};

#[derive(Default)]
pub(super) struct Kept {
    pub(super) wakeups: watch::Sender<()>,
    pub(super) cursors: Mutex<HashMap<String, String>>,
    pub(super) leases: Leases,
}

/// The leases, each with the token of its holder. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Leases(Arc<Mutex<Holders>>);

#[derive(Default)]
struct Holders {
    tokens: HashMap<Purpose, u64>,
    last: u64,
}

impl Leases {
    /// Takes the lease for a purpose; `None` while another holder has it.
    pub(super) fn take(&self, purpose: Purpose) -> Option<Lease> {
        let mut holders = self.0.lock();
        if holders.tokens.contains_key(&purpose) {
            return None;
        }
        holders.last += 1;
        let token = holders.last;
        holders.tokens.insert(purpose, token);
        Some(Lease::new(Held { leases: self.clone(), purpose, token }))
    }

    /// Takes every lease from its holder.
    pub(super) fn revoke(&self) {
        self.0.lock().tokens.clear();
    }
}

struct Held {
    leases: Leases,
    purpose: Purpose,
    token: u64,
}

impl HeldLease for Held {
    fn is_held(&self) -> bool {
        self.leases.0.lock().tokens.get(&self.purpose) == Some(&self.token)
    }

    fn release(&self) {
        if self.is_held() {
            self.leases.0.lock().tokens.remove(&self.purpose);
        }
    }
}

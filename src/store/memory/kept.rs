//! What a store in memory keeps for followers.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::clock::random;
use crate::domain::{ErasureList, Timestamp, UserId};
use crate::store::{BoxFuture, CommitError, Erasures, Fence, HeldLease, Lease, Purpose, ReadError};

#[derive(Default)]
pub(super) struct Kept {
    pub(super) wakeups: watch::Sender<()>,
    pub(super) cursors: Mutex<HashMap<String, String>>,
    pub(super) leases: Leases,
    erasures: Mutex<Option<ErasureList>>,
}

impl Kept {
    fn erased(&self, erased: Option<&UserId>, now: Timestamp) -> ErasureList {
        let mut list = self.erasures.lock();
        let list = list.get_or_insert_with(|| ErasureList::new(random(), now));
        list.update(erased, now);
        list.clone()
    }
}

impl Erasures for Kept {
    fn add(
        &self,
        user_id: UserId,
        now: Timestamp,
        lease: Option<Fence>,
    ) -> BoxFuture<'static, Result<(), CommitError>> {
        let checked = lease.as_ref().map_or(Ok(()), Fence::check);
        if checked.is_ok() {
            self.erased(Some(&user_id), now);
        }
        Box::pin(std::future::ready(checked))
    }

    fn list(&self, now: Timestamp) -> BoxFuture<'static, Result<ErasureList, ReadError>> {
        Box::pin(std::future::ready(Ok(self.erased(None, now))))
    }
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

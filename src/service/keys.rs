//! Idempotency keys: a repeated request changes nothing, and returns what the first one has written.

use std::sync::Arc;

use super::{Caller, Service};
use crate::domain::{IdempotencyKey, IdempotencyRecord, KeyTime, RuleViolation, UserId};
use crate::store::{KeyUse, Snapshot};

/// The idempotency key of a request, and what identifies the request.
pub(super) struct UsedKey {
    user_id: UserId,
    key: IdempotencyKey,
    fingerprint: Arc<str>,
    time: KeyTime,
}

impl UsedKey {
    /// Returns the record of the key if it was used for this request before. Fails if it was used for
    /// another one.
    pub(super) fn first(
        &self,
        records: &dyn Snapshot,
    ) -> Result<Option<Arc<IdempotencyRecord>>, RuleViolation> {
        let found = records.idempotency_record(&self.user_id, &self.key);
        match found.filter(|first| first.is_live(&self.time)) {
            Some(first) if first.fingerprint != self.fingerprint => {
                Err(RuleViolation::IdempotencyKeyReused)
            }
            first => Ok(first),
        }
    }

    /// What is stored with the changes of the request. `record` is the id of the record that it creates;
    /// `None` if its result is an event.
    pub(super) fn stored(&self, record: Option<Arc<str>>) -> KeyUse {
        KeyUse {
            user_id: self.user_id.clone(),
            key: self.key.clone(),
            fingerprint: Arc::clone(&self.fingerprint),
            record,
            at: self.time.now,
        }
    }
}

impl Service {
    pub(super) fn used_key(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        fingerprint: impl FnOnce() -> String,
    ) -> Option<UsedKey> {
        let key = key?;
        let (user_id, fingerprint) = (caller.user().id.clone(), fingerprint().into());
        Some(UsedKey { user_id, key, fingerprint, time: self.key_time() })
    }
}

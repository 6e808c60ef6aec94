//! Idempotency keys: a repeated request changes nothing, and returns what the first one has written.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::token::hexadecimal;
use super::{Caller, Service};
use crate::domain::{IdempotencyKey, IdempotencyRecord, KeyTime, RuleViolation, UserId};
use crate::store::{KeyUse, Snapshot};

/// The idempotency key of a request, and what identifies the request.
pub(super) struct UsedKey {
    user_id: UserId,
    request: KeyOfRequest,
}

/// The key of a request whose account is not known yet.
#[derive(Clone)]
pub(super) struct KeyOfRequest {
    key: IdempotencyKey,
    fingerprint: Arc<str>,
    time: KeyTime,
}

impl KeyOfRequest {
    pub(super) fn used_by(&self, user_id: &UserId) -> UsedKey {
        UsedKey { user_id: user_id.clone(), request: self.clone() }
    }
}

impl UsedKey {
    /// Returns the record of the key if it was used for this request before. Fails if it was used for
    /// another one.
    pub(super) fn first(
        &self,
        records: &dyn Snapshot,
    ) -> Result<Option<Arc<IdempotencyRecord>>, RuleViolation> {
        let found = records.idempotency_record(&self.user_id, &self.request.key);
        match found.filter(|first| first.is_live(&self.request.time)) {
            Some(first) if first.fingerprint != self.request.fingerprint => {
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
            key: self.request.key.clone(),
            fingerprint: Arc::clone(&self.request.fingerprint),
            record,
            at: self.request.time.now,
        }
    }
}

/// The key as it is stored: two adults of a family and their API tokens can use the same one.
fn key_of(caller: &Caller, key: IdempotencyKey) -> IdempotencyKey {
    let (kind, owner) = match caller.api_token() {
        Some(_) => ("token", &*caller.token_hash().0),
        None if caller.is_in_other_family() => ("member", caller.account().id.as_str()),
        None => return key,
    };
    let owner = Sha256::new().chain_update(owner).chain_update([0]);
    let digest = hexadecimal(&owner.chain_update(key.as_str()).finalize());
    IdempotencyKey::from_stored(&format!("{kind} {digest}"))
}

impl Service {
    pub(super) fn used_key(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        fingerprint: impl FnOnce() -> String,
    ) -> Option<UsedKey> {
        let key = key.map(|key| key_of(caller, key));
        Some(self.key_of_request(key, fingerprint)?.used_by(&caller.user().id))
    }

    pub(super) fn key_of_request(
        &self,
        key: Option<IdempotencyKey>,
        fingerprint: impl FnOnce() -> String,
    ) -> Option<KeyOfRequest> {
        let key = key?;
        Some(KeyOfRequest { key, fingerprint: fingerprint().into(), time: self.key_time() })
    }
}

//! Idempotency keys: a repeated request changes nothing, and returns what the first one has written.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::caller::hexadecimal;
use super::{Caller, Parent, Service, ServiceError};
use crate::domain::{
    Id, IdempotencyKey, IdempotencyRecord, KeyResult, KeyTime, RuleViolation, UserId,
};
use crate::store::{Change, Changes, Context, KeyUse, Snapshot};

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

/// A new record, or that of the first request with the same key.
#[derive(Debug)]
pub struct Created<R> {
    /// The record as it is now.
    pub record: Arc<R>,
    pub replayed: bool,
}

/// A record that a request creates.
pub(super) trait NewRecord: Clone + Send + Sync + Sized + 'static {
    /// Its kind, as the fingerprints of keys name it: they are stored, and must not change.
    const KIND: &'static str;

    fn id(&self) -> &Id<Self>;
    fn put(self) -> Change;
    /// Fails if the caller may not read the record, or it does not exist.
    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &Id<Self>,
    ) -> Result<Arc<Self>, RuleViolation>;
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

    /// Creates the record that `decide` returns. `fields` are those of the request. A repeat fails if the
    /// record no longer exists.
    pub(super) async fn create<R: NewRecord>(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        fields: Value,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Result<R, RuleViolation> + Send + Sync + 'static,
    ) -> Result<Created<R>, ServiceError> {
        let key = self.used_key(parent, key, || fingerprint(R::KIND, &fields));
        let caller = parent.clone();
        let commit = self.transact_as(parent, move |records, context| {
            let first = key.as_ref().map(|key| key.first(records)).transpose()?.flatten();
            if let Some(KeyResult::Record(id)) = first.as_ref().map(|first| &first.result) {
                let record = R::find(&caller, records, &Id::from(&**id))?;
                return Ok((Changes::none(), Created { record, replayed: true }));
            }
            let record = decide(records, context)?;
            let remember = key.as_ref().map(|key| key.stored(Some(record.id().shared())));
            let changes = Changes { remember, ..Changes::of([record.clone().put()]) };
            Ok((changes, Created { record: Arc::new(record), replayed: false }))
        });
        Ok(commit.await?.value)
    }
}

/// A text that is different for every new record.
fn fingerprint(kind: &str, fields: &Value) -> String {
    // A fingerprint is stored, and must not contain what a person has written.
    let hash = hexadecimal(&Sha256::digest(fields.to_string()));
    format!("create-{kind}/{hash}")
}

//! How the records that parents create and update are written.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::caller::member_of;
use super::token::hexadecimal;
use super::{Adult, Caller, Parent, Service, ServiceError};
use crate::domain::{Id, IdempotencyKey, KeyResult, RuleViolation, User};
use crate::store::{Change, Changes, Context, Snapshot};

/// A record that a request updates.
pub(super) trait Updatable: Clone + Send + Sync + 'static {
    /// What responses contain.
    type Shown: Send + Sync + 'static;

    fn put(self) -> Change;
    fn shown(self: Arc<Self>, records: &dyn Snapshot) -> Arc<Self::Shown>;
}

/// A record that a request creates.
pub(super) trait Creatable: Updatable {
    /// Its kind, as the fingerprints of keys name it: they are stored, and must not change.
    const KIND: &'static str;

    fn id(&self) -> &Id<Self>;
    /// Fails if the caller may not read the record, or it does not exist.
    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &Id<Self>,
    ) -> Result<Arc<Self>, RuleViolation>;
}

impl Updatable for User {
    type Shown = Self;

    fn put(self) -> Change {
        Change::PutUser(self)
    }

    fn shown(self: Arc<Self>, _: &dyn Snapshot) -> Arc<Self> {
        self
    }
}

/// A new record, or that of the first request with the same key.
#[derive(Debug)]
pub struct Created<R> {
    /// The record as it is now.
    pub record: Arc<R>,
    pub replayed: bool,
}

impl Service {
    /// Updates the record that `decide` returns.
    pub(super) async fn update<R: Updatable>(
        &self,
        caller: &Caller,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Result<R, RuleViolation> + Send + Sync + 'static,
    ) -> Result<Arc<R::Shown>, ServiceError> {
        let commit = self.transact_as(caller, move |records, context| {
            let record = decide(records, context)?;
            Ok((Changes::of([record.clone().put()]), Arc::new(record).shown(records)))
        });
        Ok(commit.await?.value)
    }

    /// Updates the caller's own account, and its name in the family that it is a member of.
    pub(super) async fn update_account_of(
        &self,
        adult: &Adult,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Result<User, RuleViolation>
        + Send
        + Sync
        + 'static,
    ) -> Result<Arc<User>, ServiceError> {
        let caller = adult.clone();
        let commit = self.transact_within(adult.with_account(), adult, move |records, context| {
            let user = decide(records, context)?;
            let member = member_of(records, &caller.user().id, &user.id);
            let named = member.map(|member| Change::PutMember(member.named_as(&user)));
            let changes = [Change::PutUser(user.clone())].into_iter().chain(named);
            Ok((Changes::of(changes), Arc::new(user)))
        });
        Ok(commit.await?.value)
    }

    /// Creates the record that `decide` returns. `fields` are those of the request. A repeat fails if the
    /// record no longer exists.
    pub(super) async fn create<R: Creatable>(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        fields: Value,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Result<R, RuleViolation> + Send + Sync + 'static,
    ) -> Result<Created<R::Shown>, ServiceError> {
        let key = self.used_key(parent, key, || fingerprint(R::KIND, &fields));
        let caller = parent.clone();
        let commit = self.transact_as(parent, move |records, context| {
            let first = key.as_ref().map(|key| key.first(records)).transpose()?.flatten();
            if let Some(KeyResult::Record(id)) = first.as_ref().map(|first| &first.result) {
                let record = R::find(&caller, records, &Id::from(&**id))?.shown(records);
                return Ok((Changes::none(), Created { record, replayed: true }));
            }
            let record = decide(records, context)?;
            let remember = key.as_ref().map(|key| key.stored(Some(record.id().shared())));
            let changes = Changes { remember, ..Changes::of([record.clone().put()]) };
            let record = Arc::new(record).shown(records);
            Ok((changes, Created { record, replayed: false }))
        });
        Ok(commit.await?.value)
    }
}

/// A text that is different for every new record.
pub(super) fn fingerprint(kind: &str, fields: &Value) -> String {
    // A fingerprint is stored, and must not contain what a person has written.
    let hash = hexadecimal(&Sha256::digest(fields.to_string()));
    format!("create-{kind}/{hash}")
}

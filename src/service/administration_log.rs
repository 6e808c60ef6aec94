//! The administration log. An action and its entry are one commit.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Authority, Service, ServiceError};
use crate::domain::{AdminAction, LogEntry, Page, RuleViolation, User, UserId, pseudonym};
use crate::store::{Change, Changes, Context, Listing, Snapshot, Store};

/// An action that is about to be logged.
#[derive(Clone)]
pub(super) struct Recording {
    salt: Arc<str>,
    /// `None` for the operator.
    actor: Option<UserId>,
    action: AdminAction,
}

impl Recording {
    /// The entry, with the account that the action is about.
    pub(super) fn entry(&self, account: Option<&UserId>, context: &mut Context) -> Change {
        let name = |id: &UserId| pseudonym(&self.salt, id).into();
        Change::Log(LogEntry {
            id: context.new_id(),
            actor: self.actor.as_ref().map(name),
            action: self.action.as_str().into(),
            account: account.map(name),
            created_at: context.now(),
        })
    }
}

/// An entry, with the accounts that still exist.
#[derive(Debug)]
pub struct LoggedAction {
    pub entry: Arc<LogEntry>,
    pub actor: Option<Arc<User>>,
    pub account: Option<Arc<User>>,
}

impl Service {
    pub(super) async fn recording(
        &self,
        authority: &Authority,
        action: AdminAction,
    ) -> Result<Recording, ServiceError> {
        let actor = match authority {
            Authority::Administrator(admin) => Some(admin.account().id.clone()),
            Authority::Operator => None,
        };
        self.recording_of(actor, action).await
    }

    /// The recording of an action of that account; of the operator if it is `None`.
    pub(super) async fn recording_of(
        &self,
        actor: Option<UserId>,
        action: AdminAction,
    ) -> Result<Recording, ServiceError> {
        Ok(Recording { salt: self.salt().await?.into(), actor, action })
    }

    /// Records an action that is not one transaction, before it begins.
    pub(super) async fn record(
        &self,
        authority: &Authority,
        action: AdminAction,
    ) -> Result<(), ServiceError> {
        let (recording, authority) = (self.recording(authority, action).await?, authority.clone());
        let scope = authority.scope_of_settings();
        let record = self.transact(scope, move |records, context| {
            authority.check(records, context.now())?;
            Ok((Changes::of([recording.entry(None, context)]), ()))
        });
        record.await?;
        Ok(())
    }

    /// The same for an action about an account. Fails if `check` does.
    pub(super) async fn record_about(
        &self,
        authority: &Authority,
        action: AdminAction,
        account: UserId,
        check: impl Fn(&dyn Snapshot) -> Result<(), RuleViolation> + Send + Sync + 'static,
    ) -> Result<(), ServiceError> {
        let (recording, authority) = (self.recording(authority, action).await?, authority.clone());
        let scope = authority.scope_of([account.clone()]);
        let record = self.transact(scope, move |records, context| {
            authority.check(records, context.now())?;
            check(records)?;
            Ok((Changes::of([recording.entry(Some(&account), context)]), ()))
        });
        record.await?;
        Ok(())
    }

    /// Returns a page of the log, the newest entries first.
    pub async fn administration_log(
        &self,
        _authority: &Authority,
        page: Page,
    ) -> Result<Listing<LoggedAction>, ServiceError> {
        let log = self.store.administration();
        let entries = log.entries(page).await?;
        let named = |entry: &Arc<LogEntry>| [entry.actor.clone(), entry.account.clone()];
        let pseudonyms: Vec<Arc<str>> = entries.records.iter().flat_map(named).flatten().collect();
        let salt = self.salt().await?;
        let users = if pseudonyms.is_empty() {
            Vec::new()
        } else {
            log.accounts(salt.clone(), pseudonyms).await?
        };
        let users: HashMap<String, Arc<User>> =
            users.into_iter().map(|user| (pseudonym(&salt, &user.id), user)).collect();
        let user = |name: &Option<Arc<str>>| users.get(&**name.as_ref()?).cloned();
        Ok(entries.map(|entry| LoggedAction {
            actor: user(&entry.actor),
            account: user(&entry.account),
            entry,
        }))
    }
}

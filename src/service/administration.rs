//! The accounts, for administrators and the operator. No function returns anything of a family.

use std::sync::Arc;

use super::sessions::{Acting, Ending, all_sessions};
use super::{Authority, Service, ServiceError};
use crate::domain::deletion::{Policy, Status};
use crate::domain::{AccountFilter, Page, RecordKind, RuleViolation, Timestamp, User, UserId};
use crate::store::{Listing, Scope, Store};

/// An account, and what happens to it if it is marked for deletion.
#[derive(Debug)]
pub struct ManagedAccount {
    pub user: Arc<User>,
    /// `None` if it is not marked, or if its mark cannot be read.
    pub due_at: Option<Timestamp>,
    /// `None` if it is not marked.
    pub status: Option<Status>,
}

impl ManagedAccount {
    fn new(user: Arc<User>, policy: Policy) -> Self {
        let deletion = user.deletion.as_ref();
        let due_at = deletion.and_then(|deletion| policy.due_at(deletion));
        let status = deletion.map(|deletion| deletion.status(policy.max_attempts));
        Self { user, due_at, status }
    }
}

#[derive(Debug)]
pub struct AccountDetails {
    pub account: ManagedAccount,
    /// The number of live sessions, including those of its children.
    pub sessions: usize,
    /// The last use of one of them, accurate to an hour.
    pub last_used_at: Option<Timestamp>,
}

impl Service {
    /// Returns the accounts that match a filter, in the order of their creation.
    pub async fn accounts(
        &self,
        _authority: &Authority,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<ManagedAccount>, ServiceError> {
        let policy = self.deletion_policy().await?;
        let accounts = self.store.accounts(filter, page).await?;
        Ok(accounts.map(|user| ManagedAccount::new(user, policy)))
    }

    pub async fn account(
        &self,
        _authority: &Authority,
        user_id: UserId,
    ) -> Result<AccountDetails, ServiceError> {
        let policy = self.deletion_policy().await?;
        let records = self.store.read(Scope::Family(user_id.clone())).await?;
        let user = records.user(&user_id).ok_or(RuleViolation::NotFound(RecordKind::User))?;
        let now = self.clock.now();
        let mut sessions = records.sessions_of(&user_id);
        sessions.retain(|session| session.is_live(now));
        let last_used_at = sessions.iter().map(|session| session.last_used_at).max();
        let account = ManagedAccount::new(user, policy);
        Ok(AccountDetails { account, sessions: sessions.len(), last_used_at })
    }

    /// Ends all sessions of an account, including those of its children, with their streams.
    pub async fn end_sessions_of_account(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<(), ServiceError> {
        let acting = Acting::Authority(authority, user_id.clone());
        self.end_sessions(acting, move |records, _| {
            records.user(&user_id).ok_or(RuleViolation::NotFound(RecordKind::User))?;
            let sessions = all_sessions(records, &user_id);
            Ok(Ending { sessions, changes: Vec::new(), value: () })
        })
        .await
    }
}

//! The accounts, for administrators and the operator. No function returns anything of a family.

use std::sync::Arc;

use serde_json::json;

use super::family_records::fingerprint;
use super::keys::KeyOfRequest;
use super::sessions::{Acting, Ending, sessions_of_account, sessions_of_person};
use super::signups::new_user;
use super::{Authority, Created, NewAccount, Service, ServiceError};
use crate::domain::deletion::{Policy, Status};
use crate::domain::password::NewPassword;
use crate::domain::{
    AccountFilter, AdminAction, Deletion, Email, IdempotencyKey, Name, Page, RecordKind, Role,
    RuleViolation, Session, Timestamp, User, UserId,
};
use crate::store::{Change, Changes, Listing, Scope, Snapshot, Store};

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

/// A change of an account; `None` keeps a field.
#[derive(Clone, Debug)]
pub struct AccountPatch {
    pub first_name: Option<Name>,
    pub last_name: Option<Name>,
    pub email: Option<Email>,
}

impl Service {
    /// Creates an account. A repeat with the same key returns the account that the first request has
    /// created.
    ///
    /// The operator has no account, so the key belongs to the new one. The password is not part of what
    /// identifies the request, because its hash would help somebody who guesses it. Fails if the email
    /// address has an account.
    pub async fn create_account(
        &self,
        authority: &Authority,
        account: NewAccount,
        role: Role,
        key: Option<IdempotencyKey>,
    ) -> Result<Created<User>, ServiceError> {
        let fields = || {
            let [first_name, last_name] = [&account.first_name, &account.last_name];
            json!([first_name.as_str(), last_name.as_str(), account.email.as_str(), role.as_str()])
        };
        let key = self.key_of_request(key, || fingerprint("account", &fields()));
        let hash = self.passwords.hash(account.password.clone()).await?;
        let recording = self.recording(authority, AdminAction::AccountCreated).await?;
        let created =
            self.transact(Scope::Email(account.email.clone()), move |records, context| {
                if let Some(record) = records.user_by_email(&account.email)
                    && let Some(key) = &key
                    && key.used_by(&record.id).first(records)?.is_some()
                {
                    return Ok((Changes::none(), Created { record, replayed: true }));
                }
                let user = new_user(&account, &hash, role, context);
                let stored =
                    |key: &KeyOfRequest| key.used_by(&user.id).stored(Some(user.id.shared()));
                let remember = key.as_ref().map(stored);
                let logged = recording.entry(Some(&user.id), context);
                let changes = Changes::of([Change::PutUser(user.clone()), logged]);
                let changes = Changes { remember, ..changes };
                Ok((changes, Created { record: Arc::new(user), replayed: false }))
            });
        Ok(created.await?.value)
    }

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
        let joined = user.member_of.iter().chain([&user_id]).cloned();
        let records = self.store.read(Scope::of_families(joined)).await?;
        let mut sessions = sessions_of_person(&*records, &user_id);
        sessions.retain(|session| session.is_live(now) && session.is_session());
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
        let acting = Acting::Authority(authority, user_id.clone(), AdminAction::SessionsEnded);
        self.end_sessions(acting, move |records, _| {
            records.user(&user_id).ok_or(RuleViolation::NotFound(RecordKind::User))?;
            let sessions = sessions_of_account(records, &user_id);
            Ok(Ending { sessions, changes: Vec::new(), value: () })
        })
        .await
    }

    /// Changes the names or the email address of an account. Its sessions stay.
    pub async fn update_account(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
        patch: AccountPatch,
    ) -> Result<AccountDetails, ServiceError> {
        let change = move |user: &User| User {
            first_name: patch.first_name.clone().unwrap_or_else(|| user.first_name.clone()),
            last_name: patch.last_name.clone().unwrap_or_else(|| user.last_name.clone()),
            email: patch.email.clone().unwrap_or_else(|| user.email.clone()),
            ..user.clone()
        };
        let action = AdminAction::AccountUpdated;
        self.change_account(authority, user_id, action, change).await
    }

    /// Changes the role of an account, and ends its sessions. The last administrator remains one.
    pub async fn set_role(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
        role: Role,
    ) -> Result<AccountDetails, ServiceError> {
        let change = move |user: &User| User { role, ..user.clone() };
        let action = match role {
            Role::Admin => AdminAction::AccountPromoted,
            Role::Parent => AdminAction::AccountDemoted,
        };
        self.change_account(authority, user_id, action, change).await
    }

    /// Replaces the password of an account, and ends its sessions.
    pub async fn set_password(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
        new: NewPassword,
    ) -> Result<AccountDetails, ServiceError> {
        let password = self.passwords.hash(new).await?;
        let change = move |user: &User| User { password: Arc::clone(&password), ..user.clone() };
        self.change_account(authority, user_id, AdminAction::PasswordSet, change).await
    }

    /// Ends what `action` [ends](is_ended_by). Fails if there is no such account, and if its deletion has started.
    async fn change_account(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
        action: AdminAction,
        change: impl Fn(&User) -> User + Send + Sync + 'static,
    ) -> Result<AccountDetails, ServiceError> {
        let id = user_id.clone();
        let acting = Acting::Authority(authority, user_id.clone(), action);
        self.end_sessions(acting, move |records, context| {
            let user = changeable(records, &id)?;
            let user = User { updated_at: Some(context.now()), ..change(&user) };
            let sessions = sessions_of_person(records, &id).into_iter();
            let sessions = sessions.filter(|it| is_ended_by(it, action));
            let sessions = sessions.map(|it| it.token_hash.clone()).collect();
            Ok(Ending { sessions, changes: vec![Change::PutUser(user)], value: () })
        })
        .await?;
        self.account(authority, user_id).await
    }
}

/// Whether a session or an API token of an account ends with an action. A token does only what its account's role allows,
/// so it survives a change of the role, unless it is an administrator's.
fn is_ended_by(session: &Session, action: AdminAction) -> bool {
    let scopes = session.api_token.as_ref().map(|token| &token.scopes);
    match action {
        AdminAction::AccountUpdated => false,
        AdminAction::AccountPromoted => scopes.is_none(),
        AdminAction::AccountDemoted => {
            scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope.is_administrative()))
        }
        _ => true,
    }
}

/// Returns an account. Fails if there is none, and if its deletion has started.
pub(super) fn changeable(records: &dyn Snapshot, id: &UserId) -> Result<Arc<User>, RuleViolation> {
    let user = records.user(id).ok_or(RuleViolation::NotFound(RecordKind::User))?;
    if user.deletion.as_ref().is_some_and(Deletion::has_started) {
        return Err(RuleViolation::DeletionInProgress);
    }
    Ok(user)
}

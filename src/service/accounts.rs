//! Logins, logouts and passwords.

use std::net::IpAddr;
use std::sync::Arc;

use super::caller::member_of;
use super::sessions::{Acting, Ending, sessions_of_account};
use super::{
    Adult, Authority, Caller, FamilyLimits, Parent, SentSessions, Service, ServiceError, Token,
};
use crate::domain::deletion::Policy;
use crate::domain::password::{self, NewPassword};
use crate::domain::{ChildId, Email, RuleViolation, Session, Timestamp, TokenHash, User, UserId};
use crate::metrics::LoginRefusal;
use crate::store::{Change, Scope, Snapshot, Store};

/// A new session. It has already ended if logins at the same time have exceeded the limit.
#[derive(Debug)]
pub struct LoggedIn {
    /// The session's secret. It is not stored and cannot be read again.
    pub token: Token,
    pub caller: Caller,
}

/// An account whose password was verified.
pub(super) struct Verified {
    user: Arc<User>,
    /// The new hash for the account, if its stored hash is expensive to check.
    replacement: Option<Arc<str>>,
}

impl Verified {
    pub(super) fn id(&self) -> &UserId {
        &self.user.id
    }

    /// The scope of a login: the account, and the family that it is a member of.
    pub(super) fn scope(&self) -> Scope {
        Scope::of_families([self.user.id.clone()].into_iter().chain(self.user.member_of.clone()))
    }

    /// A token for a session of the account.
    pub(super) fn token(&self) -> Token {
        if self.user.member_of.is_some() { Token::random_for_member() } else { Token::random() }
    }

    /// A session of the current account: in the family that it is a member of, or else in its own.
    pub(super) fn session(
        &self,
        records: &dyn Snapshot,
        user: &User,
        token_hash: &TokenHash,
        now: Timestamp,
    ) -> Caller {
        let session = Session::begin(token_hash.clone(), user.id.clone(), None, now);
        // A member who has joined since has a token that older versions would take for the owner's.
        let joined = user.member_of.as_ref().filter(|_| self.user.member_of.is_some());
        let family = joined.and_then(|id| records.user(id)).filter(|it| it.deletion.is_none());
        let member = family.as_ref().and_then(|it| member_of(records, &it.id, &user.id));
        match (family, member) {
            (Some(family), Some(member)) => {
                let (user_id, account) = (family.id.clone(), Some(user.id.clone()));
                let session = Session { user_id, member: account, ..session };
                Caller::new(family, Arc::new(user.clone()), Some(member), Arc::new(session))
            }
            _ => Caller::owner(user.clone(), session),
        }
    }

    /// Returns the current account with the replaced hash; `None` if its password has changed since, or
    /// the account no longer exists.
    pub(super) fn current(&self, records: &dyn Snapshot) -> Option<User> {
        let user = records.user(self.id())?;
        let is_replaced = self.replacement.as_ref() == Some(&user.password);
        let is_same = user.password == self.user.password || is_replaced;
        let hash = self.replacement.as_ref().unwrap_or(&user.password);
        is_same.then(|| User { password: Arc::clone(hash), ..User::clone(&user) })
    }
}

impl Service {
    /// Creates a session for a client at `address`. Ends the sessions in `sent`. Replaces a password
    /// hash that is expensive to check.
    ///
    /// Fails for an unknown email address and for a wrong password, after the same time; at once after
    /// too many attempts; and for an account that is marked for deletion.
    pub async fn login(
        self: &Arc<Self>,
        address: IpAddr,
        email: &str,
        password: String,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let verified = self.verified_user(address, email, password).await?;
        let token = verified.token();
        let token_hash = token.hash();
        let settings = self.settings();
        let policy = self.deletion_policy().await?;
        let acting = Acting::Anyone(verified.scope());
        let created = self.end_sessions(acting, move |records, context| {
            let changes = begin_session(records, &verified, policy, &token_hash, context.now())?;
            Ok(with_new_session(changes, settings.family, &sent, records))
        });
        match created.await {
            Ok(Some(caller)) => Ok(LoggedIn { token, caller }),
            Ok(None) => Err(self.wrong_credentials()),
            Err(error) => {
                if let ServiceError::Refused(RuleViolation::MarkedForDeletion { .. }) = error {
                    self.metrics.refused(LoginRefusal::MarkedForDeletion);
                }
                Err(error)
            }
        }
    }

    /// Returns the account with that email address and password, for a client at `address`.
    ///
    /// Fails for an unknown email address and for a wrong password, after the same time; and at once
    /// after too many attempts.
    pub(super) async fn verified_user(
        &self,
        address: IpAddr,
        email: &str,
        password: String,
    ) -> Result<Verified, ServiceError> {
        // Not parsed, because an older account may have an address that is not valid for a new one.
        let email = Email::from_stored(email);
        self.attempts.at_password(&self.store, address, &email).await?;
        let records = self.store.read(Scope::Email(email.clone())).await?;
        let known = records.user_by_email(&email);
        let hash = known.as_ref().map(|user| Arc::clone(&user.password));
        let matches = self.passwords.verify(hash, password.clone()).await?;
        let user = known.filter(|_| matches).ok_or_else(|| self.wrong_credentials())?;
        let replacement = self.passwords.replacement(&user.password, &password).await?;
        Ok(Verified { user, replacement })
    }

    /// Logs a warning if there are password hashes that are expensive to check.
    pub async fn warn_of_expensive_hashes(&self) -> Result<(), ServiceError> {
        let hashes = self.store.password_hashes().await?;
        let is_expensive =
            |hash: &&Arc<str>| password::is_expensive(hash) && password::fault(hash).is_none();
        let accounts = hashes.iter().filter(is_expensive).count();
        if accounts > 0 {
            tracing::warn!(
                accounts,
                "some password hashes take more than four times the time or memory of a new hash to \
                 check: `goldstar check` lists their accounts, and the next login to each replaces its \
                 hash"
            );
        }
        Ok(())
    }

    /// Counts a login with an unknown email address or a wrong password, and returns its error.
    pub(super) fn wrong_credentials(&self) -> ServiceError {
        self.metrics.refused(LoginRefusal::Credentials);
        ServiceError::InvalidCredentials
    }

    /// Ends the caller's session and those in `sent`, with their streams.
    pub async fn logout(
        self: &Arc<Self>,
        caller: &Caller,
        sent: SentSessions,
    ) -> Result<(), ServiceError> {
        let own = caller.token_hash().clone();
        let acting = Acting::Anyone(caller.family());
        self.end_sessions(acting, move |_, _| {
            Ok(Ending { sessions: sent.and([own.clone()]), changes: Vec::new(), value: () })
        })
        .await
    }

    /// Changes the account's password for a client at `address`. Ends all sessions of the account and
    /// those in `sent`, with their streams, and creates a new session, because somebody else may know the
    /// caller's token.
    ///
    /// Fails if `current` is not the account's password, and after too many attempts.
    pub async fn change_password(
        self: &Arc<Self>,
        address: IpAddr,
        adult: &Adult,
        current: String,
        new: NewPassword,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        self.confirm(address, adult, current).await?;
        let hash = self.passwords.hash(new).await?;
        let is_member = adult.is_in_other_family();
        let token = if is_member { Token::random_for_member() } else { Token::random() };
        let token_hash = token.hash();
        let decider = adult.clone();
        let caller = self.end_sessions(Acting::Caller(adult), move |records, context| {
            let now = context.now();
            let user = decider.current_account(records)?;
            let family = decider.user();
            let member = decider.session().member.clone();
            let session = Session::begin(token_hash.clone(), family.id.clone(), None, now);
            let session = Session { member, ..session };
            let sessions = sent.and(sessions_of_account(records, &user.id));
            let password = Arc::clone(&hash);
            let user = User { password, updated_at: Some(now), ..User::clone(&user) };
            let account = Arc::new(user.clone());
            let family = if is_member { Arc::clone(family) } else { Arc::clone(&account) };
            let of_family = decider.member().cloned();
            let value = Caller::new(family, account, of_family, Arc::new(session.clone()));
            let changes = vec![Change::PutUser(user), Change::PutSession(session)];
            Ok(Ending { sessions, changes, value })
        });
        Ok(LoggedIn { token, caller: caller.await? })
    }

    /// Checks the caller's own password, for a client at `address`. Fails if it is wrong, and after too
    /// many attempts.
    pub(super) async fn confirm(
        &self,
        address: IpAddr,
        caller: &Caller,
        password: String,
    ) -> Result<(), ServiceError> {
        let user = caller.account();
        self.attempts.at_password(&self.store, address, &user.email).await?;
        if self.passwords.verify(Some(Arc::clone(&user.password)), password).await? {
            Ok(())
        } else {
            Err(RuleViolation::WrongPassword.into())
        }
    }

    /// Checks that a caller at `address` has repeated the password or has logged in a short time ago.
    pub(super) async fn confirm_again(
        &self,
        address: IpAddr,
        caller: &Caller,
        password: Option<String>,
    ) -> Result<(), ServiceError> {
        match password {
            Some(password) => self.confirm(address, caller, password).await,
            None if caller.session().is_recent(self.clock.now()) => Ok(()),
            None => Err(ServiceError::PasswordRequired),
        }
    }

    /// The same for an administrator. The operator needs neither.
    pub async fn confirm_authority(
        &self,
        address: IpAddr,
        authority: &Authority,
        password: Option<String>,
    ) -> Result<(), ServiceError> {
        let Authority::Administrator(admin) = authority else { return Ok(()) };
        self.confirm_again(address, admin, password).await
    }

    /// Replaces the caller's session by a session of a child. The token is new, so that nobody who knows
    /// the old one can use the child's session. Ends the sessions in `sent`, too.
    ///
    /// Fails if the child is not the family's.
    pub async fn begin_child_session(
        self: &Arc<Self>,
        parent: &Parent,
        child_id: ChildId,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let token = Token::random();
        let token_hash = token.hash();
        let decider = parent.clone();
        let caller = self.end_sessions(Acting::Caller(parent), move |records, context| {
            let user = decider.current_user(records)?;
            let child = decider.child(records, &child_id)?;
            let (family, child_id) = (child.user_id.clone(), Some(child.id.clone()));
            let session = Session::begin(token_hash.clone(), family, child_id, context.now());
            let owner = Arc::clone(&user);
            let value = Caller::new(user, owner, None, Arc::new(session.clone()));
            let sessions = sent.and([decider.token_hash().clone()]);
            Ok(Ending { sessions, changes: vec![Change::PutSession(session)], value })
        });
        Ok(LoggedIn { token, caller: caller.await? })
    }
}

/// A new session of an account, and the changes that create it.
pub(super) struct NewSession {
    pub(super) caller: Caller,
    pub(super) changes: Vec<Change>,
}

/// Returns a session for the verified account; `None` if its password has changed since, or the account
/// no longer exists. Fails if the account is marked for deletion.
fn begin_session(
    records: &dyn Snapshot,
    verified: &Verified,
    policy: Policy,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<NewSession>, RuleViolation> {
    let Some(user) = verified.current(records) else { return Ok(None) };
    if let Some(deletion) = &user.deletion {
        let due_at = policy.due_at(deletion);
        return Err(RuleViolation::MarkedForDeletion { due_at });
    }
    let caller = verified.session(records, &user, token_hash, now);
    // Otherwise a login does not change the account.
    let replaced = verified.replacement.is_some().then_some(Change::PutUser(user));
    let session = Session::clone(caller.session());
    let changes = replaced.into_iter().chain([Change::PutSession(session)]).collect();
    Ok(Some(NewSession { caller, changes }))
}

/// Adds the sessions that end to a new one. The value is its caller; without a new session, none end.
pub(super) fn with_new_session(
    new: Option<NewSession>,
    limits: FamilyLimits,
    sent: &SentSessions,
    records: &dyn Snapshot,
) -> Ending<Option<Caller>> {
    let Some(NewSession { caller, changes }) = new else {
        return Ending { sessions: Vec::new(), changes: Vec::new(), value: None };
    };
    let sessions = sent.and(limits.sessions_to_end(records, &caller.user().id));
    Ending { sessions, changes, value: Some(caller) }
}

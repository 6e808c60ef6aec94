//! Accounts: who there is, and how they get in.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Caller, Outcome, Parent, Service, ServiceError, Settings, Token};
use crate::domain::password::NewPassword;
use crate::domain::{
    ChildId, Email, Name, Refusal, Role, Session, Timestamp, TokenHash, User, UserId,
};
use crate::env;
use crate::metrics::LoginRefusal;
use crate::store::{Change, Changes, View};

/// What a new account is made of.
pub struct NewAccount {
    /// Given name.
    pub first_name: Name,
    /// Family name.
    pub last_name: Name,
    /// Unique among the accounts, in whatever case.
    pub email: Email,
    /// In the clear, until it is hashed.
    pub password: NewPassword,
}

/// A new session.
#[derive(Debug)]
pub struct LoggedIn {
    /// The session's secret, which is handed out this once.
    pub token: Token,
    /// Who has it.
    pub caller: Caller,
}

impl Service {
    /// Makes a parent's account and logs it in, for a client at `address`.
    ///
    /// Refuses where the sign-up is closed, where there were too many attempts from that address,
    /// and where the email address has an account.
    pub async fn signup(
        &self,
        address: IpAddr,
        account: NewAccount,
    ) -> Result<LoggedIn, ServiceError> {
        if !self.settings.signup_open {
            return Err(ServiceError::SignupClosed);
        }
        self.attempts.at_sign_up(address)?;
        self.create_parent(account).await
    }

    /// Makes a parent's account and logs it in, be the sign-up open or not.
    pub(super) async fn create_parent(
        &self,
        account: NewAccount,
    ) -> Result<LoggedIn, ServiceError> {
        let hash = self.passwords.hash(account.password.clone()).await?;
        let token = Token::random();
        let token_hash = token.hash();
        self.transact(move |view, now| {
            let user = new_user(view, &account, hash, Role::Parent, now)?;
            let session = Session::begin(token_hash, user.id.clone(), None, now);
            Ok((Changes::of([Change::PutUser(user), Change::PutSession(session)]), ()))
        })
        .await?;
        self.logged_in(token)
    }

    /// Makes an administrator's account. Refuses an email address that has an account.
    pub async fn create_admin(&self, account: NewAccount) -> Result<(), ServiceError> {
        let hash = self.passwords.hash(account.password.clone()).await?;
        self.transact(move |view, now| {
            let user = new_user(view, &account, hash, Role::Admin, now)?;
            Ok((Changes::of([Change::PutUser(user)]), ()))
        })
        .await?;
        Ok(())
    }

    /// Begins a session for a client at `address` that knows the account's password.
    ///
    /// Refuses, after the same time, an email address without account and a wrong password; either,
    /// at once, after too many attempts; and an account that is marked for deletion.
    pub async fn login(
        &self,
        address: IpAddr,
        email: &str,
        password: String,
    ) -> Result<LoggedIn, ServiceError> {
        let verified = self.verified_user(address, email, password).await?;
        let token = Token::random();
        let token_hash = token.hash();
        let settings = self.settings;
        let outcome = self
            .transact(move |view, now| begin_session(view, &verified, settings, token_hash, now));
        match outcome.await {
            Ok(Outcome { value: Some(ended), .. }) => {
                self.close_sessions(&ended);
                self.logged_in(token)
            }
            Ok(_) => Err(self.refuse_credentials()),
            Err(error) => {
                if let ServiceError::Refused(Refusal::MarkedForDeletion { .. }) = error {
                    self.metrics.refused(LoginRefusal::MarkedForDeletion);
                }
                Err(error)
            }
        }
    }

    /// The account with that email address and password, for a client at `address`.
    ///
    /// Refuses, after the same time, an email address without account and a wrong password; and
    /// either, at once, after too many attempts.
    pub(super) async fn verified_user(
        &self,
        address: IpAddr,
        email: &str,
        password: String,
    ) -> Result<Arc<User>, ServiceError> {
        // Not parsed: an older account may have an address that a new one could not get.
        let email = Email::recorded(email);
        self.attempts.at_password(address, &email)?;
        let known = self.store.view().user_by_email(&email);
        let hash = known.as_ref().map(|user| Arc::clone(&user.password));
        let matches = self.passwords.verify(hash, password).await?;
        known.filter(|_| matches).ok_or_else(|| self.refuse_credentials())
    }

    /// Counts a login with a wrong email address or password.
    pub(super) fn refuse_credentials(&self) -> ServiceError {
        self.metrics.refused(LoginRefusal::Credentials);
        ServiceError::InvalidCredentials
    }

    /// What the account looks like now that its session is kept.
    pub(super) fn logged_in(&self, token: Token) -> Result<LoggedIn, ServiceError> {
        let caller = self.authenticate(&token)?;
        Ok(LoggedIn { token, caller })
    }

    /// Ends the caller's session and its streams.
    pub async fn logout(&self, caller: &Caller) -> Result<(), ServiceError> {
        let token_hash = caller.token_hash().clone();
        let ended = token_hash.clone();
        self.transact(move |_, _| Ok((Changes::of([Change::RemoveSession(token_hash)]), ())))
            .await?;
        self.hub.close_session(&ended);
        Ok(())
    }

    /// Gives the account another password, for a client at `address`, and ends every other session
    /// of it with its streams.
    ///
    /// Refuses where `current` isn't the account's password, and after too many attempts.
    pub async fn change_password(
        &self,
        address: IpAddr,
        parent: &Parent,
        current: String,
        new: NewPassword,
    ) -> Result<(), ServiceError> {
        self.attempts.at_password(address, &parent.user().email)?;
        let verified = Arc::clone(&parent.user().password);
        let matches = self.passwords.verify(Some(verified), current);
        if !matches.await? {
            return Err(Refusal::WrongPassword.into());
        }
        let hash = self.passwords.hash(new).await?;
        let decider = parent.clone();
        let outcome = self
            .transact_as(parent, move |view, now| {
                let user = decider.unchanged_user(view)?;
                let ended = other_sessions(view, &user.id, decider.token_hash());
                let user = User { password: hash, updated_at: Some(now), ..(*user).clone() };
                let removed = ended.iter().cloned().map(Change::RemoveSession);
                let changes = Changes::of(removed.chain([Change::PutUser(user)]));
                Ok((changes, ended))
            })
            .await?;
        for token_hash in outcome.value {
            self.hub.close_session(&token_hash);
        }
        Ok(())
    }

    /// Makes the caller's browser that child's: its session ends, and a session of the child
    /// begins. It gets a new token, so that nobody who knows the old one comes along.
    ///
    /// Refuses a child that isn't the family's.
    pub async fn begin_child_session(
        &self,
        parent: &Parent,
        child_id: ChildId,
    ) -> Result<LoggedIn, ServiceError> {
        let token = Token::random();
        let token_hash = token.hash();
        let decider = parent.clone();
        self.transact_as(parent, move |view, now| {
            let child = decider.child(view, &child_id)?;
            let session =
                Session::begin(token_hash, child.user_id.clone(), Some(child.id.clone()), now);
            let changes = Changes::of([
                Change::RemoveSession(decider.token_hash().clone()),
                Change::PutSession(session),
            ]);
            Ok((changes, ()))
        })
        .await?;
        self.hub.close_session(parent.token_hash());
        self.logged_in(token)
    }
}

fn new_user(
    view: &dyn View,
    account: &NewAccount,
    password: Arc<str>,
    role: Role,
    now: Timestamp,
) -> Result<User, Refusal> {
    if view.user_by_email(&account.email).is_some() {
        return Err(Refusal::EmailTaken);
    }
    Ok(User {
        id: env::new_id(),
        first_name: account.first_name.clone(),
        last_name: account.last_name.clone(),
        email: account.email.clone(),
        password,
        role,
        image_id: None,
        created_at: Some(now),
        updated_at: Some(now),
        deletion: None,
        extra: [].into(),
    })
}

/// A session for the account whose password was verified, and those that end for it; none where that
/// password has been changed since, or the account is gone. Refuses an account that is marked for
/// deletion.
fn begin_session(
    view: &dyn View,
    verified: &User,
    settings: Settings,
    token_hash: TokenHash,
    now: Timestamp,
) -> Result<(Changes, Option<Vec<TokenHash>>), Refusal> {
    let user = view.user(&verified.id).filter(|user| user.password == verified.password);
    if let Some(deletion) = user.as_ref().and_then(|user| user.deletion.as_ref()) {
        let due_at = settings.deletion.policy(view).due_at(deletion);
        return Err(Refusal::MarkedForDeletion { due_at });
    }
    let Some(user) = user else { return Ok((Changes::none(), None)) };
    let ended = settings.family.sessions_to_end(view, &user.id);
    let session = Session::begin(token_hash, user.id.clone(), None, now);
    let removed = ended.iter().cloned().map(Change::RemoveSession);
    Ok((Changes::of(removed.chain([Change::PutSession(session)])), Some(ended)))
}

fn other_sessions(view: &dyn View, user_id: &UserId, own: &TokenHash) -> Vec<TokenHash> {
    let sessions = view.sessions_of(user_id);
    let hashes =
        sessions.iter().map(|session| session.token_hash.clone()).filter(|hash| hash != own);
    hashes.collect()
}

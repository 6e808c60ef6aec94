//! Sign-ups: new accounts.

use std::net::IpAddr;
use std::sync::Arc;

use super::joining::Joining;
use super::sessions::{Acting, Ending};
use super::{LoggedIn, SentSessions, Service, ServiceError, Token};
use crate::domain::calendar::FamilySettings;
use crate::domain::password::NewPassword;
use crate::domain::{Email, Name, Role, Session, User};
use crate::store::{Change, CommitError, Context, ReadError, Scope};

pub struct NewAccount {
    pub first_name: Name,
    pub last_name: Name,
    pub email: Email,
    /// Not hashed yet.
    pub password: NewPassword,
}

impl Service {
    /// Creates a parent's account and a session for a client at `address`. Ends the sessions in `sent`.
    ///
    /// Fails if sign-up is closed, after too many attempts from the address, and if the email address
    /// has an account.
    pub async fn signup(
        self: &Arc<Self>,
        address: IpAddr,
        account: NewAccount,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        if !self.settings().signup_open {
            return Err(ServiceError::SignupClosed);
        }
        self.attempts.at_sign_up(&self.store, address).await?;
        self.create_parent(account, sent).await
    }

    /// Creates an account that is a member of the family that an invitation is to, and a session, for a client at
    /// `address`. Ends the sessions in `sent`. Sign-up may be closed.
    ///
    /// Fails if the invitation is not valid or is for another address, after too many attempts from the address, and
    /// if the email address has an account.
    pub async fn join(
        self: &Arc<Self>,
        address: IpAddr,
        account: NewAccount,
        secret: &Token,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        self.attempts.at_sign_up(&self.store, address).await?;
        let family = self.invitation(address, secret).await?.owner.id.clone();
        let hash = self.passwords.hash(account.password.clone()).await?;
        let token = Token::random_for_member();
        let joining = Joining::new(secret, &token);
        let acting = Acting::Anyone(Scope::Family(family));
        self.end_sessions(acting, move |records, context| {
            let user = new_user(&account, &hash, Role::Parent, context);
            let joined = joining.join(records, user, context)?;
            let sessions = sent.and([joining.invitation.clone()]);
            Ok(Ending { sessions, changes: joined.changes, value: () })
        })
        .await?;
        self.logged_in(token).await
    }

    /// Creates a parent's account and a session, even if sign-up is closed.
    pub(super) async fn create_parent(
        self: &Arc<Self>,
        account: NewAccount,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let hash = self.passwords.hash(account.password.clone()).await?;
        let token = Token::random();
        let token_hash = token.hash();
        let acting = Acting::Anyone(Scope::Email(account.email.clone()));
        self.end_sessions(acting, move |_, context| {
            let user = new_user(&account, &hash, Role::Parent, context);
            let session = Session::begin(token_hash.clone(), user.id.clone(), None, context.now());
            let changes = vec![Change::PutUser(user), Change::PutSession(session)];
            Ok(Ending { sessions: sent.and([]), changes, value: () })
        })
        .await?;
        self.logged_in(token).await
    }

    /// The new session of a new account. The stored account has further fields.
    async fn logged_in(&self, token: Token) -> Result<LoggedIn, ServiceError> {
        match self.authenticate(&token).await {
            Ok(caller) => Ok(LoggedIn { token, caller }),
            // The account was created: "nothing has changed" would not be true.
            Err(ServiceError::Read(ReadError::Unavailable(_) | ReadError::Overloaded)) => {
                Err(CommitError::OutcomeUnknown.into())
            }
            Err(error) => Err(error),
        }
    }
}

pub(super) fn new_user(
    account: &NewAccount,
    password: &Arc<str>,
    role: Role,
    context: &mut Context,
) -> User {
    User {
        id: context.new_id(),
        first_name: account.first_name.clone(),
        last_name: account.last_name.clone(),
        email: account.email.clone(),
        password: Arc::clone(password),
        role,
        image_id: None,
        created_at: Some(context.now()),
        updated_at: Some(context.now()),
        deletion: None,
        language: None,
        family: FamilySettings::default(),
        schedule_at: None,
        member_of: None,
        extra: [].into(),
    }
}

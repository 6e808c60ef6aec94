//! The caller of a use case: its session, and what that session may do and see.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::ServiceError;
use crate::clock;
use crate::domain::ledger::Actor;
use crate::domain::{
    Child, ChildId, RecordKind, Reward, RewardId, Role, RuleViolation, Session, Task, TaskId,
    Timestamp, TokenHash, User, UserId,
};
use crate::store::{Scope, Snapshot};

/// The secret of a session, a link or an address, in hexadecimal digits. Only its hash is stored.
pub struct Token(String);

impl Token {
    /// 256 random bits.
    pub(super) fn random() -> Self {
        Self(hexadecimal(&clock::random::<32>()))
    }

    /// 128 random bits, for an address that people copy.
    pub(super) fn random_for_address() -> Self {
        Self(hexadecimal(&clock::random::<16>()))
    }

    /// A token from a request, which is not checked.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself, for the response that creates it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The stored form. One round of SHA-256 is enough: unlike a password, 128 random bits
    /// cannot be guessed from their hash.
    pub(super) fn hash(&self) -> TokenHash {
        TokenHash(hexadecimal(&Sha256::digest(self.0.as_bytes())).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

/// What a session may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionRole {
    /// Read and change everything in its own family.
    Parent,
    /// Read that child, the tasks and the rewards; request rewards for the child and cancel requests.
    Child(ChildId),
    /// The same as a parent, and the administrative routes.
    Admin,
}

impl SessionRole {
    pub(super) fn of(user: &User, session: &Session) -> Self {
        match &session.child_id {
            Some(child_id) => Self::Child(child_id.clone()),
            None if user.role == Role::Admin => Self::Admin,
            None => Self::Parent,
        }
    }

    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child(_) => "child",
            Self::Admin => "admin",
        }
    }
}

/// A live session and its account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    user: Arc<User>,
    session: Arc<Session>,
    role: SessionRole,
}

impl Caller {
    /// Returns the caller with that session; `None` if the session has ended, its account or child does
    /// not exist, or its account is marked for deletion. (Another program may have left sessions of a
    /// marked account.)
    pub(super) fn of(
        session: Arc<Session>,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Option<Self> {
        if !session.is_live(now) || !session.is_session() {
            return None;
        }
        let user = records.user(&session.user_id).filter(|user| user.deletion.is_none())?;
        if let Some(child_id) = &session.child_id
            && records.child(child_id)?.user_id != user.id
        {
            return None;
        }
        Some(Self::new(user, session))
    }

    /// Returns the caller with a live session of the account.
    pub(super) fn new(user: Arc<User>, session: Arc<Session>) -> Self {
        let role = SessionRole::of(&user, &session);
        Self { user, session, role }
    }

    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    pub fn role(&self) -> &SessionRole {
        &self.role
    }

    /// The child that uses the session; `None` for a parent and an administrator.
    pub fn child_id(&self) -> Option<&ChildId> {
        match &self.role {
            SessionRole::Child(child_id) => Some(child_id),
            SessionRole::Parent | SessionRole::Admin => None,
        }
    }

    /// The value of `actor` in an event's metadata.
    pub fn actor(&self) -> Actor {
        match self.role {
            SessionRole::Parent | SessionRole::Admin => Actor::Parent,
            SessionRole::Child(_) => Actor::Child,
        }
    }

    /// The scope of the caller's family in the store.
    pub(super) fn family(&self) -> Scope {
        Scope::Family(self.user.id.clone())
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The hash of the session's token, which identifies the session.
    pub fn token_hash(&self) -> &TokenHash {
        &self.session.token_hash
    }

    /// Fails if the session has ended since the request was authenticated: a decision can run long
    /// afterwards, for example after a password change.
    pub(super) fn check_session(
        &self,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Result<(), RuleViolation> {
        let session = records.session(self.token_hash());
        if session.is_some_and(|session| session.is_live(now)) {
            Ok(())
        } else {
            Err(RuleViolation::SessionEnded)
        }
    }

    /// Returns a child that the session may read.
    pub(super) fn child(
        &self,
        records: &dyn Snapshot,
        id: &ChildId,
    ) -> Result<Arc<Child>, RuleViolation> {
        records
            .child(id)
            .filter(|child| child.user_id == self.user.id)
            .filter(|child| self.child_id().is_none_or(|own| *own == child.id))
            .ok_or(RuleViolation::NotFound(RecordKind::Child))
    }

    /// Returns a task that the session may read: the family's or a shared one.
    pub(super) fn task(
        &self,
        records: &dyn Snapshot,
        id: &TaskId,
    ) -> Result<Arc<Task>, RuleViolation> {
        records
            .task(id)
            .filter(|task| task.user_id.as_ref().is_none_or(|id| *id == self.user.id))
            .ok_or(RuleViolation::NotFound(RecordKind::Task))
    }

    /// Returns a reward that the session may read: the family's or a shared one.
    pub(super) fn reward(
        &self,
        records: &dyn Snapshot,
        id: &RewardId,
    ) -> Result<Arc<Reward>, RuleViolation> {
        records
            .reward(id)
            .filter(|reward| reward.user_id.as_ref().is_none_or(|id| *id == self.user.id))
            .ok_or(RuleViolation::NotFound(RecordKind::Reward))
    }

    /// Fails for a child's session.
    pub fn into_parent(self) -> Result<Parent, ServiceError> {
        match self.role {
            SessionRole::Parent | SessionRole::Admin => Ok(Parent(self)),
            SessionRole::Child(_) => Err(ServiceError::ParentRequired),
        }
    }

    /// Fails unless the session is an administrator's own.
    pub fn into_admin(self) -> Result<Admin, ServiceError> {
        match self.role {
            SessionRole::Admin => Ok(Admin(Parent(self))),
            SessionRole::Parent | SessionRole::Child(_) => Err(ServiceError::AdminRequired),
        }
    }
}

/// A caller who may change everything in its own family: a parent or an administrator.
#[derive(Clone, Debug)]
pub struct Parent(Caller);

impl Parent {
    /// Returns the current account, for a decision that has checked the caller's session. Its password
    /// is still the one that the request was verified with, because a change of the password ends all
    /// sessions of the account. (A login may have replaced the hash.)
    pub(super) fn current_user(&self, records: &dyn Snapshot) -> Result<Arc<User>, RuleViolation> {
        records.user(&self.user.id).ok_or(RuleViolation::SessionEnded)
    }

    /// Returns one of the family's own tasks. Fails for a shared one.
    pub(super) fn own_task(
        &self,
        records: &dyn Snapshot,
        id: &TaskId,
    ) -> Result<Arc<Task>, RuleViolation> {
        let task = self.task(records, id)?;
        match task.user_id {
            Some(_) => Ok(task),
            None => Err(RuleViolation::SharedReadOnly(RecordKind::Task)),
        }
    }

    /// Returns one of the family's own rewards. Fails for a shared one.
    pub(super) fn own_reward(
        &self,
        records: &dyn Snapshot,
        id: &RewardId,
    ) -> Result<Arc<Reward>, RuleViolation> {
        let reward = self.reward(records, id)?;
        match reward.user_id {
            Some(_) => Ok(reward),
            None => Err(RuleViolation::SharedReadOnly(RecordKind::Reward)),
        }
    }
}

impl Deref for Parent {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

#[derive(Clone, Debug)]
pub struct Admin(Parent);

impl Deref for Admin {
    type Target = Parent;

    fn deref(&self) -> &Parent {
        &self.0
    }
}

/// Who administers the server.
#[derive(Clone, Debug)]
pub enum Authority {
    Administrator(Admin),
    /// The operator, who works on the machine of the server and needs no session.
    Operator,
}

impl Authority {
    /// The scope of a change of an account.
    pub(super) fn scope_of(&self, account: &UserId) -> Scope {
        match self {
            Self::Administrator(admin) if admin.user().id != *account => {
                Scope::Families(admin.user().id.clone(), account.clone())
            }
            Self::Administrator(_) | Self::Operator => Scope::Family(account.clone()),
        }
    }

    /// The scope of a change of the server's settings.
    pub(super) fn scope_of_settings(&self) -> Scope {
        match self {
            Self::Administrator(admin) => admin.family(),
            Self::Operator => Scope::Server,
        }
    }

    /// Fails if an administrator's session has ended since the request was authenticated.
    pub(super) fn check(
        &self,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Result<(), RuleViolation> {
        match self {
            Self::Administrator(admin) => admin.check_session(records, now),
            Self::Operator => Ok(()),
        }
    }

    /// The session of an administrator.
    pub fn token_hash(&self) -> Option<&TokenHash> {
        match self {
            Self::Administrator(admin) => Some(admin.token_hash()),
            Self::Operator => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_stored_as_its_sha256() {
        let token = Token::presented("abc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(&*token.hash().0, expected);
    }

    #[test]
    fn tokens_are_long_and_hidden_in_debug_output() {
        let token = Token::random();
        assert_eq!(token.reveal().len(), 64);
        assert_ne!(token.reveal(), Token::random().reveal());
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}

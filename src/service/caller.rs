//! Who asks, and what that session may do and see.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::ServiceError;
use crate::clock;
use crate::domain::ledger::Actor;
use crate::domain::{
    Child, ChildId, RecordKind, Reward, RewardId, Role, RuleViolation, Session, Task, TaskId,
    Timestamp, TokenHash, User,
};
use crate::store::{Scope as StoreScope, Snapshot};

/// The secret by which a client shows that a session is its own: 256 random bits as 64 hexadecimal
/// digits. Only its hash is stored.
pub struct Token(String);

impl Token {
    /// A new one.
    pub(super) fn random() -> Self {
        Self(hexadecimal(&clock::random::<32>()))
    }

    /// What a client sent, whatever it is.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself, for the one answer that hands it out.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it. One round of SHA-256 is enough: unlike a password, 256 random bits
    /// can't be guessed from their hash.
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
pub enum Scope {
    /// Everything in its own family.
    Parent,
    /// See that child, the tasks and the rewards; request and cancel for that child.
    Child(ChildId),
    /// What a parent may, and the administrative routes.
    Admin,
}

impl Scope {
    /// `parent`, `child` or `admin`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child(_) => "child",
            Self::Admin => "admin",
        }
    }
}

/// A live session and its account. Cloning copies pointers.
#[derive(Clone, Debug)]
pub struct Caller {
    user: Arc<User>,
    session: Arc<Session>,
    scope: Scope,
}

impl Caller {
    /// The caller whose session is `session`; none where it has ended, its account or child is
    /// gone, or its account is marked for deletion: another program may have left its sessions.
    pub(super) fn of(session: Arc<Session>, records: &dyn Snapshot, now: Timestamp) -> Option<Self> {
        if !session.is_live(now) {
            return None;
        }
        let user = records.user(&session.user_id).filter(|user| user.deletion.is_none())?;
        let scope = match &session.child_id {
            Some(child_id) => {
                let child = records.child(child_id)?;
                if child.user_id != user.id {
                    return None;
                }
                Scope::Child(child_id.clone())
            }
            None if user.role == Role::Admin => Scope::Admin,
            None => Scope::Parent,
        };
        Some(Self { user, session, scope })
    }

    /// The account.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// What the session may do.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The one child that the session belongs to; none for a parent's or an administrator's.
    pub fn child_id(&self) -> Option<&ChildId> {
        match &self.scope {
            Scope::Child(child_id) => Some(child_id),
            Scope::Parent | Scope::Admin => None,
        }
    }

    /// Who acts, as an event's metadata names it.
    pub fn actor(&self) -> Actor {
        match self.scope {
            Scope::Parent | Scope::Admin => Actor::Parent,
            Scope::Child(_) => Actor::Child,
        }
    }

    /// The scope of the caller's family in the store.
    pub(super) fn family(&self) -> StoreScope {
        StoreScope::Family(self.user.id.clone())
    }

    /// The session.
    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The hash of the session's token, which names the session.
    pub fn token_hash(&self) -> &TokenHash {
        &self.session.token_hash
    }

    /// Refuses where the session has ended since the request was let in: a decision may come long
    /// after it, behind a password change.
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

    /// A child that the session may see.
    pub(super) fn child(
        &self,
        records: &dyn Snapshot,
        id: &ChildId,
    ) -> Result<Arc<Child>, RuleViolation> {
        records.child(id)
            .filter(|child| child.user_id == self.user.id)
            .filter(|child| self.child_id().is_none_or(|own| *own == child.id))
            .ok_or(RuleViolation::NotFound(RecordKind::Child))
    }

    /// A task that the session may see: the family's or a shared one.
    pub(super) fn task(
        &self,
        records: &dyn Snapshot,
        id: &TaskId,
    ) -> Result<Arc<Task>, RuleViolation> {
        records.task(id)
            .filter(|task| task.user_id.as_ref().is_none_or(|id| *id == self.user.id))
            .ok_or(RuleViolation::NotFound(RecordKind::Task))
    }

    /// A reward that the session may see: the family's or a shared one.
    pub(super) fn reward(
        &self,
        records: &dyn Snapshot,
        id: &RewardId,
    ) -> Result<Arc<Reward>, RuleViolation> {
        records.reward(id)
            .filter(|reward| reward.user_id.as_ref().is_none_or(|id| *id == self.user.id))
            .ok_or(RuleViolation::NotFound(RecordKind::Reward))
    }

    /// The caller as a parent. Refuses a child's session.
    pub fn into_parent(self) -> Result<Parent, ServiceError> {
        match self.scope {
            Scope::Parent | Scope::Admin => Ok(Parent(self)),
            Scope::Child(_) => Err(ServiceError::ParentRequired),
        }
    }

    /// The caller as an administrator. Refuses everyone else, and an administrator's child too.
    pub fn into_admin(self) -> Result<Admin, ServiceError> {
        match self.scope {
            Scope::Admin => Ok(Admin(Parent(self))),
            Scope::Parent | Scope::Child(_) => Err(ServiceError::AdminRequired),
        }
    }
}

/// A caller who may do all in its own family: a parent, or an administrator.
#[derive(Clone, Debug)]
pub struct Parent(Caller);

impl Parent {
    /// The account as it is now, for a decision that has checked that the caller's session is live.
    /// Its password is still the one that the request was verified with: a change of the password
    /// ends every session of the account. (A login may have replaced the hash.)
    pub(super) fn current_user(&self, records: &dyn Snapshot) -> Result<Arc<User>, RuleViolation> {
        records.user(&self.user.id).ok_or(RuleViolation::SessionEnded)
    }

    /// A task that the family may change: its own. Refuses a shared one.
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

    /// A reward that the family may change: its own. Refuses a shared one.
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

/// An administrator.
#[derive(Clone, Debug)]
pub struct Admin(Parent);

impl Deref for Admin {
    type Target = Parent;

    fn deref(&self) -> &Parent {
        &self.0
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
    fn tokens_are_long_and_never_shown_by_accident() {
        let token = Token::random();
        assert_eq!(token.reveal().len(), 64);
        assert_ne!(token.reveal(), Token::random().reveal());
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}

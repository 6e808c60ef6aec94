//! The caller of a use case: its session, and what that session may do and see.

use std::ops::Deref;
use std::sync::Arc;

use super::ServiceError;
use crate::domain::ledger::Actor;
use crate::domain::{
    ApiToken, Child, ChildId, FamilyRole, Member, RecordKind, Reward, RewardId, Role,
    RuleViolation, Session, Task, TaskId, Timestamp, TokenHash, User, UserId,
};
use crate::store::{Scope, Snapshot};

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
    pub(super) fn of(account: &User, session: &Session) -> Self {
        match session.used_by_child() {
            Some(child_id) => Self::Child(child_id.clone()),
            None if account.role == Role::Admin => Self::Admin,
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

/// A live session, its family and its account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    user: Arc<User>,
    account: Arc<User>,
    member: Option<Arc<Member>>,
    session: Arc<Session>,
    role: SessionRole,
}

impl Caller {
    /// Returns the caller with that session; `None` if the session has ended, its account or child does
    /// not exist, its account or family is marked for deletion, or it is of somebody who is no member any more.
    /// (Another program may have left sessions of a marked account.)
    ///
    /// The snapshot must contain the session's family, and the account of a member.
    pub(super) fn of(
        session: Arc<Session>,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Option<Self> {
        if !session.is_live(now) || !session.authenticates() {
            return None;
        }
        let active = |id| records.user(id).filter(|user| user.deletion.is_none());
        let user = active(&session.user_id)?;
        let account = match &session.member {
            Some(id) => active(id)?,
            None => Arc::clone(&user),
        };
        if let Some(child_id) = &session.child_id
            && records.child(child_id)?.user_id != user.id
        {
            return None;
        }
        let member = member_of(records, &user.id, &account.id);
        if session.member.is_some() && member.is_none() {
            return None;
        }
        Some(Self::new(user, account, member, session))
    }

    /// Returns the caller with a live session of the account in the family of `user`.
    pub(super) fn new(
        user: Arc<User>,
        account: Arc<User>,
        member: Option<Arc<Member>>,
        session: Arc<Session>,
    ) -> Self {
        let role = SessionRole::of(&account, &session);
        let member = member.filter(|_| session.used_by_child().is_none());
        Self { user, account, member, session, role }
    }

    /// Returns the caller with a live session of an account in its own family.
    pub(super) fn owner(user: User, session: Session) -> Self {
        let user = Arc::new(user);
        Self::new(Arc::clone(&user), user, None, Arc::new(session))
    }

    /// The account of the family's owner. Its id is that of the family's records.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// The caller's own account; in a child's session, that of the family's owner.
    pub fn account(&self) -> &Arc<User> {
        &self.account
    }

    /// The caller as one of several adults of the family; `None` for a child, and while the family has one adult.
    pub(super) fn member(&self) -> Option<&Arc<Member>> {
        self.member.as_ref()
    }

    /// What the caller may do in the family; `None` for a child.
    pub fn family_role(&self) -> Option<FamilyRole> {
        match self.child_id() {
            Some(_) => None,
            None if self.is_in_other_family() => self.member.as_ref().map(|member| member.role),
            None => Some(FamilyRole::Owner),
        }
    }

    pub fn is_helper(&self) -> bool {
        self.family_role() == Some(FamilyRole::Helper)
    }

    /// Whether the family and the account are different.
    pub(super) fn is_in_other_family(&self) -> bool {
        self.user.id != self.account.id
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

    /// The API token that the caller uses instead of a session.
    pub fn api_token(&self) -> Option<&ApiToken> {
        self.session.api_token.as_deref()
    }

    /// The only child that the caller sees: that of a child's session, or that of an API token.
    pub fn visible_child(&self) -> Option<&ChildId> {
        self.session.child_id.as_ref()
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

    /// The scope of the caller's family and of its own account.
    pub(super) fn with_account(&self) -> Scope {
        Scope::of_families([self.user.id.clone(), self.account.id.clone()])
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The hash of the session's token, which identifies the session.
    pub fn token_hash(&self) -> &TokenHash {
        &self.session.token_hash
    }

    /// Fails if the session has ended or a member's role has changed since the request was authenticated: a decision can
    /// run long afterwards, for example after a password change.
    pub(super) fn check_session(
        &self,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Result<(), RuleViolation> {
        let session = records.session(self.token_hash());
        let is_live = session.is_some_and(|session| session.is_live(now));
        let member = || member_of(records, &self.user.id, &self.account.id);
        let has_role = |member: Arc<Member>| Some(member.role) == self.family_role();
        let is_member = !self.is_in_other_family() || member().is_some_and(has_role);
        if is_live && is_member { Ok(()) } else { Err(RuleViolation::SessionEnded) }
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
            .filter(|child| self.visible_child().is_none_or(|own| *own == child.id))
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

    /// Fails for a child's session and for a helper.
    pub fn into_parent(self) -> Result<Parent, ServiceError> {
        match self.family_role() {
            Some(FamilyRole::Owner | FamilyRole::Parent) => Ok(Parent(self)),
            Some(FamilyRole::Helper) | None => Err(ServiceError::ParentRequired),
        }
    }

    /// Fails for a child's session.
    pub fn into_adult(self) -> Result<Adult, ServiceError> {
        match self.family_role() {
            Some(_) => Ok(Adult(self)),
            None => Err(ServiceError::ParentRequired),
        }
    }

    /// Fails unless the family is the caller's own.
    pub fn into_owner(self) -> Result<Owner, ServiceError> {
        match self.family_role() {
            Some(FamilyRole::Owner) => Ok(Owner(Parent(self))),
            Some(FamilyRole::Parent) => Err(ServiceError::OwnerRequired),
            Some(FamilyRole::Helper) | None => Err(ServiceError::ParentRequired),
        }
    }

    /// Fails unless the session is an administrator's own.
    pub fn into_admin(self) -> Result<Admin, ServiceError> {
        match self.role {
            SessionRole::Admin => Ok(Admin(self)),
            SessionRole::Parent | SessionRole::Child(_) => Err(ServiceError::AdminRequired),
        }
    }
}

/// The member of a family with that account; `None` while the family has one adult.
pub(super) fn member_of(
    records: &dyn Snapshot,
    family: &UserId,
    account: &UserId,
) -> Option<Arc<Member>> {
    records.members_of(family).into_iter().find(|member| member.account_id == *account)
}

/// An adult of a family, who has an account.
#[derive(Clone, Debug)]
pub struct Adult(Caller);

impl Adult {
    /// Returns the caller's current account, for a decision in the scope [`Caller::with_account`] that has checked
    /// the caller's session.
    pub(super) fn current_account(
        &self,
        records: &dyn Snapshot,
    ) -> Result<Arc<User>, RuleViolation> {
        records.user(&self.account.id).ok_or(RuleViolation::SessionEnded)
    }
}

impl Deref for Adult {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// A caller who may change everything in its family except its adults.
#[derive(Clone, Debug)]
pub struct Parent(Caller);

impl Parent {
    /// Returns the current account of the family's owner, for a decision that has checked the caller's session.
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

/// The owner of a family.
#[derive(Clone, Debug)]
pub struct Owner(Parent);

impl Deref for Owner {
    type Target = Parent;

    fn deref(&self) -> &Parent {
        &self.0
    }
}

/// A caller who may administer the server, whatever its role in its family is.
#[derive(Clone, Debug)]
pub struct Admin(Caller);

impl Deref for Admin {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

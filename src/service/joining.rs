//! How a person with an invitation becomes a member of a family.

use std::sync::Arc;

use super::limits::one_more;
use super::{Caller, Token};
use crate::domain::{
    FamilyLimit, FamilyRole, Invitation, Member, Name, RuleViolation, Session, Timestamp,
    TokenHash, User, UserId,
};
use crate::store::{Change, Context, Snapshot};

/// What a person needs to join a family.
pub(super) struct Joining {
    /// The stored form of the invitation.
    pub(super) invitation: TokenHash,
    token_hash: TokenHash,
}

/// The session of a new member, and the changes that create both.
pub(super) struct Joined {
    pub(super) caller: Caller,
    pub(super) changes: Vec<Change>,
}

impl Joining {
    /// `token` is that of the member's new session.
    pub(super) fn new(secret: &Token, token: &Token) -> Self {
        Self { invitation: TokenHash::of_invitation(&secret.hash()), token_hash: token.hash() }
    }

    /// Makes an account a member. Fails if the invitation is not valid, or is for another address.
    pub(super) fn join(
        &self,
        records: &dyn Snapshot,
        account: User,
        context: &mut Context,
    ) -> Result<Joined, RuleViolation> {
        let now = context.now();
        let (_, offer, owner) = valid(records, &self.invitation, now)?;
        let is_addressed = offer.email.is_none_or(|it| it.folded() == account.email.folded());
        if !is_addressed || owner.id == account.id {
            return Err(RuleViolation::InvalidInvitation);
        }
        check_room(records, &owner.id)?;
        let mut changes = Vec::new();
        if records.members_of(&owner.id).is_empty() {
            let (id, joined_at) = (context.new_id(), owner.created_at.unwrap_or(now));
            let (family, role) = (owner.id.clone(), FamilyRole::Owner);
            changes.push(Change::PutMember(Member::new(id, family, &owner, role, joined_at)));
        }
        let (id, family) = (context.new_id(), owner.id.clone());
        let member = Member::new(id, family, &account, offer.role, now);
        let account = User { member_of: Some(owner.id.clone()), ..account };
        let session = Session::begin(self.token_hash.clone(), owner.id.clone(), None, now);
        let session = Session { member: Some(account.id.clone()), ..session };
        changes.push(Change::PutUser(account.clone()));
        changes.push(Change::PutMember(member.clone()));
        changes.push(Change::PutSession(session.clone()));
        let caller =
            Caller::new(owner, Arc::new(account), Some(Arc::new(member)), Arc::new(session));
        Ok(Joined { caller, changes })
    }
}

/// The first names of the members of a family besides its owner.
pub(super) fn other_members(records: &dyn Snapshot, family: &UserId) -> Vec<Name> {
    let members = records.members_of(family).into_iter();
    let others = members.filter(|member| member.account_id != *family);
    others.map(|member| member.first_name.clone()).collect()
}

/// Fails if the family has as many members as it can have.
pub(super) fn check_room(records: &dyn Snapshot, family: &UserId) -> Result<(), RuleViolation> {
    one_more(FamilyLimit::Members, Member::MOST, other_members(records, family).len())
}

/// Returns an invitation that can be accepted, what it offers, and the owner of the family.
pub(super) fn valid(
    records: &dyn Snapshot,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<(Arc<Session>, Invitation, Arc<User>), RuleViolation> {
    let session = records.session(token_hash).filter(|session| session.is_live(now));
    let session = session.ok_or(RuleViolation::InvalidInvitation)?;
    let offer = session.invitation.clone().ok_or(RuleViolation::InvalidInvitation)?;
    let owner = records.user(&session.user_id).filter(|user| user.deletion.is_none());
    Ok((session, Invitation::clone(&offer), owner.ok_or(RuleViolation::InvalidInvitation)?))
}

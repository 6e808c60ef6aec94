//! The adults of a family that has several, their sessions, and the invitations with which they join it.

use std::sync::Arc;

use super::{
    FamilyRole, Id, Invitation, Name, Operation, Session, Timestamp, TokenHash, User, UserId,
};

pub type MemberId = Id<Member>;

/// An adult of a family that has several. The owner has a row too, so that every adult has an id that is not the id
/// of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Random. Events name it as who acted; only this record leads from it to a person.
    pub id: MemberId,
    /// The family: the account of its owner.
    pub user_id: UserId,
    /// The person's own account.
    pub account_id: UserId,
    /// The name of the account, so that a family can show it without reading another account.
    pub first_name: Name,
    pub last_name: Name,
    pub role: FamilyRole,
    /// When the person joined.
    pub created_at: Timestamp,
}

impl Member {
    /// The number of adults that a family can have besides its owner.
    pub const MOST: usize = 20;

    /// The person with that account as a member of a family.
    pub fn new(
        id: MemberId,
        family: UserId,
        account: &User,
        role: FamilyRole,
        joined_at: Timestamp,
    ) -> Self {
        Self {
            id,
            user_id: family,
            account_id: account.id.clone(),
            first_name: account.first_name.clone(),
            last_name: account.last_name.clone(),
            role,
            created_at: joined_at,
        }
    }

    /// The member with the name of an account.
    #[must_use]
    pub fn named_as(&self, account: &User) -> Self {
        let (first_name, last_name) = (account.first_name.clone(), account.last_name.clone());
        Self { first_name, last_name, ..self.clone() }
    }
}

impl TokenHash {
    /// The stored form of an invitation, from the hash of its secret.
    #[must_use]
    pub fn of_invitation(secret: &Self) -> Self {
        Self(format!("{}{}", Session::INVITATION_PREFIX, secret.0).into())
    }

    /// The stored form of the session of a member, from the hash of its token.
    #[must_use]
    pub fn of_member(token: &Self) -> Self {
        Self(format!("{}{}", Session::MEMBER_PREFIX, token.0).into())
    }
}

impl Session {
    /// What distinguishes stored invitations and the sessions of members from other sessions. No token's hash begins
    /// with it, so that a version that does not know members takes neither for a session of the owner.
    pub const INVITATION_PREFIX: &str = "invitation-";
    pub const MEMBER_PREFIX: &str = "member-";

    /// An invitation to a family.
    pub fn invitation(
        token_hash: TokenHash,
        family: UserId,
        offer: Invitation,
        now: Timestamp,
    ) -> Self {
        let (expires_at, invitation) = (now.after(Invitation::LIFETIME), Some(Arc::new(offer)));
        Self { invitation, expires_at, ..Self::begin(token_hash, family, None, now) }
    }

    /// Whether it is a session, a link or an API token of the person with that account: as the owner of its family, or as
    /// a member of another one. Not the sessions of children, and not the invitations of a family.
    pub fn is_of_adult(&self, account: &UserId) -> bool {
        let adult = self.member.as_ref().unwrap_or(&self.user_id);
        self.used_by_child().is_none() && self.invitation.is_none() && adult == account
    }
}

impl Operation {
    /// Whether a helper may execute it. Answers to requests must name the request, and of its own events a helper can
    /// reverse recent ones; see [`FamilyRole::HELPER_REVERSES`].
    pub fn is_open_to_helpers(&self) -> bool {
        match self {
            Self::Activate(_)
            | Self::Redeem(_)
            | Self::Cancel(_)
            | Self::CancelTask(_)
            | Self::Reverse(_) => true,
            Self::Request(_) | Self::RequestTask(_) | Self::Adjust(_) => false,
        }
    }

    /// Whether it can be executed without a request, and yet is meant as the answer to one.
    pub fn answers_a_request(&self) -> bool {
        matches!(self, Self::Redeem(_) | Self::Cancel(_) | Self::CancelTask(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_and_reset_links_are_no_sessions() {
        let hash = TokenHash("00ff".into());
        let now = Timestamp::from_micros(0);
        let offer = Invitation { role: FamilyRole::Helper, email: None };
        let stored = TokenHash::of_invitation(&hash);
        let invitation = Session::invitation(stored, "u".into(), offer, now);
        let link = Session::reset_link(TokenHash::of_reset_link(&hash), "u".into(), now);
        assert!(!invitation.is_session() && !link.is_session());
        let member = TokenHash::of_member(&hash);
        assert!(Session::begin(member, "u".into(), None, now).is_session());
        assert!(invitation.is_live(Timestamp::from_micros(7 * 86_400_000_000 - 1)));
        assert!(!invitation.is_live(Timestamp::from_micros(7 * 86_400_000_000)));
    }

    #[test]
    fn a_session_belongs_to_one_adult() {
        let now = Timestamp::from_micros(0);
        let own = Session::begin(TokenHash("00".into()), "u".into(), None, now);
        let member = Session { member: Some("m".into()), ..own.clone() };
        let child = Session { child_id: Some("c".into()), ..own.clone() };
        assert!(own.is_of_adult(&"u".into()) && !own.is_of_adult(&"m".into()));
        assert!(member.is_of_adult(&"m".into()) && !member.is_of_adult(&"u".into()));
        assert!(!child.is_of_adult(&"u".into()));
        let offer = Invitation { role: FamilyRole::Helper, email: None };
        let invitation = Session { invitation: Some(Arc::new(offer)), ..own };
        assert!(!invitation.is_of_adult(&"u".into()));
    }
}

//! What adults may do in a family, and what an invitation offers.

use std::time::Duration;

use super::Email;

/// What an adult may do in a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyRole {
    /// Everything. Its account has the id of the family's records.
    Owner,
    /// Everything except to manage the members, and to transfer or delete the family.
    Parent,
    /// Activate tasks, answer requests, and reverse its own events soon after them.
    Helper,
}

impl FamilyRole {
    /// The roles of an invitation.
    pub const OFFERED: [Self; 2] = [Self::Parent, Self::Helper];
    /// How long after an event a helper can reverse it.
    pub const HELPER_REVERSES: Duration = Duration::from_mins(15);

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Parent => "parent",
            Self::Helper => "helper",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Parent, Self::Helper].into_iter().find(|role| role.as_str() == text)
    }
}

/// What an invitation offers. It is stored with a session, like a link to reset a password, so that it expires and
/// is removed with the sessions of its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub role: FamilyRole,
    /// The only address whose account may accept it; `None` for any.
    pub email: Option<Email>,
}

impl Invitation {
    pub const LIFETIME: Duration = Duration::from_hours(7 * 24);
    /// The number of open invitations of a family.
    pub const MOST: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_names() {
        for role in [FamilyRole::Owner, FamilyRole::Parent, FamilyRole::Helper] {
            assert_eq!(FamilyRole::parse(role.as_str()), Some(role));
        }
        assert_eq!(FamilyRole::parse("admin"), None);
    }
}

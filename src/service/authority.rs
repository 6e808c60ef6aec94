//! Who administers the server.

use super::Admin;
use crate::domain::{RuleViolation, Timestamp, TokenHash, UserId};
use crate::store::{Scope, Snapshot};

/// Who administers the server.
#[derive(Clone, Debug)]
pub enum Authority {
    Administrator(Admin),
    /// The operator, who works on the machine of the server and needs no session.
    Operator,
}

impl Authority {
    /// The scope of a change of accounts.
    pub(super) fn scope_of(&self, accounts: impl IntoIterator<Item = UserId>) -> Scope {
        let own = match self {
            Self::Administrator(admin) => {
                vec![admin.user().id.clone(), admin.account().id.clone()]
            }
            Self::Operator => Vec::new(),
        };
        Scope::of_families(own.into_iter().chain(accounts))
    }

    /// The scope of a change of the server's settings.
    pub(super) fn scope_of_settings(&self) -> Scope {
        match self {
            Self::Administrator(admin) => admin.with_account(),
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

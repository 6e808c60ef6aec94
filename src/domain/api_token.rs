//! API tokens: secrets with which a program uses the API as an adult of a family, within scopes.

use std::sync::Arc;
use std::time::Duration;

use super::{Invalid, Name, Timestamp};

/// What a token may do. No scope includes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// Read what a parent can read.
    Read,
    /// Activate tasks and penalties, and reverse events.
    Activate,
    /// Request, redeem and cancel.
    Requests,
    /// Create, update and delete records, and change settings and points.
    Manage,
    /// Read what an administrator can read.
    AdminRead,
    /// Change what an administrator can change without the password.
    AdminWrite,
}

impl TokenScope {
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Activate,
        Self::Requests,
        Self::Manage,
        Self::AdminRead,
        Self::AdminWrite,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Activate => "activate",
            Self::Requests => "requests",
            Self::Manage => "manage",
            Self::AdminRead => "admin:read",
            Self::AdminWrite => "admin:write",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// Whether only tokens of administrators have it.
    pub fn is_administrative(self) -> bool {
        matches!(self, Self::AdminRead | Self::AdminWrite)
    }

    /// The scopes of a request: at least one, each once. They are returned in the order of [`Self::ALL`].
    pub fn set(field: &'static str, names: &[String]) -> Result<Vec<Self>, Invalid> {
        let scopes: Option<Vec<_>> = names.iter().map(|name| Self::parse(name)).collect();
        let mut scopes = scopes.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Invalid::new(field, format!("must contain only {known}"))
        })?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() || scopes.len() < names.len() {
            let rule = "must contain at least one scope, and each only once";
            return Err(Invalid::new(field, rule));
        }
        Ok(scopes)
    }
}

/// What distinguishes an API token from a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub name: Name,
    /// The beginning of the secret, by which people recognise it.
    pub prefix: Arc<str>,
    pub scopes: Arc<[TokenScope]>,
    /// Whether it ends at a time that was chosen, however often it is used.
    pub has_fixed_end: bool,
    /// The address of the last recorded use; `None` if it was never used.
    pub last_address: Option<Arc<str>>,
}

impl ApiToken {
    /// The number of tokens that an account can have.
    pub const MOST: usize = 20;
    /// The longest lifetime of a token, and how long one without an end is valid after its last use.
    pub const LIFETIME: Duration = Duration::from_hours(366 * 24);

    /// Fails unless a token can end at that time: in the future, and within [`Self::LIFETIME`].
    pub fn check_end(
        field: &'static str,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<Timestamp, Invalid> {
        if end > now && end <= now.after(Self::LIFETIME) {
            return Ok(end);
        }
        let days = Self::LIFETIME.as_secs() / 86_400;
        Err(Invalid::new(field, format!("must be in the future, and within {days} days")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_lies_in_the_future_and_within_a_year() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let is_valid = |end| ApiToken::check_end("expires_at", at(end), at(1)).is_ok();
        let year = 366 * 86_400;
        assert!(is_valid(2) && is_valid(1 + year));
        assert!(!is_valid(1) && !is_valid(2 + year));
    }

    #[test]
    fn scopes_have_one_order_and_no_duplicates() {
        let set = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            TokenScope::set("scopes", &names).ok()
        };
        let expected = vec![TokenScope::Read, TokenScope::Manage];
        assert_eq!(set(&["manage", "read"]), Some(expected));
        for names in [&[][..], &["read", "read"], &["write"], &["Read"]] {
            assert_eq!(set(names), None, "{names:?}");
        }
        for scope in TokenScope::ALL {
            assert_eq!(TokenScope::parse(scope.as_str()), Some(scope));
        }
    }
}

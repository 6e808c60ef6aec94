//! API tokens: secrets with which a program uses the API as an adult of a family, within scopes. They are stored like
//! sessions, so that they end with the membership and the account of whoever made them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{ChildId, Invalid, Name, Session, Timestamp, TokenHash, UserId};

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

    /// Fails unless a token can end at that time: in the future, and within [`Session::API_TOKEN_LIFETIME`].
    pub fn check_end(
        field: &'static str,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<Timestamp, Invalid> {
        if end > now && end <= now.after(Session::API_TOKEN_LIFETIME) {
            return Ok(end);
        }
        let days = Session::API_TOKEN_LIFETIME.as_secs() / 86_400;
        Err(Invalid::new(field, format!("must be in the future, and within {days} days")))
    }
}

impl TokenHash {
    /// The stored form of an API token, from the hash of its secret.
    #[must_use]
    pub fn of_api_token(secret: &Self) -> Self {
        Self(format!("{}{}", Session::API_TOKEN_PREFIX, secret.0).into())
    }

    pub fn is_of_api_token(&self) -> bool {
        self.0.starts_with(Session::API_TOKEN_PREFIX)
    }
}

impl Session {
    /// What distinguishes a stored API token from a session. No session's hash begins with it, so that a version that
    /// does not know API tokens never authenticates with one.
    const API_TOKEN_PREFIX: &str = "token-";
    /// The longest lifetime of an API token, and how long one without an end is valid after its last use.
    pub const API_TOKEN_LIFETIME: Duration = Duration::from_hours(366 * 24);

    /// A token of an adult with that account in a family, for all children or for one.
    pub fn api_token(
        token_hash: TokenHash,
        family: UserId,
        account: &UserId,
        child_id: Option<ChildId>,
        token: ApiToken,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let member = (family != *account).then(|| account.clone());
        let expires_at = expires_at.unwrap_or_else(|| now.after(Self::API_TOKEN_LIFETIME));
        let session = Self::begin(token_hash, family, child_id, now);
        Self { member, api_token: Some(token), expires_at, ..session }
    }

    /// The child that uses the session. The child of an API token is the only one that an adult's program sees.
    pub fn used_by_child(&self) -> Option<&ChildId> {
        self.child_id.as_ref().filter(|_| self.api_token.is_none())
    }

    /// The session after a use at `now` from an address; `None` if the use need not be recorded. The address matters
    /// only for API tokens, whose first use is always recorded.
    pub fn used(&self, now: Timestamp, address: Option<IpAddr>) -> Option<Self> {
        let Some(token) = &self.api_token else { return self.touched(now) };
        let address = address?;
        let is_first = token.last_address.is_none();
        let touched = is_first.then(|| self.touched_at(now)).or_else(|| self.touched(now))?;
        let expires_at = if token.has_fixed_end { self.expires_at } else { touched.expires_at };
        let last_address = Some(address.to_string().into());
        Some(Self {
            expires_at,
            api_token: Some(ApiToken { last_address, ..token.clone() }),
            ..touched
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn token(child_id: Option<&str>, expires_at: Option<Timestamp>) -> Session {
        let token = ApiToken {
            name: Name::from_stored("Home Assistant"),
            prefix: "gs_Ab3d".into(),
            scopes: [TokenScope::Read].into(),
            has_fixed_end: expires_at.is_some(),
            last_address: None,
        };
        let hash = TokenHash::of_api_token(&TokenHash("00ff".into()));
        let child_id = child_id.map(ChildId::from);
        Session::api_token(hash, "u".into(), &"m".into(), child_id, token, expires_at, at(0))
    }

    #[test]
    fn a_token_is_no_session_and_belongs_to_the_adult_who_made_it() {
        for token in [token(None, None), token(Some("c"), None)] {
            assert!(!token.is_session() && token.authenticates());
            assert!(!token.is_reset_link() && !token.is_pairing());
            assert!(token.is_of_adult(&"m".into()) && !token.is_of_adult(&"u".into()));
            assert_eq!(token.used_by_child(), None);
        }
    }

    #[test]
    fn a_token_without_an_end_is_valid_for_a_year_after_its_last_use() {
        let token = token(None, None);
        assert!(token.is_live(at(366 * DAY - 1)) && !token.is_live(at(366 * DAY)));
        let used = token.used(at(100 * DAY), Some([192, 0, 2, 1].into())).unwrap();
        assert!(used.is_live(at(466 * DAY - 1)) && !used.is_live(at(466 * DAY)));
        assert!(used.shortened(at(100 * DAY)).is_none());
        assert!(used.shortened(at(98 * DAY)).is_some());
    }

    #[test]
    fn the_first_use_and_one_in_each_hour_are_recorded_with_the_address() {
        let token = token(None, Some(at(30 * DAY)));
        let [first, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(|it| Some(IpAddr::from(it)));
        let address = |it: &Session| it.api_token.clone().unwrap().last_address.unwrap();
        let used = token.used(at(1), first).unwrap();
        assert_eq!((&*address(&used), used.last_used_at), ("192.0.2.1", at(1)));
        assert!(used.used(at(HOUR), other).is_none());
        let again = used.used(at(HOUR + 1), other).unwrap();
        assert_eq!((&*address(&again), again.last_used_at), ("192.0.2.2", at(HOUR + 1)));
        assert_eq!(again.expires_at, at(30 * DAY), "a use does not move a chosen end");
    }

    #[test]
    fn an_end_lies_in_the_future_and_within_a_year() {
        let is_valid = |end| ApiToken::check_end("expires_at", end, at(DAY)).is_ok();
        assert!(is_valid(at(DAY + 1)) && is_valid(at(367 * DAY)));
        assert!(!is_valid(at(DAY)) && !is_valid(at(367 * DAY + 1)));
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

//! How API tokens are stored: like sessions, so that they end with the membership and the account of whoever made them.

use std::net::IpAddr;
use std::sync::Arc;

use super::{ApiToken, ChildId, Session, Timestamp, TokenHash, UserId};

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
        let expires_at = expires_at.unwrap_or_else(|| now.after(ApiToken::LIFETIME));
        let session = Self::begin(token_hash, family, child_id, now);
        Self { member, api_token: Some(Arc::new(token)), expires_at, ..session }
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
        let token = ApiToken { last_address, ..ApiToken::clone(token) };
        Some(Self { expires_at, api_token: Some(Arc::new(token)), ..touched })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Name, TokenScope};

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
        let address = |it: &Session| it.api_token.as_ref().unwrap().last_address.clone().unwrap();
        let used = token.used(at(1), first).unwrap();
        assert_eq!((&*address(&used), used.last_used_at), ("192.0.2.1", at(1)));
        assert!(used.used(at(HOUR), other).is_none());
        let again = used.used(at(HOUR + 1), other).unwrap();
        assert_eq!((&*address(&again), again.last_used_at), ("192.0.2.2", at(HOUR + 1)));
        assert_eq!(again.expires_at, at(30 * DAY), "a use does not move a chosen end");
    }
}

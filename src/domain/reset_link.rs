//! Links that reset a forgotten password. They are stored like sessions, so that they end with the sessions
//! of an account and are removed with them.

use std::time::Duration;

use super::{Session, Timestamp, TokenHash, UserId};

impl TokenHash {
    /// The stored form of a link, from the hash of its secret.
    #[must_use]
    pub fn of_reset_link(secret: &Self) -> Self {
        Self(format!("{}{}", Session::RESET_LINK_PREFIX, secret.0).into())
    }
}

impl Session {
    /// What distinguishes a stored link from a session. No token's hash begins with it, so that no version of
    /// the server takes a link for a session.
    pub const RESET_LINK_PREFIX: &str = "reset-";
    pub const RESET_LINK_LIFETIME: Duration = Duration::from_hours(24);
    /// The number of links that an account can have.
    pub const MOST_RESET_LINKS: usize = 5;
    /// How long after a login an administrator need not repeat the password.
    const RECENT: Duration = Duration::from_mins(15);

    /// A link to reset the password of an account.
    pub fn reset_link(token_hash: TokenHash, user_id: UserId, now: Timestamp) -> Self {
        let expires_at = now.after(Self::RESET_LINK_LIFETIME);
        Self { expires_at, ..Self::begin(token_hash, user_id, None, now) }
    }

    pub fn is_reset_link(&self) -> bool {
        self.token_hash.0.starts_with(Self::RESET_LINK_PREFIX)
    }

    /// Whether it began a short time ago. False if it began in the future of a clock that was set back.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        self.created_at <= now && now < self.created_at.after(Self::RECENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    #[test]
    fn a_link_is_valid_for_a_day_and_is_no_session() {
        let secret = TokenHash("00ff".into());
        let link = Session::reset_link(TokenHash::of_reset_link(&secret), "u".into(), at(0));
        assert!(link.is_reset_link() && link.token_hash != secret);
        assert!(link.is_live(at(24 * 60 - 1)) && !link.is_live(at(24 * 60)));
        assert!(!Session::begin(secret, "u".into(), None, at(0)).is_reset_link());
    }

    #[test]
    fn a_session_is_recent_for_a_quarter_of_an_hour() {
        let session = Session::begin(TokenHash("00ff".into()), "u".into(), None, at(100));
        assert!(session.is_recent(at(100)) && session.is_recent(at(114)));
        assert!(!session.is_recent(at(115)) && !session.is_recent(at(99)));
    }
}

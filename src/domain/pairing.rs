//! The sessions of devices, and the pairings for which devices exchange them. Both are stored like other sessions, so that
//! they end with the sessions of an account and of a child.

use std::time::Duration;

use super::{ApiToken, ChildId, Device, Session, Timestamp, TokenHash, UserId};

impl TokenHash {
    /// The stored form of a pairing, from the hash of the device's code.
    #[must_use]
    pub fn of_pairing(device_code: &Self) -> Self {
        Self(format!("{}{}", Session::PAIRING_PREFIX, device_code.0).into())
    }
}

impl Session {
    /// What distinguishes a stored pairing from a session. No token's hash begins with it.
    const PAIRING_PREFIX: &str = "pairing-";
    /// How long the session of a device is valid after its last use.
    pub const DEVICE_LIFETIME: Duration = Duration::from_hours(180 * 24);

    /// A pairing that a parent has confirmed: the device can exchange it for a session.
    pub fn pairing(
        token_hash: TokenHash,
        user_id: UserId,
        child_id: ChildId,
        device: Device,
        now: Timestamp,
    ) -> Self {
        Self {
            device: Some(device),
            expires_at: now.after(Device::CODE_LIFETIME),
            ..Self::begin(token_hash, user_id, Some(child_id), now)
        }
    }

    /// The session for which a device exchanges this pairing.
    #[must_use]
    pub fn exchanged(&self, token_hash: TokenHash, now: Timestamp) -> Self {
        let expires_at = now.after(Self::DEVICE_LIFETIME);
        Self { token_hash, created_at: now, last_used_at: now, expires_at, ..self.clone() }
    }

    pub fn is_pairing(&self) -> bool {
        self.token_hash.0.starts_with(Self::PAIRING_PREFIX)
    }

    /// Whether it is a session: no link to reset a password, no pairing, no invitation and no API token.
    pub fn is_session(&self) -> bool {
        let is_other = self.is_reset_link() || self.is_pairing() || self.api_token.is_some();
        !is_other && self.invitation.is_none()
    }

    /// Whether it can authenticate requests.
    pub fn authenticates(&self) -> bool {
        self.is_session() || self.api_token.is_some()
    }

    /// How long it is valid after a use.
    pub(super) fn lifetime(&self) -> Duration {
        match (&self.api_token, &self.device) {
            (Some(_), _) => ApiToken::LIFETIME,
            (None, Some(_)) => Self::DEVICE_LIFETIME,
            (None, None) => Self::LIFETIME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Name;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    #[test]
    fn a_device_has_a_session_of_180_days_that_every_use_renews() {
        let device = Device { id: "d".into(), name: Name::from_stored("Tablet") };
        let hash = TokenHash::of_pairing(&TokenHash("00ff".into()));
        let pairing = Session::pairing(hash, "u".into(), "c".into(), device.clone(), at(0));
        assert!(pairing.is_pairing() && !pairing.is_session());
        assert!(pairing.is_live(at(9)) && !pairing.is_live(at(10)));
        let session = pairing.exchanged(TokenHash("00aa".into()), at(5));
        assert!(session.is_session() && session.device == Some(device));
        let day = 24 * 60;
        assert!(session.is_live(at(180 * day)) && !session.is_live(at(180 * day + 5)));
        let used = session.touched(at(100 * day)).unwrap();
        assert!(used.is_live(at(280 * day - 1)) && !used.is_live(at(280 * day)));
        assert!(used.shortened(at(100 * day)).is_none(), "it does not end too late");
        let shortened = used.shortened(at(98 * day)).unwrap();
        assert_eq!(shortened.expires_at, at(278 * day));
    }
}

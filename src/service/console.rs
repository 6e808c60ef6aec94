//! The console for administrators: it asks for the password again after some idle time.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::token::hexadecimal;
use super::{Admin, Caller, Service, ServiceError};
use crate::domain::{Session, Timestamp};

impl Service {
    /// How long the console stays open without a request.
    pub const CONSOLE_IDLE: Duration = Duration::from_mins(20);

    /// Whether the caller must repeat the password for an action for which a short time after a login suffices.
    pub fn needs_password(&self, caller: &Caller) -> bool {
        !caller.session().is_recent(self.clock.now())
    }

    /// Returns a new seal if the console is open for that session: if it has logged in, or `seal` was created for it,
    /// less than [`Self::CONSOLE_IDLE`] ago.
    pub async fn renewed_seal(
        &self,
        admin: &Admin,
        seal: Option<&str>,
    ) -> Result<Option<String>, ServiceError> {
        let (now, key) = (self.clock.now(), self.salt().await?);
        let is_recent = |at: Timestamp| at <= now && now < at.after(Self::CONSOLE_IDLE);
        let sealed_at = seal.and_then(|seal| opened(&key, admin.session(), seal));
        let is_open = is_recent(admin.session().created_at) || sealed_at.is_some_and(is_recent);
        Ok(is_open.then(|| sealed(&key, admin.session(), now)))
    }

    /// Opens the console again for an administrator at `address`. Fails if the password is wrong, and after too many
    /// attempts.
    pub async fn open_console(
        &self,
        address: IpAddr,
        admin: &Admin,
        password: String,
    ) -> Result<String, ServiceError> {
        self.confirm(address, admin, password).await?;
        Ok(sealed(&self.salt().await?, admin.session(), self.clock.now()))
    }
}

/// A time for one session, signed with a secret of the server, so that nobody else can set it.
fn sealed(key: &str, session: &Session, at: Timestamp) -> String {
    let micros = at.as_micros();
    // A key can have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(format!("console {} {micros}", session.token_hash.0).as_bytes());
    format!("{micros}.{}", hexadecimal(&mac.finalize().into_bytes()))
}

/// The time in a seal; `None` if the server has not created it for that session.
fn opened(key: &str, session: &Session, seal: &str) -> Option<Timestamp> {
    let at = Timestamp::from_micros(seal.split_once('.')?.0.parse().ok()?);
    let own = sealed(key, session, at);
    bool::from(own.as_bytes().ct_eq(seal.as_bytes())).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TokenHash;

    #[test]
    fn a_seal_is_of_one_session_and_time() {
        let at = Timestamp::from_micros(1_770_000_000_000_000);
        let session = |hash: &str| Session::begin(TokenHash(hash.into()), "u".into(), None, at);
        let (own, other) = (session("00ff"), session("00fe"));
        let seal = sealed("secret", &own, at);
        assert_eq!(opened("secret", &own, &seal), Some(at));
        assert_eq!(opened("secret", &other, &seal), None);
        assert_eq!(opened("other", &own, &seal), None);
        let later = seal.replacen("1770000000000000", "1770000000000001", 1);
        assert_ne!(later, seal);
        for forged in [later.as_str(), "", ".", "1770000000000000.", "x.y"] {
            assert_eq!(opened("secret", &own, forged), None, "{forged}");
        }
    }
}

//! Secrets and signatures, by the Standard Webhooks specification.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// The secret of a webhook, as its receiver configures it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Arc<str>);

impl WebhookSecret {
    /// The secret of random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(random)).into())
    }

    /// The secret of a stored row. `None` if it cannot be one.
    pub fn from_stored(text: &str) -> Option<Self> {
        let secret = Self(text.into());
        secret.key().map(|_| secret)
    }

    /// The text, for the row and for the one response that contains it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()
    }

    /// The signature of a message that is sent at a time in Unix seconds.
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let key = self.key().unwrap_or_default();
        // A key can have any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let secret = WebhookSecret::from_stored("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_has_its_prefix_and_32_bytes() {
        let secret = WebhookSecret::new([7; 32]);
        assert_eq!(secret.key(), Some(vec![7; 32]));
        assert_eq!(WebhookSecret::from_stored(secret.reveal()), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
        for text in ["", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(WebhookSecret::from_stored(text), None, "{text}");
        }
    }
}

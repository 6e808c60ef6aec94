//! The secrets of API tokens: a prefix, 160 random bits in base 62, and a checksum, by which scanners for secrets recognise
//! them without asking the server.

use std::fmt;

use super::Token;
use crate::clock;
use crate::domain::TokenHash;

const PREFIX: &str = "gs_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The digits that 160 bits need, and those that a CRC-32 needs.
const RANDOM_DIGITS: usize = 27;
const CHECKSUM_DIGITS: usize = 6;
/// How much of a secret lists show. It leaves 136 unknown bits.
const SHOWN: usize = PREFIX.len() + 4;

/// The secret of an API token: `gs_`, 27 digits, and 6 digits of the CRC-32 of these 27. Only its hash is stored.
pub struct ApiSecret(String);

impl ApiSecret {
    pub(super) fn random() -> Self {
        Self::of(clock::random())
    }

    fn of(random: [u8; 20]) -> Self {
        let random = base62(random, RANDOM_DIGITS);
        let checksum = checksum(&random);
        Self(format!("{PREFIX}{random}{checksum}"))
    }

    /// Whether a text has the prefix of API tokens. No token of a session has it.
    pub fn is_prefix_of(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// A secret from a request; `None` if the checksum shows that the server has never made it.
    pub(super) fn presented(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let is_whole = digits.len() == RANDOM_DIGITS + CHECKSUM_DIGITS && digits.is_ascii();
        let (random, found) = is_whole.then(|| digits.split_at(RANDOM_DIGITS))?;
        (checksum(random) == found).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the response that creates it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What lists show of it.
    pub(super) fn shown(&self) -> &str {
        &self.0[..SHOWN]
    }

    /// The stored form.
    pub(super) fn hash(&self) -> TokenHash {
        TokenHash::of_api_token(&Token::presented(&self.0).hash())
    }
}

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiSecret(..)")
    }
}

fn checksum(random: &str) -> String {
    base62(crc32fast::hash(random.as_bytes()).to_be_bytes(), CHECKSUM_DIGITS)
}

/// A number, whose most significant byte comes first, with that number of digits.
fn base62<const N: usize>(mut number: [u8; N], digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for digit in text.iter_mut().rev() {
        let mut remainder = 0;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            // Both are small: the remainder is below 62, so the quotient is below 256.
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        *digit = DIGITS[usize::try_from(remainder).unwrap_or_default()];
    }
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form_in_base_62() {
        assert_eq!(base62([0, 0], 3), "000");
        assert_eq!(base62([61], 1), "z");
        assert_eq!(base62([62], 2), "10");
        assert_eq!(base62([0xff; 4], 6), "4gfFC3");
        // 2 to the power of 160, minus 1.
        assert_eq!(base62([0xff; 20], 27), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    }

    #[test]
    fn a_secret_has_a_prefix_and_a_checksum() {
        let secret = ApiSecret::of([0; 20]);
        assert_eq!(secret.reveal(), "gs_0000000000000000000000000002MvMGi");
        assert_eq!(secret.shown(), "gs_0000");
        assert_eq!(format!("{secret:?}"), "ApiSecret(..)");
        let (one, other) = (ApiSecret::random(), ApiSecret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), 36);
        let presented = ApiSecret::presented(one.reveal()).unwrap();
        assert_eq!(presented.hash(), one.hash());
        assert!(one.hash().is_of_api_token());
    }

    #[test]
    fn a_text_that_no_server_has_made_is_no_secret() {
        let secret = ApiSecret::of([7; 20]).reveal().to_owned();
        let swapped = secret.replacen('0', "1", 1);
        for text in [
            "",
            "gs_",
            "gs_ééééééééééééééééé",
            &secret[3..],
            &secret[..35],
            &format!("{secret}0"),
            &secret.to_lowercase(),
            &swapped,
        ] {
            assert!(ApiSecret::presented(text).is_none(), "{text}");
        }
    }
}

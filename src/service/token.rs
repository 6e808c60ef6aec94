//! The secrets of sessions, links and addresses.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::clock;
use crate::domain::TokenHash;

/// What the token of a member's session starts with. Its stored form differs, too: see [`TokenHash::of_member`].
const MEMBER: &str = "member_";

/// The secret of a session, a link or an address, in hexadecimal digits. Only its hash is stored.
pub struct Token(String);

impl Token {
    /// 256 random bits.
    pub(super) fn random() -> Self {
        Self(hexadecimal(&clock::random::<32>()))
    }

    /// 128 random bits, for an address that people copy.
    pub(super) fn random_for_address() -> Self {
        Self(hexadecimal(&clock::random::<16>()))
    }

    /// 256 random bits, for the session of a member.
    pub(super) fn random_for_member() -> Self {
        Self(format!("{MEMBER}{}", hexadecimal(&clock::random::<32>())))
    }

    /// 128 random bits in hexadecimal digits, for the idempotency key of a form.
    pub fn random_key() -> String {
        hexadecimal(&clock::random::<16>())
    }

    /// A token from a request, which is not checked.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself, for the response that creates it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The stored form. One round of SHA-256 is enough: unlike a password, 128 random bits
    /// cannot be guessed from their hash.
    pub(super) fn hash(&self) -> TokenHash {
        let hash = TokenHash(hexadecimal(&Sha256::digest(self.0.as_bytes())).into());
        if self.0.starts_with(MEMBER) { TokenHash::of_member(&hash) } else { hash }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_stored_as_its_sha256() {
        let token = Token::presented("abc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(&*token.hash().0, expected);
    }

    #[test]
    fn tokens_are_long_and_hidden_in_debug_output() {
        let token = Token::random();
        assert_eq!(token.reveal().len(), 64);
        assert_ne!(token.reveal(), Token::random().reveal());
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}

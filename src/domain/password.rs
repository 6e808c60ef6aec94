//! Password hashes in werkzeug's text form, `method$salt$hexdigest`. The method is `scrypt:N:r:p` or
//! `pbkdf2:digest:iterations`; missing parameters at its end have werkzeug's defaults. The salt is used as
//! the bytes of its text.
//!
//! Source: `werkzeug.security` 3.1, `generate_password_hash` and `check_password_hash`.

use std::fmt::Write as _;
use std::sync::Arc;

use pbkdf2::pbkdf2_hmac_array;
use scrypt::Params;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::Invalid;

/// The method of new hashes. It takes about 32 MiB and, on a machine of 2026, about 150 ms.
pub const NEW_METHOD: &str = "scrypt:32768:8:3";

const SALT_CHARS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SCRYPT_DIGEST_BYTES: usize = 64;
/// Bounds for hashes from a file, about ten times the cost of a new hash, so that a manipulated hash
/// cannot use up the machine's memory or processor.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
const MAX_SCRYPT_COST: u64 = 8 << 20;
const MAX_ITERATIONS: u32 = 5_000_000;
/// Werkzeug's default.
const DEFAULT_ITERATIONS: u32 = 1_000_000;
const MAX_SALT_BYTES: usize = 256;
/// A check that takes more memory or time than this counts as expensive: four times what a new hash
/// takes. An iteration of PBKDF2 takes 0.2 to 0.6 µs, and a new hash about 150 ms. Werkzeug's default
/// of a million iterations must not count as expensive.
const USUAL_SCRYPT_MEMORY: u64 = 4 * (32 << 20);
const USUAL_SCRYPT_COST: u64 = 4 * (32_768 * 8 * 3);
const USUAL_ITERATIONS: u32 = 2_000_000;

/// A password to be hashed: at least 8 characters, at most 256 bytes.
#[derive(Clone)]
pub struct NewPassword(Arc<str>);

impl NewPassword {
    /// In Unicode scalar values, as NIST SP 800-63B counts characters.
    pub const MIN_CHARS: usize = 8;
    /// In UTF-8.
    pub const MAX_BYTES: usize = 256;

    /// Checks a password from a request. The error names `field`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        if text.chars().count() < Self::MIN_CHARS {
            return Err(Invalid::new(field, "must have at least 8 characters"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(Invalid::new(field, "must not be longer than 256 bytes"));
        }
        Ok(Self(text.into()))
    }

    /// An existing account's password, of any length.
    pub fn known(text: &str) -> Self {
        Self(text.into())
    }

    /// The hash to store, by a method of scrypt. `random` must be random bytes, for the salt.
    pub fn hash(&self, method: &str, random: [u8; 16]) -> Arc<str> {
        let salt: String = random.iter().map(|byte| salt_char(*byte)).collect();
        let digest = Method::parse(method).and_then(|method| method.digest(&self.0, &salt));
        let digest = digest.unwrap_or_default();
        debug_assert_eq!(digest.len(), SCRYPT_DIGEST_BYTES);
        let mut hash = format!("{method}${salt}$");
        for byte in digest {
            // Writing to a `String` can't fail.
            write!(hash, "{byte:02x}").unwrap_or_default();
        }
        hash.into()
    }
}

/// A hash by a method of scrypt that no known password matches. Checking against it takes as long as
/// checking any other hash of that method.
pub fn unmatched(method: &str) -> String {
    format!("{method}${}${}", "0".repeat(16), "0".repeat(2 * SCRYPT_DIGEST_BYTES))
}

/// Whether `password` matches `hash`. False if the method is unknown or exceeds the bounds.
pub fn verify(hash: &str, password: &str) -> bool {
    let mut parts = hash.splitn(3, '$');
    let (Some(method), Some(salt), Some(expected)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    if salt.len() > MAX_SALT_BYTES {
        return false;
    }
    let Some(digest) = Method::parse(method).and_then(|method| method.digest(password, salt))
    else {
        return false;
    };
    let mut found = String::with_capacity(digest.len() * 2);
    for byte in digest {
        write!(found, "{byte:02x}").unwrap_or_default();
    }
    found.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// Why no password can match `hash`, as a clause; `None` if the hash is valid.
pub fn fault(hash: &str) -> Option<&'static str> {
    if hash.is_empty() {
        return Some("there is no password hash");
    }
    let mut parts = hash.splitn(3, '$');
    let (Some(method), Some(salt), Some(digest)) = (parts.next(), parts.next(), parts.next())
    else {
        return Some("the password hash does not have the form `method$salt$digest`");
    };
    if salt.len() > MAX_SALT_BYTES {
        return Some("the salt of the password hash is too long");
    }
    let Some(method) = Method::parse(method) else {
        return Some("the method of the password hash is unknown or exceeds the cost limits");
    };
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_whole = digest.len() == 2 * method.digest_bytes() && digest.bytes().all(is_digit);
    (!is_whole).then_some("the digest of the password hash does not fit its method")
}

/// Whether a check of `hash` takes more than four times the time or memory of a new one.
pub fn is_expensive(hash: &str) -> bool {
    match Method::parse(method(hash)) {
        Some(Method::Scrypt(params)) => {
            let (n, r, p) = (1 << params.log_n(), u64::from(params.r()), u64::from(params.p()));
            128 * n * r > USUAL_SCRYPT_MEMORY || n * r * p > USUAL_SCRYPT_COST
        }
        Some(Method::Pbkdf2(_, iterations)) => iterations > USUAL_ITERATIONS,
        None => false,
    }
}

/// The method of a hash. All hashes of one method take equally long to check.
pub fn method(hash: &str) -> &str {
    hash.split('$').next().unwrap_or_default()
}

enum Method {
    Scrypt(Params),
    Pbkdf2(Digest, u32),
}

#[derive(Clone, Copy)]
enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Method {
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["scrypt"] => scrypt_params("32768", "8", "1").map(Self::Scrypt),
            ["scrypt", n, r, p] => scrypt_params(n, r, p).map(Self::Scrypt),
            ["pbkdf2"] => Some(Self::Pbkdf2(Digest::Sha256, DEFAULT_ITERATIONS)),
            ["pbkdf2", digest] => Some(Self::Pbkdf2(Digest::parse(digest)?, DEFAULT_ITERATIONS)),
            ["pbkdf2", digest, iterations] => {
                let iterations = iterations.parse().ok()?;
                let is_bounded = (1..=MAX_ITERATIONS).contains(&iterations);
                is_bounded.then_some(Self::Pbkdf2(Digest::parse(digest)?, iterations))
            }
            _ => None,
        }
    }

    fn digest_bytes(&self) -> usize {
        match self {
            Self::Scrypt(_) => SCRYPT_DIGEST_BYTES,
            Self::Pbkdf2(Digest::Sha1, _) => 20,
            Self::Pbkdf2(Digest::Sha224, _) => 28,
            Self::Pbkdf2(Digest::Sha256, _) => 32,
            Self::Pbkdf2(Digest::Sha384, _) => 48,
            Self::Pbkdf2(Digest::Sha512, _) => 64,
        }
    }

    fn digest(&self, password: &str, salt: &str) -> Option<Vec<u8>> {
        let (password, salt) = (password.as_bytes(), salt.as_bytes());
        match self {
            Self::Scrypt(params) => {
                let mut digest = vec![0; SCRYPT_DIGEST_BYTES];
                scrypt::scrypt(password, salt, params, &mut digest).ok()?;
                Some(digest)
            }
            Self::Pbkdf2(digest, iterations) => Some(digest.pbkdf2(password, salt, *iterations)),
        }
    }
}

impl Digest {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha224" => Some(Self::Sha224),
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Self::Sha1 => pbkdf2_hmac_array::<Sha1, 20>(password, salt, iterations).into(),
            Self::Sha224 => pbkdf2_hmac_array::<Sha224, 28>(password, salt, iterations).into(),
            Self::Sha256 => pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).into(),
            Self::Sha384 => pbkdf2_hmac_array::<Sha384, 48>(password, salt, iterations).into(),
            Self::Sha512 => pbkdf2_hmac_array::<Sha512, 64>(password, salt, iterations).into(),
        }
    }
}

fn scrypt_params(n: &str, r: &str, p: &str) -> Option<Params> {
    let n: u64 = n.parse().ok()?;
    let (r, p): (u32, u32) = (r.parse().ok()?, p.parse().ok()?);
    let memory = n.checked_mul(128)?.checked_mul(r.into())?;
    let cost = n.checked_mul(r.into())?.checked_mul(p.into())?;
    if !n.is_power_of_two() || memory > MAX_SCRYPT_MEMORY || cost > MAX_SCRYPT_COST {
        return None;
    }
    Params::new(u8::try_from(n.ilog2()).ok()?, r, p).ok()
}

/// One of werkzeug's 62 salt characters. The remainder's bias is harmless: a salt must be unique, not
/// uniformly distributed.
fn salt_char(byte: u8) -> char {
    char::from(SALT_CHARS[usize::from(byte) % SALT_CHARS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    // Generated by werkzeug 3.1.3 for "correct horse 0" and "correct horse 1".
    const SCRYPT: &str = "scrypt:32768:8:1$B5TWbkgfWzsVhBP0$edf40b154d5642fe0cb6238b7786ecc7e1e7a2\
        6a2c6567d7bdb651fecb7ed00ca3b38125899c24c7560eb4220414cae524e9f1d320da743744afdb4ecf8aa657";
    const PBKDF2: &str = "pbkdf2:sha256:60000$MTxcUgXKiqg0XEW0$ec877d5a492cbaada9eebf956105502c7a12\
        bfd52e62403dab853309faeec583";

    #[test]
    fn hashes_of_werkzeug_are_verified() {
        assert!(verify(SCRYPT, "correct horse 0"));
        assert!(!verify(SCRYPT, "correct horse 1"));
        assert!(verify(PBKDF2, "correct horse 1"));
        assert!(!verify(PBKDF2, "correct horse 0"));
    }

    #[test]
    fn new_hashes_are_verified_and_salted() {
        let password = NewPassword::parse("password", "Zoë's 8 bytes").unwrap();
        let hash = password.hash(NEW_METHOD, [7; 16]);
        assert!(hash.starts_with("scrypt:32768:8:3$hhhhhhhhhhhhhhhh$"));
        assert!(verify(&hash, "Zoë's 8 bytes"));
        assert_ne!(hash, password.hash(NEW_METHOD, [8; 16]));
    }

    #[test]
    fn nothing_matches_the_unmatched_hash() {
        let unmatched = unmatched(NEW_METHOD);
        assert_eq!(method(&unmatched), NEW_METHOD);
        assert_eq!(fault(&unmatched), None);
        assert!(!verify(&unmatched, ""));
    }

    #[test]
    fn hashes_beyond_the_bounds_match_nothing() {
        for hash in [
            "",
            "plain",
            "md5$salt$00",
            "scrypt:1073741824:8:1$salt$00",
            "scrypt:32768:8:1000000$salt$00",
            "scrypt:32767:8:1$salt$00",
            "scrypt:0:8:1$salt$00",
            "scrypt:18446744073709551615:4294967295:4294967295$salt$00",
            "pbkdf2:sha256:4294967295$salt$00",
            "pbkdf2:sha256:0$salt$00",
            "pbkdf2:whirlpool:1$salt$00",
        ] {
            assert!(!verify(hash, "password"), "{hash}");
        }
    }

    #[test]
    fn an_invalid_hash_has_a_fault() {
        for hash in [SCRYPT, PBKDF2] {
            assert_eq!(fault(hash), None, "{hash}");
        }
        let upper = SCRYPT.to_uppercase().replace("SCRYPT", "scrypt");
        let short = &SCRYPT[..SCRYPT.len() - 2];
        for hash in ["", "plain", "md5$salt$00", "scrypt:1073741824:8:1$salt$00", &upper, short] {
            assert!(fault(hash).is_some(), "{hash}");
        }
    }

    #[test]
    fn a_hash_is_expensive_above_four_times_the_cost_of_a_new_one() {
        for (method, expected) in [
            (NEW_METHOD, false),
            ("scrypt", false),
            ("scrypt:131072:8:1", false),
            ("scrypt:262144:8:1", true),
            ("scrypt:32768:8:12", false),
            ("scrypt:32768:8:13", true),
            ("pbkdf2", false),
            ("pbkdf2:sha512:2000000", false),
            ("pbkdf2:sha256:2000001", true),
            // Invalid hashes are not computed.
            ("scrypt:1073741824:8:1", false),
            ("md5", false),
            ("", false),
        ] {
            assert_eq!(is_expensive(&format!("{method}$salt$00")), expected, "{method}");
        }
    }

    #[test]
    fn passwords_have_a_length() {
        assert!(NewPassword::parse("password", "1234567").is_err());
        assert!(NewPassword::parse("password", &"p".repeat(257)).is_err());
        assert!(NewPassword::parse("password", &"p".repeat(256)).is_ok());
    }
}

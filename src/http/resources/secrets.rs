//! Decides which unknown fields of a record are not returned: older services stored PINs, one-time codes,
//! keys and tokens in records. Only the name of the field is known.

/// Names that contain one of these are secret.
const SECRETS: [&str; 6] = ["password", "passwd", "passphrase", "passcode", "secret", "credential"];
/// Names that contain one of these as a separate word are secret.
const SECRET_WORDS: [&str; 15] = [
    "pin",
    "pins",
    "pincode",
    "pwd",
    "otp",
    "totp",
    "hotp",
    "jwt",
    "salt",
    "session",
    "sessions",
    "sessionid",
    "sessid",
    "sid",
    "apikey",
];
/// The words that make a key a secret. Sort keys and foreign keys are not secret.
const KEY_KINDS: [&str; 11] = [
    "access",
    "api",
    "auth",
    "encryption",
    "master",
    "private",
    "secret",
    "service",
    "signing",
    "ssh",
    "stream",
];
/// The words that make a code or a link a secret. Country codes and post codes are not secret.
const ACCESS_KINDS: [&str; 31] = [
    "2fa",
    "access",
    "activation",
    "auth",
    "authentication",
    "backup",
    "confirm",
    "confirmation",
    "device",
    "email",
    "invitation",
    "invite",
    "join",
    "login",
    "magic",
    "mfa",
    "one",
    "onetime",
    "pairing",
    "parental",
    "recovery",
    "reset",
    "restore",
    "security",
    "setup",
    "signin",
    "signup",
    "sms",
    "unlock",
    "verification",
    "verify",
];

/// Whether a field of this name may contain a password, a PIN, a token, a code, or the hash of one.
pub(crate) fn may_be_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = words(name);
    let is_token = |word: &String| word.ends_with("token") || word.ends_with("hash");
    // `tokens` is secret; `tokens_earned` is a number.
    let are_tokens = |word: &String| word.ends_with("tokens") || word.ends_with("hashes");
    SECRETS.iter().any(|secret| lower.contains(secret))
        || words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || words.iter().any(is_token)
        || words.last().is_some_and(are_tokens)
        || is_code(&words)
        || is_key(&words)
        || is_link(&words)
}

/// Whether the words name a secret key.
fn is_key(words: &[String]) -> bool {
    let is_key = |word: &String| matches!(word.as_str(), "key" | "keys");
    let joined = |word: &String| {
        let kind = word.strip_suffix("keys").or_else(|| word.strip_suffix("key"));
        kind.is_some_and(|kind| KEY_KINDS.contains(&kind))
    };
    words.iter().any(joined)
        || (words.iter().any(is_key) && words.iter().any(|word| KEY_KINDS.contains(&word.as_str())))
}

/// Whether the words name an address that gives access.
fn is_link(words: &[String]) -> bool {
    let is_link = |word: &String| matches!(word.as_str(), "link" | "links" | "url" | "uri");
    words.iter().any(is_link) && words.iter().any(|word| ACCESS_KINDS.contains(&word.as_str()))
}

/// Whether the words name a code that gives access, or only a code.
fn is_code(words: &[String]) -> bool {
    let (mut has_code, mut others) = (false, Vec::new());
    for word in words {
        let other = word.strip_suffix("codes").or_else(|| word.strip_suffix("code"));
        has_code |= other.is_some();
        others.push(other.unwrap_or(word));
    }
    others.retain(|other| !other.is_empty());
    has_code && (others.is_empty() || others.iter().any(|other| ACCESS_KINDS.contains(other)))
}

/// The words of a name in snake case, kebab case or camel case, in lower case and without trailing
/// digits.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower_case = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (after_lower_case && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        after_lower_case = c.is_lowercase();
    }
    for word in &mut words {
        word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secret_fields_are_recognised() {
        for name in [
            "pin",
            "PIN",
            "pin_setup_code",
            "parentPin",
            "pin2",
            "pincode",
            "pin_hash",
            "Password2",
            "old_passwords",
            "passwordHash",
            "passwd",
            "secret",
            "totp_secret",
            "clientSecrets",
            "otp",
            "reset_token",
            "refreshToken",
            "authtoken",
            "push_tokens",
            "token",
            "recovery_hashes",
            "hash",
            "code",
            "codes",
            "verification_code",
            "verify-code",
            "resetCode",
            "logincode",
            "backup_codes",
            "otp_code",
            "2fa_code",
            "one_time_code",
            "email_verification_code_1",
            "api_key",
            "apiKey",
            "apikeys",
            "private-key",
            "session_id",
            "sessionId",
            "session",
            "sid",
            "reset_link",
            "magic_link",
            "inviteUrl",
            "login_credentials",
            "jwt",
            "salt",
        ] {
            assert!(may_be_secret(name), "{name}");
        }
    }

    #[test]
    fn similar_names_of_other_fields_are_returned() {
        for name in [
            "country_code",
            "postcode",
            "postalCode",
            "language_code",
            "zip_code",
            "zipcode",
            "currency_codes",
            "dial_code",
            "encoding",
            "decoder",
            "hashtag",
            "hashtags",
            "tokens_earned",
            "sort_key",
            "monkey",
            "avatar_url",
            "link",
            "opinion",
            "pinned",
            "spinning",
            "shipping",
            "compass",
            "timezone",
            "verified",
            "setup_done",
            "email_verified",
            "",
            "_",
        ] {
            assert!(!may_be_secret(name), "{name}");
        }
    }
}

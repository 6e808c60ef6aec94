//! Which unknown fields of a record are not returned, since older services kept PINs, one-time codes,
//! keys and tokens in records. Only the field's name is known.

/// What is a secret in whatever name it stands.
const SECRETS: [&str; 6] = ["password", "passwd", "passphrase", "passcode", "secret", "credential"];
/// What is one as a word of its own.
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
/// What makes a key a secret. There are sort keys and foreign keys as well.
const OPENS: [&str; 11] = [
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
/// Whose code or link lets somebody in. Countries, languages and post offices have codes as well.
const LETS_IN: [&str; 31] = [
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

/// Whether a field of that name may hold what lets somebody in: a password, a PIN, a token, a code, or
/// the hash of one.
pub(crate) fn may_be_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = words(name);
    let is_token = |word: &String| word.ends_with("token") || word.ends_with("hash");
    // `tokens` are such; of `tokens_earned` there are many.
    let are_tokens = |word: &String| word.ends_with("tokens") || word.ends_with("hashes");
    SECRETS.iter().any(|secret| lower.contains(secret))
        || words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || words.iter().any(is_token)
        || words.last().is_some_and(are_tokens)
        || is_code(&words)
        || is_key(&words)
        || is_link(&words)
}

/// Whether the words name a key that opens something.
fn is_key(words: &[String]) -> bool {
    let is_key = |word: &String| matches!(word.as_str(), "key" | "keys");
    let joined = |word: &String| {
        let opens = word.strip_suffix("keys").or_else(|| word.strip_suffix("key"));
        opens.is_some_and(|opens| OPENS.contains(&opens))
    };
    words.iter().any(joined)
        || (words.iter().any(is_key) && words.iter().any(|word| OPENS.contains(&word.as_str())))
}

/// Whether the words name an address that lets in whoever opens it.
fn is_link(words: &[String]) -> bool {
    let is_link = |word: &String| matches!(word.as_str(), "link" | "links" | "url" | "uri");
    words.iter().any(is_link) && words.iter().any(|word| LETS_IN.contains(&word.as_str()))
}

/// Whether the words name a code that lets somebody in, or just a code.
fn is_code(words: &[String]) -> bool {
    let (mut has_code, mut others) = (false, Vec::new());
    for word in words {
        let other = word.strip_suffix("codes").or_else(|| word.strip_suffix("code"));
        has_code |= other.is_some();
        others.push(other.unwrap_or(word));
    }
    others.retain(|other| !other.is_empty());
    has_code && (others.is_empty() || others.iter().any(|other| LETS_IN.contains(other)))
}

/// The words of a name in snake case, kebab case or camel case, in lower case and without the numbers
/// at their ends.
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
    fn what_may_let_somebody_in_is_known_by_its_name() {
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
    fn what_only_sounds_like_it_is_answered() {
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

//! The file names of the audit logs.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::UserId;

/// The maximum length of an encoded id that is used as a whole. File systems allow names of 255
/// bytes.
const MAX_WHOLE: usize = 120;
/// How much of a longer id a name contains, so that people recognise it.
const KEPT: usize = 80;

/// The name of an account's file: `tracking_user_<user_id>.log`.
///
/// Bytes other than ASCII letters, digits, `_` and `-` are percent-encoded, so an id cannot point
/// outside of the folder. An id that is too long is cut, and a dot and the SHA-256 of the whole id
/// follow. No encoded id contains a dot, so two accounts never share a file.
pub fn log_name(user_id: &UserId) -> String {
    let mut id = encode(user_id.as_str());
    if id.len() > MAX_WHOLE {
        id.truncate(KEPT);
        id.push('.');
        for byte in Sha256::digest(user_id.as_str()) {
            push_hex(&mut id, byte);
        }
    }
    format!("tracking_user_{id}.log")
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            push_hex(&mut encoded, byte);
        }
    }
    encoded
}

fn push_hex(text: &mut String, byte: u8) {
    let written = write!(text, "{byte:02X}");
    debug_assert!(written.is_ok(), "writing to a string can't fail");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_usual_id_is_part_of_the_name() {
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(log_name(&id.into()), format!("tracking_user_{id}.log"));
    }

    #[test]
    fn no_id_points_outside_of_the_folder() {
        for (id, expected) in [
            ("", "tracking_user_.log"),
            ("../x", "tracking_user_%2E%2E%2Fx.log"),
            ("a\0b", "tracking_user_a%00b.log"),
            ("a%00b", "tracking_user_a%2500b.log"),
            ("a\\b\nc", "tracking_user_a%5Cb%0Ac.log"),
            ("é", "tracking_user_%C3%A9.log"),
        ] {
            assert_eq!(log_name(&id.into()), expected);
        }
    }

    #[test]
    fn two_ids_never_share_a_name() {
        let long = "a".repeat(300);
        let shown = log_name(&long.as_str().into());
        let pretender = shown.trim_start_matches("tracking_user_").trim_end_matches(".log");
        let ids = [
            long.clone(),
            format!("{long}b"),
            "a".repeat(120),
            "a".repeat(121),
            "/".repeat(300),
            "/".repeat(301),
            pretender.to_owned(),
        ];
        let names: HashSet<_> = ids.iter().map(|id| log_name(&id.as_str().into())).collect();
        assert_eq!(names.len(), ids.len());
        // This leaves room for `.1000` and `.tmp` within the 255 bytes of a file name.
        assert!(names.iter().all(|name| name.len() <= 240), "{names:?}");
    }
}

//! Formats an event as a line, and reads the event's id and time from a line.
//!
//! The format is logfmt (<https://brandur.org/logfmt>) after the time and the level. A value with
//! special characters is a JSON string in ASCII, as `go-logfmt` writes it. So a value cannot end
//! its line, look like another field, or send control characters to a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::domain::{Timestamp, TrackingEvent};

/// How many bytes a line usually has, without the ids. Used as the initial capacity.
const USUAL_LEN: usize = 384;

pub(super) fn render(line: &mut String, event: &TrackingEvent) {
    let user_id = event.user_id.as_ref().map_or("", |id| id.as_str());
    line.reserve(USUAL_LEN);
    let begun = write!(line, "{} INFO", event.created_at);
    // One by one: formatting all fields with one call takes twice as long.
    for (name, text) in [
        (" event_id=", value(event.id.as_str())),
        (" user_id=", value(user_id)),
        (" child_id=", value(event.child_id.as_str())),
        (" entity_type=", Cow::Borrowed(event.entity_type.as_str())),
        (" entity_id=", value(&event.entity_id)),
        (" action=", Cow::Borrowed(event.action.as_str())),
    ] {
        line.push_str(name);
        line.push_str(&text);
    }
    let ended = writeln!(
        line,
        " points_before={} points_after={} delta={} occurred_at={}",
        event.points_before, event.points_after, event.delta, event.occurred_at,
    );
    debug_assert!(begun.and(ended).is_ok(), "writing to a string can't fail");
}

/// A text in the form of a field's value.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    // The loop has no early exit, so the compiler can check many bytes at once.
    if !text.is_empty() && text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            _ => push_escaped(&mut quoted, c),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

fn push_escaped(quoted: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let written = write!(quoted, "\\u{unit:04x}");
        debug_assert!(written.is_ok(), "writing to a string can't fail");
    }
}

/// The start of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// The event's `created_at`.
    pub(super) time: Timestamp,
    /// The event's id, as [`value`] formatted it.
    pub(super) event_id: &'a str,
}

/// Reads the start of a line; `None` if [`render`] did not write it.
pub(super) fn head(line: &[u8]) -> Option<Head<'_>> {
    let text = std::str::from_utf8(line).ok()?;
    let (time, rest) = text.split_once(' ')?;
    let (_level, rest) = rest.split_once(' ')?;
    let rest = rest.strip_prefix("event_id=")?;
    let end = if rest.starts_with('"') {
        // A quote that is part of the value has a backslash before it, and so has a backslash.
        let mut bytes = rest.bytes().enumerate().skip(1);
        loop {
            match bytes.next()? {
                (_, b'\\') => _ = bytes.next()?,
                (at, b'"') => break at + 1,
                _ => {}
            }
        }
    } else {
        rest.find(' ')?
    };
    Some(Head { time: Timestamp::parse_iso(time)?, event_id: &rest[..end] })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event_with, rendered};
    use super::*;

    #[test]
    fn a_line_has_every_field() {
        let event = event_with(|fields| {
            fields.id = "0193".into();
            fields.created_at = Timestamp::parse_iso("2026-02-09T18:42:15.123456Z").unwrap();
            fields.occurred_at = Timestamp::parse_iso("2026-02-09T18:42:15.123455Z").unwrap();
        });
        assert_eq!(
            rendered(&event),
            "2026-02-09T18:42:15.123456Z INFO event_id=0193 user_id=u-1 child_id=c-1 \
             entity_type=penalty entity_id=t-1 action=activated points_before=8 points_after=5 \
             delta=-3 occurred_at=2026-02-09T18:42:15.123455Z\n"
        );
    }

    #[test]
    fn no_value_ends_its_field() {
        for (text, expected) in [
            ("plain-1_2.3", "plain-1_2.3"),
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a=b", r#""a=b""#),
            ("a\" action=x", r#""a\" action=x""#),
            ("a\\", r#""a\\""#),
            ("a\r\n\tb", r#""a\r\n\tb""#),
            ("\0\u{1b}[31m\u{7f}", r#""\u0000\u001b[31m\u007f""#),
            ("\u{85}\u{2028}\u{2029}", r#""\u0085\u2028\u2029""#),
            ("Mía \u{202e}😀", r#""M\u00eda \u202e\ud83d\ude00""#),
        ] {
            assert_eq!(value(text), expected);
            if text != value(text) {
                let read: String = serde_json::from_str(&value(text)).unwrap();
                assert_eq!(read, text, "it reads as JSON");
            }
        }
    }

    #[test]
    fn a_hostile_event_is_one_line() {
        let hostile = "x\r\n\u{2028}\u{85}\u{0b}\u{1b}]0;\u{7}\" delta=9 \\";
        let line = rendered(&event_with(|fields| {
            fields.id = hostile.into();
            fields.user_id = Some(hostile.into());
            fields.child_id = hostile.into();
            fields.entity_id = hostile.to_owned();
        }));
        let (newline, rest) = line.as_bytes().split_last().unwrap();
        assert_eq!(*newline, b'\n');
        assert!(rest.iter().all(|byte| (b' '..=b'~').contains(byte)));
        let head = head(line.as_bytes()).unwrap();
        assert_eq!(head.event_id, value(hostile));
    }

    #[test]
    fn other_text_has_no_head() {
        for line in [
            "",
            "\n",
            "2026-02-09T18:42:15.123456Z INFO event_id=\"a\\\" user_id=u\n",
            "2026-02-09T18:42:15.123456Z INFO started\n",
            "now INFO event_id=a user_id=u\n",
        ] {
            assert_eq!(head(line.as_bytes()), None, "{line}");
        }
        assert_eq!(head(b"\xff INFO event_id=a user_id=u\n"), None);
    }
}

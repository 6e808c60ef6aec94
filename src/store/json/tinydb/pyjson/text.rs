use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Scanner;

/// Appends a string as Python writes it: quoted, in ASCII.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, ' '..='~') && c != '"' && c != '\\' {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` can't fail.
                    write!(out, "\\u{unit:04x}").unwrap_or_default();
                }
            }
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Appends an object as Python writes it.
pub(crate) fn push_object(out: &mut String, object: &Map<String, Value>) {
    out.push('{');
    for (position, (name, value)) in object.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        push_string(out, name);
        out.push_str(": ");
        push_value(out, value);
    }
    out.push('}');
}

/// Appends a value as Python writes it.
pub(crate) fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                push_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => push_object(out, object),
        // Numbers, booleans and null are equal in both dialects.
        other => write!(out, "{other}").unwrap_or_default(),
    }
}

/// A scanned value as strict JSON: Python's non-numbers become null.
pub(crate) fn strict(raw: &str) -> Cow<'_, str> {
    let is_name = |at| raw[at..].starts_with("NaN") || raw[at..].starts_with("Infinity");
    if !memchr::memchr2_iter(b'N', b'I', raw.as_bytes()).any(is_name) {
        return Cow::Borrowed(raw);
    }
    outside_strings(raw, |out, part| {
        let part = part.replace("-Infinity", "null");
        out.push_str(&part.replace("Infinity", "null").replace("NaN", "null"));
    })
}

/// The same for an owned text.
pub(crate) fn into_strict(raw: String) -> String {
    match strict(&raw) {
        Cow::Borrowed(_) => raw,
        Cow::Owned(strict) => strict,
    }
}

/// A scanned value with the white space that Python writes.
pub(crate) fn compact(raw: &str) -> Cow<'_, str> {
    outside_strings(raw, |out, part| {
        for c in part.chars() {
            match c {
                ',' => out.push_str(", "),
                ':' => out.push_str(": "),
                ' ' | '\n' | '\r' | '\t' => {}
                other => out.push(other),
            }
        }
    })
}

/// Copies a scanned value. Strings stay as they are; `change` appends the text between them.
fn outside_strings(raw: &str, mut change: impl FnMut(&mut String, &str)) -> Cow<'_, str> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(quote) = rest.find('"') {
        change(&mut out, &rest[..quote]);
        let mut scanner = Scanner::new(&rest.as_bytes()[quote..]);
        let end = match scanner.value() {
            Ok(_) => quote + scanner.position(),
            Err(_) => rest.len(),
        };
        out.push_str(&rest[quote..end]);
        rest = &rest[end..];
    }
    change(&mut out, rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::super::{decode_exactly, decode_string};
    use super::*;

    #[test]
    fn strings_decode() {
        for (raw, text) in [
            (r#""plain""#, "plain"),
            (r#""\u00e9\ud83d\udc15 \"\\\/\b\f\n\r\t""#, "é🐕 \"\\/\u{8}\u{c}\n\r\t"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\udc15\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(decode_string(raw).unwrap(), text, "{raw}");
            let exact = decode_exactly(raw);
            assert_eq!(exact.as_deref(), (!text.contains('\u{fffd}')).then_some(text), "{raw}");
        }
        assert_eq!(decode_exactly(r#""\ufffd""#).as_deref(), Some("\u{fffd}"));
        assert_eq!(decode_string("1"), None);
    }

    #[test]
    fn strict_and_compact_leave_strings_alone() {
        let raw = "{\"NaN, \\\"Infinity\": [NaN,\n -Infinity , Infinity],\"b\" :1}";
        assert_eq!(strict(raw), "{\"NaN, \\\"Infinity\": [null,\n null , null],\"b\" :1}");
        let compacted = "{\"NaN, \\\"Infinity\": [NaN, -Infinity, Infinity], \"b\": 1}";
        assert_eq!(compact(raw), compacted);
    }

    proptest::proptest! {
        #[test]
        fn strings_are_read_as_they_were_written(text in ".*") {
            let mut raw = String::new();
            push_string(&mut raw, &text);
            proptest::prop_assert!(raw.is_ascii());
            let mut scanner = Scanner::new(raw.as_bytes());
            proptest::prop_assert_eq!(scanner.value(), Ok(0..raw.len()));
            proptest::prop_assert_eq!(decode_string(&raw).unwrap(), text.as_str());
            let by_serde: String = serde_json::from_str(&raw).unwrap();
            proptest::prop_assert_eq!(by_serde, text);
        }

    }
}

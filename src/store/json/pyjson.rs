//! JSON as Python's `json` module reads and writes it: read as spans of the text, without building
//! values, so that what Goldstar doesn't know can be kept byte for byte.
//!
//! Python's dialect is RFC 8259 with `NaN`, `Infinity` and `-Infinity` as numbers, and with escaped
//! surrogates that need no partner. Its writer, as TinyDB calls it, escapes all but ASCII and
//! separates with `, ` and `: `.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Map, Value};
use thiserror::Error;

/// How deep arrays and objects may lie in each other. Python itself gives up near 1,000.
const MAX_DEPTH: usize = 500;

/// Why a text isn't JSON.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text ends too early.
    #[error("the text ends in the middle of a value")]
    Ended,
    /// Something else than what must stand there.
    #[error("{expected} is missing")]
    At {
        /// The byte.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
}

impl Fault {
    /// The byte at which the text stops being JSON, in a text of `len` bytes.
    pub(super) fn byte(self, len: usize) -> usize {
        match self {
            Self::Ended => len,
            Self::At { at, .. } => at,
        }
    }
}

/// Walks over a text from value to value.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte's offset.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next byte that isn't white space, which stays the next one.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Takes `byte`, after white space.
    pub(super) fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            next => Err(self.fault(next, expected)),
        }
    }

    /// Takes the comma before a container's next item, or its closing bracket: whether there is a
    /// next item. `first` says that none was taken yet.
    pub(super) fn next_item(&mut self, close: u8, first: bool) -> Result<bool, Fault> {
        match self.peek() {
            Some(next) if next == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                match self.peek() {
                    Some(next) if next == close => Err(self.fault(Some(next), "a value")),
                    _ => Ok(true),
                }
            }
            Some(_) if first => Ok(true),
            next => Err(self.fault(next, "a comma or a closing bracket")),
        }
    }

    /// Takes an object's next name and the colon behind it: the name's span, quotes included.
    pub(super) fn name(&mut self) -> Result<Range<usize>, Fault> {
        if let Some(next) = self.peek()
            && next != b'"'
        {
            return Err(self.fault(Some(next), "a name in quotes"));
        }
        let name = self.value()?;
        self.take(b':', "a colon")?;
        Ok(name)
    }

    /// Takes one value of any kind: its span.
    pub(super) fn value(&mut self) -> Result<Range<usize>, Fault> {
        // An explicit stack of closing brackets: a deep text must not overflow the thread's own.
        let mut open: Vec<u8> = Vec::new();
        self.peek();
        let start = self.at;
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    let close = bracket + 2; // In ASCII, both closing brackets stand two behind.
                    if open.len() == MAX_DEPTH {
                        return Err(Fault::At { at: self.at - 1, expected: "a less deep value" });
                    }
                    open.push(close);
                    if self.next_item(close, true)? {
                        self.name_within(close)?;
                        continue;
                    }
                    open.pop();
                }
                Some(b'"') => self.string()?,
                Some(next) => self.word(next)?,
                None => return Err(Fault::Ended),
            }
            loop {
                let Some(&close) = open.last() else {
                    return Ok(start..self.at);
                };
                if self.next_item(close, false)? {
                    self.name_within(close)?;
                    break;
                }
                open.pop();
            }
        }
    }

    /// Which of `known` the name is whose span [`Self::name`] gave.
    pub(super) fn known_field(&self, name: &Range<usize>, known: &[&str]) -> Option<usize> {
        let raw = &self.text[name.clone()];
        let plain = &raw[1..raw.len() - 1];
        if memchr::memchr(b'\\', plain).is_none() {
            return known.iter().position(|known| known.as_bytes() == plain);
        }
        let name = decode_string(std::str::from_utf8(raw).ok()?)?;
        known.iter().position(|known| *known == name)
    }

    /// Fails unless only white space is left.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::At { at: self.at, expected: "the end of the text" }),
        }
    }

    fn name_within(&mut self, close: u8) -> Result<(), Fault> {
        if close == b']' {
            return Ok(());
        }
        match self.peek() {
            Some(b'"') => self.string()?,
            next => return Err(self.fault(next, "a name in quotes")),
        }
        self.take(b':', "a colon")
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            self.skip_plain();
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return Err(self.fault(Some(0), "a character of a string")),
                Some(_) => self.at += 1,
                None => return Err(Fault::Ended),
            }
        }
    }

    /// Skips characters that mean nothing in a string, eight at a time: most of a start goes here.
    fn skip_plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        // The high bit of a byte that is less than the one in `limit`, where all are below 0x80. A
        // byte above may be marked wrongly behind one that is marked rightly, or by its own high
        // bit, which the caller looks at one by one.
        let below = |word: u64, limit: u64| word.wrapping_sub(limit) & !word & HIGHS;
        while let Some(chunk) = self.text.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*chunk);
            let quote = below(word ^ (ONES * u64::from(b'"')), ONES);
            let backslash = below(word ^ (ONES * u64::from(b'\\')), ONES);
            let special = quote | backslash | below(word, ONES * 0x20);
            self.at += (special.trailing_zeros() / 8) as usize;
            if special != 0 {
                return;
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                for digit in 2..6 {
                    match self.text.get(self.at + digit) {
                        Some(digit) if digit.is_ascii_hexdigit() => {}
                        next => {
                            return Err(self.fault(next.copied(), "four hexadecimal digits"));
                        }
                    }
                }
                self.at += 6;
            }
            next => return Err(self.fault(next.copied(), "a known escape")),
        }
        Ok(())
    }

    /// A number, `true`, `false`, `null`, or one of Python's numbers that aren't any.
    fn word(&mut self, first: u8) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        for word in ["true", "false", "null", "NaN", "Infinity", "-Infinity"] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
            if word.as_bytes().starts_with(rest) {
                return Err(Fault::Ended);
            }
        }
        if first == b'-' || first.is_ascii_digit() {
            return self.number();
        }
        Err(self.fault(Some(first), "a value"))
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.fault(rest.first().copied(), "a digit"));
        }
        self.at += count;
        Ok(())
    }

    fn fault(&self, next: Option<u8>, expected: &'static str) -> Fault {
        match next {
            Some(_) => Fault::At { at: self.at, expected },
            None => Fault::Ended,
        }
    }
}

/// The spans of a member's name, quotes included, and of its value.
pub(super) type Member = (Range<usize>, Range<usize>);

/// The members of an object in their order. The object must be all of the text.
pub(super) fn members(text: &[u8]) -> Result<Vec<Member>, Fault> {
    let mut scanner = Scanner::new(text);
    let mut members = Vec::new();
    scanner.take(b'{', "an opening brace")?;
    while scanner.next_item(b'}', members.is_empty())? {
        members.push((scanner.name()?, scanner.value()?));
    }
    scanner.end()?;
    Ok(members)
}

/// The items of an array in their order. The array must be all of the text.
pub(super) fn items(text: &[u8]) -> Result<Vec<Range<usize>>, Fault> {
    let mut scanner = Scanner::new(text);
    let mut items = Vec::new();
    scanner.take(b'[', "an opening bracket")?;
    while scanner.next_item(b']', items.is_empty())? {
        items.push(scanner.value()?);
    }
    scanner.end()?;
    Ok(items)
}

/// What a string that was scanned says; a surrogate without its partner reads as U+FFFD. None where
/// `raw` is no string.
pub(super) fn decode_string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        rest = unescape(escape, &mut text)?;
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// Takes what follows a backslash; returns what follows that.
fn unescape<'a>(escape: &'a str, text: &mut String) -> Option<&'a str> {
    let plain = match escape.as_bytes().first()? {
        b'u' => {
            let first = hex_unit(escape.get(1..5)?)?;
            let rest = escape.get(5..)?;
            let second = rest.strip_prefix("\\u").and_then(|rest| hex_unit(rest.get(..4)?));
            if let Some(second) = second
                && let Some(Ok(pair)) = char::decode_utf16([first, second]).next()
                && pair > '\u{ffff}'
            {
                text.push(pair);
                return rest.get(6..);
            }
            text.push(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
            return Some(rest);
        }
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        other => char::from(*other),
    };
    text.push(plain);
    escape.get(1..)
}

fn hex_unit(digits: &str) -> Option<u16> {
    u16::from_str_radix(digits, 16).ok()
}

/// Appends a string as Python writes it: quoted, in ASCII.
pub(super) fn push_string(out: &mut String, text: &str) {
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
pub(super) fn push_object(out: &mut String, object: &Map<String, Value>) {
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

fn push_value(out: &mut String, value: &Value) {
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
        // Numbers, booleans and null look the same in both dialects.
        other => write!(out, "{other}").unwrap_or_default(),
    }
}

/// A value that was scanned, in strict JSON: Python's numbers that aren't any become null.
pub(super) fn strict(raw: &str) -> Cow<'_, str> {
    if !raw.contains("NaN") && !raw.contains("Infinity") {
        return Cow::Borrowed(raw);
    }
    outside_strings(raw, |out, part| {
        let part = part.replace("-Infinity", "null");
        out.push_str(&part.replace("Infinity", "null").replace("NaN", "null"));
    })
}

/// A value that was scanned, with the white space between its tokens as Python writes it.
pub(super) fn compact(raw: &str) -> Cow<'_, str> {
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

/// Copies a scanned value, its strings as they are, the text between them through `change`.
fn outside_strings(raw: &str, mut change: impl FnMut(&mut String, &str)) -> Cow<'_, str> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(quote) = rest.find('"') {
        change(&mut out, &rest[..quote]);
        let mut scanner = Scanner::new(&rest.as_bytes()[quote..]);
        let end = match scanner.string() {
            Ok(()) => quote + scanner.position(),
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
    use super::*;

    fn scan(text: &str) -> Result<(), Fault> {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.value()?;
        scanner.end()
    }

    #[test]
    fn python_writes_it_so_it_is_read() {
        for text in [
            "{}",
            " [ ] ",
            r#"{"a": [1, -2.5e+3, 0, NaN, Infinity, -Infinity, true, false, null], "b": {"c": ""}}"#,
            r#""\ud83d \u00e9 \n \/ \\ \"""#,
            "\"é\u{7f}\"",
            "[[[[]], {}], 1e400, 123456789012345678901234567890]",
        ] {
            assert_eq!(scan(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for text in [
            "{a: 1}",
            "[1,]",
            "{\"a\": 1,}",
            "[1 2]",
            "{\"a\" 1}",
            "'a'",
            "01",
            "1.",
            ".5",
            "+1",
            "[}",
            "{\"a\": 1]",
            "nul1",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "\"\0\"",
            "{1: 2}",
            "{} {}",
            "1 2",
            "--1",
            "[,1]",
            "{,}",
        ] {
            assert!(scan(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cut_text_ends_too_early() {
        let text = r#"{"a": [1, "\u00e9", {"b": null}], "c": -Infinity}"#;
        for end in 0..text.len() {
            assert_eq!(scan(&text[..end]), Err(Fault::Ended), "{}", &text[..end]);
        }
    }

    #[test]
    fn depth_is_bounded_without_overflowing() {
        assert_eq!(scan(&format!("{}{}", "[".repeat(500), "]".repeat(500))), Ok(()));
        assert!(matches!(scan(&"[".repeat(1_000_000)), Err(Fault::At { at: 500, .. })));
    }

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
        }
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
        fn strings_come_back(text in ".*") {
            let mut raw = String::new();
            push_string(&mut raw, &text);
            proptest::prop_assert!(raw.is_ascii());
            proptest::prop_assert_eq!(scan(&raw), Ok(()));
            proptest::prop_assert_eq!(decode_string(&raw).unwrap(), text.as_str());
            let by_serde: String = serde_json::from_str(&raw).unwrap();
            proptest::prop_assert_eq!(by_serde, text);
        }

        #[test]
        fn any_text_is_scanned_without_a_panic(text in "[\\[\\]{}\",:\\\\u0-9eE.+a-zN -]{0,40}") {
            let by_serde = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            // What strict JSON allows, Python allows.
            if by_serde {
                proptest::prop_assert_eq!(scan(&text), Ok(()));
            }
        }
    }
}

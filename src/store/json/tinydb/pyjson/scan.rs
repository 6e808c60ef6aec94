use std::ops::Range;

use thiserror::Error;

use super::decode_string;

/// The deepest nesting of arrays and objects. Python itself fails near 1,000.
const MAX_DEPTH: usize = 500;

/// What is expected after a complete text.
const END: &str = "the end of the text";

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text ends too early.
    #[error("the text ends in the middle of a value")]
    Ended,
    /// Another byte than the expected one.
    #[error("{expected} is missing")]
    At {
        at: usize,
        /// What is expected there.
        expected: &'static str,
    },
}

impl Fault {
    /// The first byte that is not JSON, in a text of `len` bytes.
    pub(crate) fn byte(self, len: usize) -> usize {
        match self {
            Self::Ended => len,
            Self::At { at, .. } => at,
        }
    }

    /// Whether the fault is after a complete text.
    pub(crate) fn is_behind_the_end(self) -> bool {
        matches!(self, Self::At { expected: END, .. })
    }
}

/// Scans a text from value to value.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The offset of the next byte.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text from an offset to the next byte.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        &self.text[start..self.at]
    }

    /// Consumes these bytes if they are next; returns whether they were.
    pub(crate) fn skip(&mut self, bytes: &[u8]) -> bool {
        let comes_next = self.text[self.at..].starts_with(bytes);
        self.at += if comes_next { bytes.len() } else { 0 };
        comes_next
    }

    /// The next byte that is not white space, without consuming it.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Consumes white space and `byte`.
    pub(crate) fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            next => Err(self.fault(next, expected)),
        }
    }

    /// Consumes the comma before the next item, or the closing bracket; returns whether there is a
    /// next item. `first` is true before the first item.
    pub(crate) fn next_item(&mut self, close: u8, first: bool) -> Result<bool, Fault> {
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

    /// Consumes an object's next name and the colon after it; returns the name's span with its
    /// quotes.
    pub(crate) fn name(&mut self) -> Result<Range<usize>, Fault> {
        if let Some(next) = self.peek()
            && next != b'"'
        {
            return Err(self.fault(Some(next), "a name in quotes"));
        }
        let name = self.value()?;
        self.take(b':', "a colon")?;
        Ok(name)
    }

    /// Consumes one value; returns its span.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, Fault> {
        // An explicit stack of closing brackets: deep nesting must not overflow the thread's stack.
        let mut open: Vec<u8> = Vec::new();
        let next = self.peek();
        let start = self.at;
        if next == Some(b'"') {
            self.string()?;
            return Ok(start..self.at);
        }
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

    /// The position in `known` of the name whose span [`Self::name`] returned.
    pub(crate) fn known_field(&self, name: &Range<usize>, known: &[&str]) -> Option<usize> {
        let raw = &self.text[name.clone()];
        let plain = &raw[1..raw.len() - 1];
        if memchr::memchr(b'\\', plain).is_none() {
            return known.iter().position(|known| known.as_bytes() == plain);
        }
        let name = decode_string(std::str::from_utf8(raw).ok()?)?;
        known.iter().position(|known| *known == name)
    }

    /// Fails if anything but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::At { at: self.at, expected: END }),
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
                next => return Err(self.fault(next.copied(), "a character of a string")),
            }
        }
    }

    /// Skips the characters up to the next quote, backslash or control character.
    fn skip_plain(&mut self) {
        let rest = &self.text[self.at..];
        let plain = &rest[..memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len())];
        let is_control = |byte: &u8| *byte < 0x20;
        // A loop without an early exit is vectorised.
        let has_control = plain.iter().fold(false, |any, byte| any | is_control(byte));
        let control = || plain.iter().position(is_control);
        self.at += has_control.then(control).flatten().unwrap_or(plain.len());
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

    /// A number, `true`, `false`, `null`, or one of Python's non-numbers.
    fn word(&mut self, first: u8) -> Result<(), Fault> {
        if first.is_ascii_digit() {
            return self.number();
        }
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
        if first == b'-' {
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

/// The spans of a member's name, with its quotes, and of its value.
pub(crate) type Member = (Range<usize>, Range<usize>);

/// The members of an object, in order. The object must be the whole text.
pub(crate) fn members(text: &[u8]) -> Result<Vec<Member>, Fault> {
    let mut scanner = Scanner::new(text);
    let mut members = Vec::new();
    scanner.take(b'{', "an opening brace")?;
    while scanner.next_item(b'}', members.is_empty())? {
        members.push((scanner.name()?, scanner.value()?));
    }
    scanner.end()?;
    Ok(members)
}

/// The items of an array, in order. The array must be the whole text.
pub(crate) fn items(text: &[u8]) -> Result<Vec<Range<usize>>, Fault> {
    let mut scanner = Scanner::new(text);
    let mut items = Vec::new();
    scanner.take(b'[', "an opening bracket")?;
    while scanner.next_item(b']', items.is_empty())? {
        items.push(scanner.value()?);
    }
    scanner.end()?;
    Ok(items)
}

#[cfg(test)]
mod tests;

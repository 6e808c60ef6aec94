use std::borrow::Cow;

/// What a string that was scanned says; a surrogate without its partner reads as U+FFFD. None where
/// `raw` is no string.
pub(crate) fn decode_string(raw: &str) -> Option<Cow<'_, str>> {
    decode(raw, Some(char::REPLACEMENT_CHARACTER))
}

/// What a string that was scanned says. None where `raw` is no string, or holds a surrogate without
/// its partner, which no text of Rust's can.
pub(crate) fn decode_exactly(raw: &str) -> Option<Cow<'_, str>> {
    decode(raw, None)
}

/// Decodes a string, with `lone` in the place of each surrogate without its partner.
fn decode(raw: &str, lone: Option<char>) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        rest = unescape(escape, &mut text, lone)?;
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// Takes what follows a backslash; returns what follows that.
fn unescape<'a>(escape: &'a str, text: &mut String, lone: Option<char>) -> Option<&'a str> {
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
            text.push(char::from_u32(first.into()).or(lone)?);
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

use std::borrow::Cow;

/// Decodes a scanned string; an unpaired surrogate becomes U+FFFD. `None` if `raw` is not a string.
pub(crate) fn decode_string(raw: &str) -> Option<Cow<'_, str>> {
    decode(raw, Some(char::REPLACEMENT_CHARACTER))
}

/// Decodes a scanned string. `None` if `raw` is not a string, or contains an unpaired surrogate,
/// which a Rust string cannot contain.
pub(crate) fn decode_exactly(raw: &str) -> Option<Cow<'_, str>> {
    decode(raw, None)
}

/// Decodes a string, with `lone` for each unpaired surrogate.
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

/// Decodes the text after a backslash; returns the rest.
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

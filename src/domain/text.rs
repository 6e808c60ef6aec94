use std::fmt;
use std::sync::Arc;

use super::Invalid;

/// A name of a person, a child, a task or a reward: 1 to 100 characters without control characters
/// and deceptive ones, without white space around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The most characters that a new name may have.
    pub const MAX_CHARS: usize = 100;

    /// Trims and checks a name from a request; `field` is named in the error.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new(field, "must not be empty"));
        }
        check_line(field, text, Self::MAX_CHARS)?;
        Ok(Self(text.into()))
    }

    /// A name as a file holds it, which may be older than the bounds for new ones.
    pub fn recorded(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An email address: as it was given, and as it is compared (in lower case).
#[derive(Clone, Debug)]
pub struct Email {
    given: Arc<str>,
    folded: Arc<str>,
}

impl Email {
    /// The most bytes that a new address may have (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const MAX_BYTES: usize = 254;

    /// Trims and checks an address from a request. What it promises is only that mail could be
    /// addressed so: one `@` with something on either side, no white space, no control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let invalid = |message: &str| Err(Invalid::new("email", message));
        if text.len() > Self::MAX_BYTES {
            return invalid("must not be longer than 254 bytes");
        }
        let Some((local, domain)) = text.split_once('@') else {
            return invalid("must hold an @");
        };
        let forbidden =
            |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"\\[]".contains(c);
        let bad_domain = domain.is_empty()
            || domain.contains('@')
            || domain.split('.').any(|label| label.is_empty() || label.len() > 63);
        if local.is_empty() || local.len() > 64 || bad_domain || text.contains(forbidden) {
            return invalid("must be an email address");
        }
        Ok(Self::recorded(text))
    }

    /// An address as a file holds it.
    pub fn recorded(text: &str) -> Self {
        Self { given: text.into(), folded: text.trim().to_lowercase().into() }
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The form in which two addresses are compared.
    pub fn folded(&self) -> &Arc<str> {
        &self.folded
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Email {}

/// Checks an optional text of a record: at most `max_chars` characters, no control characters and
/// no deceptive ones: those that nobody can see, and those that turn the text around.
pub fn check_line(field: &'static str, text: &str, max_chars: usize) -> Result<(), Invalid> {
    if text.chars().count() > max_chars {
        return Err(Invalid::new(field, format!("must have at most {max_chars} characters")));
    }
    if text.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}') {
        return Err(Invalid::new(field, "must not hold control characters or line breaks"));
    }
    if text.chars().any(is_deceptive) {
        let rule = "must not hold invisible characters or ones that turn the text around";
        return Err(Invalid::new(field, rule));
    }
    Ok(())
}

/// Whether nobody can see the character, so that two different texts look the same, or it turns
/// around what stands behind it, beyond the end of its own text too.
///
/// U+200C and U+200D are none of them: several scripts and many emoji can't be written without.
fn is_deceptive(c: char) -> bool {
    let is_invisible = matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}');
    is_invisible || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(Name::parse("name", "  Mía ").unwrap().as_str(), "Mía");
        assert!(Name::parse("name", &"é".repeat(100)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{2028}b", "a\u{1b}[0m", &"é".repeat(101)] {
            assert_eq!(Name::parse("name", bad).unwrap_err().field, "name", "{bad:?}");
        }
    }

    #[test]
    fn what_nobody_sees_or_turns_the_text_around_is_refused() {
        let turning = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for bad in turning.chain(['\u{200b}', '\u{2060}', '\u{feff}']) {
            for text in [format!("M{bad}ía"), format!("{bad}Mía"), bad.to_string()] {
                assert_eq!(Name::parse("name", &text).unwrap_err().field, "name", "{text:?}");
                assert_eq!(check_line("image_id", &text, 9).unwrap_err().field, "image_id");
            }
        }
        for good in ["👩\u{200d}👧", "نامه\u{200c}ای", "מיה", "क्\u{200d}ष"] {
            assert_eq!(Name::parse("name", good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn emails_compare_without_case() {
        let email = Email::parse(" Parent@Example.ORG ").unwrap();
        assert_eq!(email.as_str(), "Parent@Example.ORG");
        assert_eq!(email, Email::recorded("parent@example.org"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in
            ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b..c", "a@.b", "a\n@b", "<a@b>", &long]
        {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}

use std::fmt;
use std::sync::Arc;

use icu_properties::CodePointSetData;
use icu_properties::props::{DefaultIgnorableCodePoint, VariationSelector};

use super::Invalid;

/// The name of a person, a child, a task or a reward: 1 to 100 characters on one line, at least one of
/// them visible, without leading or trailing white space, and without invisible characters other than
/// those that emoji and scripts need.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

impl Name {
    pub const MAX_CHARS: usize = 100;

    /// Trims and checks a name from a request. The error names `field`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        visible_line(field, text, Self::MAX_CHARS).map(Self)
    }

    /// A name from a file, which may not follow the rules for new names.
    pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person writes about a mutation: 1 to 500 characters, with the rules of a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(Arc<str>);

impl Note {
    pub const MAX_CHARS: usize = 500;

    /// Trims and checks a note from a request.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        visible_line(field, text, Self::MAX_CHARS).map(Self)
    }

    /// A note from a file, which is not checked.
    pub fn from_stored(text: Arc<str>) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Trims one line of at most `max_chars` characters, and checks that it is visible.
fn visible_line(field: &'static str, text: &str, max_chars: usize) -> Result<Arc<str>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(field, "must not be empty"));
    }
    check_line(field, text, max_chars)?;
    if text.contains(is_blank) {
        return Err(Invalid::new(field, "must not contain blank characters other than the space"));
    }
    if !text.contains(is_visible) {
        return Err(Invalid::new(field, "must contain a visible character"));
    }
    Ok(text.into())
}

/// An email address. Addresses are compared in lower case.
#[derive(Clone, Debug)]
pub struct Email {
    given: Arc<str>,
    folded: Arc<str>,
}

impl Email {
    /// The limit of RFC 5321, section 4.5.3.1.3, without the angle brackets.
    pub const MAX_BYTES: usize = 254;

    /// Trims and checks an address from a request. The check is loose: one `@` with text on either
    /// side, no white space, no control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let invalid = |message: &str| Err(Invalid::new("email", message));
        if text.len() > Self::MAX_BYTES {
            return invalid("must not be longer than 254 bytes");
        }
        let Some((local, domain)) = text.split_once('@') else {
            return invalid("must contain an @");
        };
        let forbidden =
            |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"\\[]".contains(c);
        let bad_domain = domain.is_empty()
            || domain.contains('@')
            || domain.split('.').any(|label| label.is_empty() || label.len() > 63);
        let hidden = text.contains(is_ignorable);
        if local.is_empty() || local.len() > 64 || bad_domain || hidden || text.contains(forbidden)
        {
            return invalid("must be an email address");
        }
        Ok(Self::from_stored(text))
    }

    /// An address from a file, which is not checked.
    pub fn from_stored(text: &str) -> Self {
        let (given, folded) = (Arc::from(text), text.trim().to_lowercase());
        // Most addresses are entered in lower case.
        let folded = if folded == text { Arc::clone(&given) } else { folded.into() };
        Self { given, folded }
    }

    /// The address as it was entered.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The lower-case form for comparisons.
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

/// Checks one line of text: at most `max_chars` characters, no control characters or line breaks, and no
/// invisible characters. With invisible characters, two different texts could look the same, or a text
/// could change the direction of the text after it. Those that scripts and emoji need are allowed after a
/// visible character.
pub fn check_line(field: &'static str, text: &str, max_chars: usize) -> Result<(), Invalid> {
    if text.chars().count() > max_chars {
        return Err(Invalid::new(field, format!("must have at most {max_chars} characters")));
    }
    if text.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}') {
        return Err(Invalid::new(field, "must not contain control characters or line breaks"));
    }
    if has_misplaced_ignorable(text) {
        return Err(Invalid::new(field, "must not contain invisible characters"));
    }
    Ok(())
}

/// Whether an invisible character does not belong to a visible character before it.
fn has_misplaced_ignorable(text: &str) -> bool {
    let mut follows_visible = false;
    text.chars().any(|c| {
        if !is_ignorable(c) {
            follows_visible = is_visible(c);
            return false;
        }
        !(is_part_of_another(c) && follows_visible)
    })
}

/// Whether programs may show nothing for the character (Unicode's `Default_Ignorable_Code_Point`).
fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether the character modifies a visible one: joiners, which several scripts and many emoji need,
/// variation selectors, and tags, which the flags of regions consist of.
fn is_part_of_another(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{e0020}'..='\u{e007f}')
        || CodePointSetData::new::<VariationSelector>().contains(c)
}

/// Whether the character takes up space but shows nothing, and is not the ordinary space.
fn is_blank(c: char) -> bool {
    const BRAILLE_PATTERN_BLANK: char = '\u{2800}';
    (c.is_whitespace() && c != ' ') || c == BRAILLE_PATTERN_BLANK
}

fn is_visible(c: char) -> bool {
    !(c == ' ' || c.is_control() || is_blank(c) || is_ignorable(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_checked() {
        assert_eq!(Name::parse("name", "  Mía ").unwrap().as_str(), "Mía");
        assert!(Name::parse("name", &"é".repeat(100)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{2028}b", "a\u{1b}[0m", &"é".repeat(101)] {
            assert_eq!(Name::parse("name", bad).unwrap_err().field, "name", "{bad:?}");
        }
    }

    #[test]
    fn invisible_characters_are_errors() {
        let turning = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        let others =
            "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{2060}\u{2064}\u{3164}\u{feff}\u{ffa0}";
        for bad in turning.chain(others.chars()).chain(['\u{e0001}', '\u{1d173}']) {
            for text in [format!("M{bad}ía"), format!("{bad}Mía"), bad.to_string()] {
                assert_eq!(Name::parse("name", &text).unwrap_err().field, "name", "{text:?}");
                assert_eq!(check_line("image_id", &text, 9).unwrap_err().field, "image_id");
            }
        }
        for good in [
            "👩\u{200d}👧",
            "نامه\u{200c}ای",
            "מיה",
            "क्\u{200d}ष",
            "❤\u{fe0f}",
            "葛\u{e0100}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "👩\u{1f3fd}\u{200d}🚒 and \u{1f468}\u{200d}\u{2764}\u{fe0f}\u{200d}\u{1f468}",
        ] {
            assert_eq!(Name::parse("name", good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn joiners_and_selectors_need_a_visible_character_before_them() {
        for bad in ["\u{200d}", "\u{200d}a", "a \u{fe0f}b", "\u{e0067}a", "\u{fe0f}\u{200d}"] {
            assert!(Name::parse("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn blank_characters_other_than_the_space_are_errors() {
        for bad in ["\u{2800}", "a\u{2800}b", "a\u{a0}b", "a\u{3000}b", "a\u{2003}b", "a\tb"] {
            assert!(Name::parse("name", bad).is_err(), "{bad:?}");
        }
        assert_eq!(Name::parse("name", "\u{3000}Mía\u{a0}").unwrap().as_str(), "Mía");
    }

    #[test]
    fn email_addresses_are_compared_in_lower_case() {
        let email = Email::parse(" Parent@Example.ORG ").unwrap();
        assert_eq!(email.as_str(), "Parent@Example.ORG");
        assert_eq!(email, Email::from_stored("parent@example.org"));
    }

    #[test]
    fn invalid_email_addresses_are_errors() {
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in [
            "",
            "a",
            "@b",
            "a\u{200b}@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b..c",
            "a@.b",
            "a\n@b",
            "<a@b>",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}

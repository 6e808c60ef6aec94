//! How front ends show records: icons, colours and languages.

use std::fmt;
use std::sync::Arc;

use super::Invalid;

/// Defines a type whose values are the names of a list.
macro_rules! names {
    ($(#[$about:meta])* $name:ident, $field:literal: $($value:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(&'static str);

        impl $name {
            pub const ALL: &'static [&'static str] = &[$($value),*];

            /// `None` if the name is not in the list.
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().find(|it| **it == name).map(|it| Self(it))
            }

            /// Checks a name from a request. The error names the field.
            pub fn parse(name: &str) -> Result<Self, Invalid> {
                let rule = || format!("must be one of {}", Self::ALL.join(", "));
                Self::find(name).ok_or_else(|| Invalid::new($field, rule()))
            }

            pub fn as_str(self) -> &'static str {
                self.0
            }
        }
    };
}

names! {
    /// The picture of a task or reward, as a name that every front end can draw in its own way.
    Icon, "icon":
    "bath" "bed" "bike" "book" "broom" "cake" "car" "cat" "clock" "clothes" "computer" "cooking" "dishes"
    "dog" "film" "football" "friends" "game" "garden" "gift" "heart" "homework" "house" "ice_cream"
    "laundry" "lunch" "money" "moon" "music" "paint" "park" "pencil" "phone" "pizza" "plant" "puzzle"
    "school" "shoes" "shopping" "shout" "star" "sun" "swimming" "table" "teeth" "thanks" "trash" "trip"
    "walk" "warning"
}

names! {
    /// The colour of a child in front ends.
    Colour, "colour":
    "red" "orange" "yellow" "green" "teal" "blue" "indigo" "purple" "pink" "brown" "grey"
}

/// A language as a BCP 47 tag: a language of two or three letters, and further parts of two to eight
/// letters or digits, separated by hyphens. Whether the language exists is not checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Language(Arc<str>);

impl Language {
    pub const MAX_CHARS: usize = 35;

    /// Checks a tag from a request.
    pub fn parse(tag: &str) -> Result<Self, Invalid> {
        let mut parts = tag.split('-');
        let language = parts.next().unwrap_or_default();
        let is_language = (2..=3).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_part = |part: &str| {
            (2..=8).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
        };
        if tag.len() > Self::MAX_CHARS || !is_language || !parts.all(is_part) {
            return Err(Invalid::new("language", "must be a language tag such as de or pt-BR"));
        }
        Ok(Self(tag.into()))
    }

    /// A tag from a file, which is not checked.
    pub fn from_stored(tag: Arc<str>) -> Self {
        Self(tag)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_list_are_accepted() {
        assert_eq!(Icon::parse("bed").unwrap().as_str(), "bed");
        assert_eq!(Colour::parse("teal").unwrap().as_str(), "teal");
        for bad in ["", "Bed", "bed ", "#ff0000"] {
            assert!(Icon::parse(bad).is_err() && Colour::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn languages_are_tags() {
        for good in ["de", "gsw", "pt-BR", "zh-Hant-TW", "de-CH-1996"] {
            assert!(Language::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "d", "deutsch", "de-", "de_DE", "de-x", "d1", "de-abcdefghi", "dé"] {
            assert!(Language::parse(bad).is_err(), "{bad}");
        }
        assert!(Language::parse(&format!("de{}", "-abcdefgh".repeat(4))).is_err());
    }
}

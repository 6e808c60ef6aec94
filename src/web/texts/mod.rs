//! The texts of the pages, one file per language. Rust refuses a language that lacks a text.

/// Defines the texts of pages: each text in English and then in German.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident {
        $($text:ident: $english:literal, $german:literal;)*
    } $(counted { $($counted:ident: $one:expr, $other:expr;)* })?) => {
        $(#[$about])*
        pub(in crate::web) struct $name {
            $(pub(in crate::web) $text: &'static str,)*
            $($(pub(in crate::web) $counted: crate::web::texts::words::Counted,)*)?
        }

        pub(super) const ENGLISH: $name = $name {
            $($text: $english,)*
            $($($counted: crate::web::texts::words::Counted($one),)*)?
        };

        pub(super) const GERMAN: $name = $name {
            $($text: $german,)*
            $($($counted: crate::web::texts::words::Counted($other),)*)?
        };

        #[cfg(test)]
        pub(super) const PAIRS: &[[&str; 2]] = &[
            $([$english, $german],)*
            $($([$one[0], $other[0]], [$one[1], $other[1]],)*)?
        ];
    };
}

mod account;
mod catalogue;
pub(super) mod child_app;
mod console;
mod console_accounts;
mod console_log;
mod de;
mod devices;
mod en;
mod history;
mod hooks;
mod invitation;
mod members;
pub(super) mod planning;
mod progress;
mod tokens;
mod words;

pub(super) use catalogue::{Events, Texts};
pub(super) use words::fill;

use crate::http::language::PageLanguage;

impl Texts {
    pub(super) fn of(language: PageLanguage) -> &'static Self {
        match language {
            PageLanguage::English | PageLanguage::AmericanEnglish => &en::TEXTS,
            PageLanguage::German => &de::TEXTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words::Counted;
    use super::*;

    /// The placeholders of each text of a language, in the order of the file.
    fn placeholders(source: &str) -> Vec<(String, String)> {
        let texts = source.split_once("TEXTS: ").unwrap().1;
        let mut found = Vec::new();
        let mut field = String::new();
        for line in texts.lines() {
            if let Some((name, _)) = line.trim().split_once(": ") {
                name.clone_into(&mut field);
            }
            let mut places: Vec<&str> = ["{0}", "{1}", "{2}"].into();
            places.retain(|place| line.contains(place));
            if !places.is_empty() {
                found.push((field.clone(), places.concat()));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn every_language_has_the_same_placeholders() {
        for (english, german) in [
            (include_str!("en.rs"), include_str!("de.rs")),
            (include_str!("planning/en.rs"), include_str!("planning/de.rs")),
        ] {
            let english = placeholders(english);
            assert!(!english.is_empty());
            assert_eq!(english, placeholders(german));
        }
    }

    #[test]
    fn both_texts_of_a_pair_have_the_same_placeholders() {
        for [english, german] in [
            account::PAIRS,
            members::PAIRS,
            invitation::PAIRS,
            console::PAIRS,
            console_accounts::PAIRS,
            console_log::PAIRS,
            hooks::PAIRS,
            tokens::PAIRS,
            child_app::PAIRS,
            devices::PAIRS,
            history::PAIRS,
            progress::PAIRS,
        ]
        .concat()
        {
            for place in ["{0}", "{1}", "{2}"] {
                assert_eq!(english.contains(place), german.contains(place), "{english} {german}");
            }
        }
    }

    #[test]
    fn numbers_choose_the_form() {
        let points = Counted(["{0} point", "{0} points"]);
        let english = |number| points.of(number, PageLanguage::English);
        assert_eq!([english(1), english(-1), english(0)], ["1 point", "-1 point", "0 points"]);
        assert_eq!(points.of(1234, PageLanguage::German), "1.234 points");
        assert_eq!(fill("{1} before {0}", &[&"a", &2]), "2 before a");
    }
}

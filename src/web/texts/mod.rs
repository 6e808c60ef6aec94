//! The texts of the pages, one file per language. Rust refuses a language that lacks a text.

/// Defines the texts of pages: each text in English and then in German.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident {
        $($text:ident: $english:literal, $german:literal;)*
    } $(counted { $($counted:ident: $one:expr, $other:expr;)* })?) => {
        $(#[$about])*
        pub(in crate::web) struct $name {
            $(pub(in crate::web) $text: &'static str,)*
            $($(pub(in crate::web) $counted: super::Counted,)*)?
        }

        pub(super) const ENGLISH: $name = $name {
            $($text: $english,)*
            $($($counted: super::Counted($one),)*)?
        };

        pub(super) const GERMAN: $name = $name {
            $($text: $german,)*
            $($($counted: super::Counted($other),)*)?
        };

        #[cfg(test)]
        pub(super) const PAIRS: &[[&str; 2]] = &[
            $([$english, $german],)*
            $($([$one[0], $other[0]], [$one[1], $other[1]],)*)?
        ];
    };
}

mod account;
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

use std::borrow::Borrow;
use std::fmt::Display;

use crate::http::error::ErrorCode;
use crate::http::language::PageLanguage;

/// The texts in one language. In a text, `{0}` and `{1}` are replaced.
pub(super) struct Texts {
    pub(super) common: Common,
    pub(super) navigation: Navigation,
    pub(super) fields: Fields,
    pub(super) errors: Errors,
    pub(super) sign_in: SignIn,
    pub(super) time: Time,
    pub(super) events: Events,
    pub(super) home: Home,
    pub(super) child: Child,
    pub(super) account: account::Account,
    pub(super) members: members::Members,
    pub(super) invitation: invitation::Invitation,
    pub(super) console: console::Console,
    pub(super) console_accounts: console_accounts::ConsoleAccounts,
    pub(super) console_log: console_log::ConsoleLog,
    pub(super) plan: planning::Planning,
    pub(super) hooks: hooks::Hooks,
    pub(super) tokens: tokens::Tokens,
    pub(super) child_app: child_app::ChildApp,
    /// What happened, in the words of the child.
    pub(super) own_events: Events,
    pub(super) devices: devices::Devices,
    pub(super) history: history::History,
    pub(super) progress: progress::Progress,
}

/// The forms of a text for one and for several. `{0}` is replaced by the number.
#[derive(Clone, Copy)]
pub(super) struct Counted(pub(super) [&'static str; 2]);

impl Texts {
    pub(super) fn of(language: PageLanguage) -> &'static Self {
        match language {
            PageLanguage::English | PageLanguage::AmericanEnglish => &en::TEXTS,
            PageLanguage::German => &de::TEXTS,
        }
    }
}

impl Counted {
    /// Templates have references to their fields.
    pub(super) fn of(
        self,
        number: impl Borrow<i64>,
        language: impl Borrow<PageLanguage>,
    ) -> String {
        let (number, language) = (*number.borrow(), *language.borrow());
        fill(self.0[usize::from(number.unsigned_abs() != 1)], &[&language.number(number)])
    }
}

/// Replaces `{0}`, `{1}` and so on.
pub(super) fn fill(text: &str, values: &[&dyn Display]) -> String {
    let mut filled = text.to_owned();
    for (place, value) in values.iter().enumerate() {
        filled = filled.replace(&format!("{{{place}}}"), &value.to_string());
    }
    filled
}

/// What all pages say.
pub(super) struct Common {
    pub(super) skip: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) save: &'static str,
    pub(super) back: &'static str,
    pub(super) offline: &'static str,
    pub(super) not_saved: &'static str,
    pub(super) undo: &'static str,
    pub(super) theme: &'static str,
    pub(super) theme_system: &'static str,
    pub(super) theme_light: &'static str,
    pub(super) theme_dark: &'static str,
    pub(super) language: &'static str,
    pub(super) api: &'static str,
    pub(super) navigation: &'static str,
    pub(super) check_fields: &'static str,
    pub(super) points: Counted,
    /// After a number that says how many.
    pub(super) points_word: &'static str,
}

/// The names of the pages.
pub(super) struct Navigation {
    pub(super) home: &'static str,
    pub(super) week: &'static str,
    pub(super) tasks: &'static str,
    pub(super) rewards: &'static str,
    pub(super) badges: &'static str,
    pub(super) history: &'static str,
    pub(super) family: &'static str,
    pub(super) console: &'static str,
    pub(super) today: &'static str,
    pub(super) overview: &'static str,
    pub(super) tracking: &'static str,
    pub(super) live_events: &'static str,
    pub(super) accounts: &'static str,
    pub(super) deletions: &'static str,
    pub(super) log: &'static str,
    pub(super) backups: &'static str,
    pub(super) webhooks: &'static str,
    pub(super) family_app: &'static str,
}

/// The labels of fields, and what they can contain.
pub(super) struct Fields {
    pub(super) email: &'static str,
    pub(super) password: &'static str,
    pub(super) new_password: &'static str,
    pub(super) new_password_hint: &'static str,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) missing: &'static str,
    pub(super) invalid: &'static str,
}

/// Pages that say what went wrong.
pub(super) struct Errors {
    pub(super) title: &'static str,
    pub(super) home: &'static str,
    /// The text of a code that has no text of its own.
    pub(super) other: &'static str,
    pub(super) by_code: &'static [(ErrorCode, &'static str)],
}

impl Errors {
    pub(super) fn text(&self, code: ErrorCode) -> &'static str {
        let found = self.by_code.iter().find(|(other, _)| *other == code);
        found.map_or(self.other, |(_, text)| text)
    }
}

pub(super) struct SignIn {
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) submit: &'static str,
    pub(super) forgotten: &'static str,
    pub(super) forgotten_hint: &'static str,
    pub(super) reset_link: &'static str,
    pub(super) reset_open: &'static str,
    pub(super) no_account: &'static str,
    pub(super) sign_up: &'static str,
    pub(super) sign_up_title: &'static str,
    pub(super) sign_up_submit: &'static str,
    pub(super) have_account: &'static str,
    pub(super) pair_device: &'static str,
    pub(super) marked: &'static str,
    pub(super) restore: &'static str,
    pub(super) reset_title: &'static str,
    pub(super) reset_submit: &'static str,
    pub(super) reset_done: &'static str,
}

/// When something happened.
pub(super) struct Time {
    pub(super) just_now: &'static str,
    pub(super) minutes_ago: Counted,
    pub(super) today_at: &'static str,
    pub(super) yesterday_at: &'static str,
    pub(super) with_date: &'static str,
}

/// What happened to a child.
pub(super) struct Events {
    pub(super) done: &'static str,
    pub(super) penalty: &'static str,
    pub(super) wished: &'static str,
    pub(super) reported: &'static str,
    pub(super) redeemed: &'static str,
    pub(super) withdrawn: &'static str,
    pub(super) rejected: &'static str,
    pub(super) adjusted: &'static str,
    pub(super) undone: &'static str,
    pub(super) undone_link: &'static str,
    pub(super) unnamed: &'static str,
    pub(super) by_child: &'static str,
    pub(super) by_parent: &'static str,
    pub(super) by_schedule: &'static str,
}

/// The first page of an adult.
pub(super) struct Home {
    pub(super) title: &'static str,
    pub(super) inbox: &'static str,
    pub(super) inbox_empty: &'static str,
    pub(super) has_done: &'static str,
    pub(super) wants: &'static str,
    pub(super) approve: &'static str,
    pub(super) approve_all: &'static str,
    pub(super) reject: &'static str,
    pub(super) reason: &'static str,
    pub(super) points_to_give: &'static str,
    pub(super) costs: Counted,
    pub(super) children: &'static str,
    pub(super) today: &'static str,
    pub(super) streak: Counted,
    pub(super) reserved: Counted,
    pub(super) set_up: &'static str,
    pub(super) set_up_lead: &'static str,
    pub(super) add_child: &'static str,
    pub(super) add_task: &'static str,
    pub(super) add_reward: &'static str,
    pub(super) step_done: &'static str,
}

/// The page of a child, for adults.
pub(super) struct Child {
    pub(super) tasks: &'static str,
    pub(super) penalties: &'static str,
    pub(super) rewards: &'static str,
    pub(super) search: &'static str,
    pub(super) no_tasks: &'static str,
    pub(super) no_penalties: &'static str,
    pub(super) no_rewards: &'static str,
    pub(super) needed: Counted,
    pub(super) requested: &'static str,
    pub(super) adjust: &'static str,
    pub(super) adjust_hint: &'static str,
    pub(super) adjust_points: &'static str,
    pub(super) reason: &'static str,
    pub(super) recent: &'static str,
    pub(super) no_events: &'static str,
    pub(super) has_points: &'static str,
}

#[cfg(test)]
mod tests {
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

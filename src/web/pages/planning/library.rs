//! Common tasks, penalties and rewards that a family can add with one tap.

use std::collections::HashSet;

use crate::http::language::PageLanguage;
use crate::web::form::new_key;
use crate::web::texts::Texts;
use crate::web::views::edit::Suggestion;
use crate::web::views::{sign_class, signed};

/// In the order of the texts: the icon, and the points that it gives, takes or costs.
const TASKS: [(&str, i64); 12] = [
    ("bed", 3),
    ("teeth", 2),
    ("table", 3),
    ("dishes", 3),
    ("dishes", 5),
    ("broom", 8),
    ("trash", 4),
    ("homework", 6),
    ("book", 5),
    ("cat", 3),
    ("house", 8),
    ("clothes", 5),
];
const PENALTIES: [(&str, i64); 6] =
    [("shout", 3), ("warning", 5), ("warning", 5), ("computer", 4), ("clock", 3), ("moon", 3)];
const REWARDS: [(&str, i64); 8] = [
    ("ice_cream", 15),
    ("game", 20),
    ("film", 25),
    ("moon", 25),
    ("pizza", 30),
    ("friends", 60),
    ("swimming", 80),
    ("gift", 100),
];

/// What the names of a list are added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tasks,
    Penalties,
    Rewards,
}

/// The suggestions of a list. Those whose names the family uses are marked.
pub(super) fn suggestions<'a>(
    kind: Kind,
    used: impl Iterator<Item = &'a str>,
    language: PageLanguage,
) -> Vec<Suggestion> {
    let texts = &Texts::of(language).plan.names;
    let (names, values): (&[&'static str], &[(&'static str, i64)]) = match kind {
        Kind::Tasks => (&texts.tasks, &TASKS),
        Kind::Penalties => (&texts.penalties, &PENALTIES),
        Kind::Rewards => (&texts.rewards, &REWARDS),
    };
    let used: HashSet<String> = used.map(str::to_lowercase).collect();
    let suggestion = |(name, (icon, points)): (&&'static str, &(&'static str, i64))| {
        let delta = if kind == Kind::Penalties { -points } else { *points };
        let (shown, class) = if kind == Kind::Rewards {
            (language.number(*points), "")
        } else {
            (signed(delta, language), sign_class(delta))
        };
        let is_there = used.contains(&name.to_lowercase());
        Suggestion { name, icon, points: *points, shown, class, is_there, key: new_key() }
    };
    names.iter().zip(values).map(suggestion).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Icon;

    #[test]
    fn each_suggestion_has_a_picture() {
        for (icon, points) in TASKS.iter().chain(&PENALTIES).chain(&REWARDS) {
            assert!(Icon::find(icon).is_some() && *points > 0, "{icon}");
        }
    }

    #[test]
    fn what_the_family_has_is_marked() {
        let names = ["make the bed"].into_iter();
        let found = suggestions(Kind::Tasks, names, PageLanguage::English);
        assert_eq!(found.iter().filter(|it| it.is_there).count(), 1);
        assert_eq!((found.len(), found[0].shown.as_str()), (12, "+3"));
        let found = suggestions(Kind::Penalties, std::iter::empty(), PageLanguage::German);
        assert_eq!((found[0].name, found[0].shown.as_str()), ("Schreien", "\u{2212}3"));
    }
}

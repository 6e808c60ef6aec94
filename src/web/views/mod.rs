//! What several pages show in the same way.

pub(super) mod charts;
pub(super) mod choices;
pub(super) mod edit;
pub(super) mod events;
pub(super) mod face;
pub(super) mod history;
pub(super) mod moments;
pub(super) mod rank;
pub(super) mod schedules;
pub(super) mod sizes;
pub(super) mod snack;

use crate::http::language::PageLanguage;

/// A change of points, with its sign.
pub(super) fn signed(number: i64, language: PageLanguage) -> String {
    let sign = if number < 0 { "\u{2212}" } else { "+" };
    format!("{sign}{}", language.number(number.saturating_abs()))
}

/// The class of a change of points.
pub(super) fn sign_class(number: i64) -> &'static str {
    match number {
        0 => "",
        1.. => "plus",
        _ => "minus",
    }
}

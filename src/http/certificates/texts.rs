//! The texts of certificates in each language. In a text, `{}` is replaced by a number or a name.

use crate::http::language::PageLanguage;

/// The texts in one language. A pair has the forms for one and for several.
pub(super) struct Texts {
    pub(super) certificate: &'static str,
    pub(super) has_earned: &'static str,
    pub(super) has_reached: &'static str,
    pub(super) in_month: &'static str,
    pub(super) tasks_done: [&'static str; 2],
    pub(super) points_earned: [&'static str; 2],
    pub(super) days_in_a_row: [&'static str; 2],
    pub(super) days_without_penalty: [&'static str; 2],
    pub(super) rewards_redeemed: [&'static str; 2],
    pub(super) times_done: [&'static str; 2],
    pub(super) in_the_week: &'static str,
    pub(super) in_the_month: &'static str,
    /// Bronze, silver and gold.
    pub(super) grades: [&'static str; 3],
    pub(super) badges: &'static str,
    pub(super) more: &'static str,
    pub(super) date: &'static str,
    pub(super) signature: &'static str,
    /// The names of the built-in badges that differ from those in the API, by id.
    pub(super) badge_names: &'static [(&'static str, &'static str)],
    /// The names of the default ranks, in their order; empty if they are those in the API.
    pub(super) rank_names: &'static [&'static str],
}

impl Texts {
    pub(super) fn of(language: PageLanguage) -> &'static Self {
        match language {
            PageLanguage::English | PageLanguage::AmericanEnglish => &ENGLISH,
            PageLanguage::German => &GERMAN,
        }
    }
}

const ENGLISH: Texts = Texts {
    certificate: "Certificate",
    has_earned: "has earned the badge",
    has_reached: "has reached the rank",
    in_month: "has achieved this in",
    tasks_done: ["{} task done", "{} tasks done"],
    points_earned: ["{} point earned", "{} points earned"],
    days_in_a_row: ["{} day in a row", "{} days in a row"],
    days_without_penalty: [
        "{} day with a task and no penalty",
        "{} days with a task and no penalty",
    ],
    rewards_redeemed: ["{} reward", "{} rewards"],
    times_done: ["done once", "done {} times"],
    in_the_week: "in the week from {}",
    in_the_month: "in {}",
    grades: ["Bronze", "Silver", "Gold"],
    badges: "Badges",
    more: "{} more",
    date: "Date",
    signature: "Signature",
    badge_names: &[],
    rank_names: &[],
};

const GERMAN: Texts = Texts {
    certificate: "Urkunde",
    has_earned: "hat das Abzeichen erhalten",
    has_reached: "hat den Rang erreicht",
    in_month: "hat dies geschafft im",
    tasks_done: ["{} Aufgabe erledigt", "{} Aufgaben erledigt"],
    points_earned: ["{} Punkt verdient", "{} Punkte verdient"],
    days_in_a_row: ["{} Tag in Folge", "{} Tage in Folge"],
    days_without_penalty: [
        "{} Tag mit Aufgabe und ohne Strafe",
        "{} Tage mit Aufgabe und ohne Strafe",
    ],
    rewards_redeemed: ["{} Belohnung", "{} Belohnungen"],
    times_done: ["einmal erledigt", "{} Mal erledigt"],
    in_the_week: "in der Woche ab dem {}",
    in_the_month: "im {}",
    grades: ["Bronze", "Silber", "Gold"],
    badges: "Abzeichen",
    more: "{} weitere",
    date: "Datum",
    signature: "Unterschrift",
    badge_names: &[
        ("first-steps", "Erste Schritte"),
        ("helping-hand", "Helfende Hand"),
        ("household-hero", "Held des Haushalts"),
        ("living-legend", "Lebende Legende"),
        ("busy-week", "Fleißige Woche"),
        ("busy-month", "Fleißiger Monat"),
        ("piggy-bank", "Sparschwein"),
        ("point-collector", "Punktesammler"),
        ("treasure-chest", "Schatzkiste"),
        ("star-week", "Sternenwoche"),
        ("star-month", "Sternenmonat"),
        ("warm-up", "Aufwärmen"),
        ("on-a-roll", "In Schwung"),
        ("unstoppable", "Nicht zu bremsen"),
        ("all-year-round", "Rund ums Jahr"),
        ("sunny-side", "Sonnenseite"),
        ("calm-seas", "Ruhige See"),
        ("good-week", "Gute Woche"),
        ("good-month", "Guter Monat"),
        ("first-treat", "Erste Belohnung"),
        ("well-deserved", "Wohlverdient"),
    ],
    rank_names: &[
        "Neuling",
        "Helfer",
        "Assistent",
        "Lehrling",
        "Könner",
        "Spezialist",
        "Meister",
        "Champion",
        "Held",
        "Legende",
    ],
};

//! The badges that every family has.

use std::sync::{Arc, LazyLock};

use super::definition::{Badge, BadgePeriod, Thresholds};
use super::metric::Metric;
use crate::domain::{Icon, Name};

/// An id, a name, an icon, a metric, thresholds, and a period.
type Row = (&'static str, &'static str, &'static str, Metric, &'static [i64], Option<BadgePeriod>);

/// The ids are stored with the awards. They must not change, and no badge may be removed.
const ROWS: &[Row] = &[
    ("first-steps", "First steps", "shoes", Metric::TasksDone, &[1], None),
    ("helping-hand", "Helping hand", "thanks", Metric::TasksDone, &[10, 50, 100], None),
    ("household-hero", "Household hero", "house", Metric::TasksDone, &[250, 500, 1000], None),
    ("living-legend", "Living legend", "star", Metric::TasksDone, &[2000, 5000, 10_000], None),
    ("busy-week", "Busy week", "broom", Metric::TasksDone, &[10, 20, 30], Some(BadgePeriod::Week)),
    (
        "busy-month",
        "Busy month",
        "clock",
        Metric::TasksDone,
        &[40, 80, 120],
        Some(BadgePeriod::Month),
    ),
    ("piggy-bank", "Piggy bank", "money", Metric::PointsEarned, &[50, 100, 250], None),
    (
        "point-collector",
        "Point collector",
        "shopping",
        Metric::PointsEarned,
        &[500, 1000, 2500],
        None,
    ),
    (
        "treasure-chest",
        "Treasure chest",
        "gift",
        Metric::PointsEarned,
        &[5000, 10_000, 25_000],
        None,
    ),
    (
        "star-week",
        "Star week",
        "sun",
        Metric::PointsEarned,
        &[50, 100, 200],
        Some(BadgePeriod::Week),
    ),
    (
        "star-month",
        "Star month",
        "moon",
        Metric::PointsEarned,
        &[200, 400, 800],
        Some(BadgePeriod::Month),
    ),
    ("warm-up", "Warm-up", "walk", Metric::StreakDays, &[3], None),
    ("on-a-roll", "On a roll", "bike", Metric::StreakDays, &[7, 14, 21], None),
    ("unstoppable", "Unstoppable", "swimming", Metric::StreakDays, &[30, 60, 100], None),
    ("all-year-round", "All year round", "plant", Metric::StreakDays, &[150, 250, 365], None),
    ("sunny-side", "Sunny side", "heart", Metric::DaysWithoutPenalty, &[7, 30, 100], None),
    ("calm-seas", "Calm seas", "friends", Metric::DaysWithoutPenalty, &[180, 365, 730], None),
    (
        "good-week",
        "Good week",
        "thanks",
        Metric::DaysWithoutPenalty,
        &[5, 6, 7],
        Some(BadgePeriod::Week),
    ),
    (
        "good-month",
        "Good month",
        "cake",
        Metric::DaysWithoutPenalty,
        &[15, 20, 25],
        Some(BadgePeriod::Month),
    ),
    ("first-treat", "First treat", "ice_cream", Metric::RewardsRedeemed, &[1], None),
    ("well-deserved", "Well deserved", "trip", Metric::RewardsRedeemed, &[5, 20, 50], None),
];

static BADGES: LazyLock<Vec<Arc<Badge>>> =
    LazyLock::new(|| ROWS.iter().filter_map(badge).map(Arc::new).collect());

/// The built-in badges, in the order in which front ends show them.
pub fn built_in() -> &'static [Arc<Badge>] {
    &BADGES
}

fn badge((id, name, icon, metric, thresholds, period): &Row) -> Option<Badge> {
    Some(Badge {
        id: (*id).into(),
        user_id: None,
        name: Name::from_stored(*name),
        icon: Icon::find(icon),
        metric: metric.clone(),
        thresholds: Thresholds::parse("thresholds", thresholds).ok()?,
        period: *period,
        created_at: None,
        updated_at: None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_complete_and_unique() {
        let badges = built_in();
        assert_eq!(badges.len(), ROWS.len());
        assert!(badges.iter().all(|badge| badge.icon.is_some()));
        let ids: BTreeSet<&str> = badges.iter().map(|badge| badge.id.as_str()).collect();
        let names: BTreeSet<&str> = badges.iter().map(|badge| badge.name.as_str()).collect();
        assert_eq!((ids.len(), names.len()), (ROWS.len(), ROWS.len()));
        let is_word = |id: &str| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(ids.into_iter().all(is_word));
    }
}

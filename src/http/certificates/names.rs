//! The names of badges and ranks, and what they need, in each language.

use super::texts::Texts;
use crate::domain::badges::{BadgeId, Grade, Metric};
use crate::domain::{Name, Rank};
use crate::http::language::PageLanguage;

/// The name of a badge. That of a built-in one is translated.
pub(crate) fn badge_name(id: &BadgeId, name: &Name, language: PageLanguage) -> String {
    let translated =
        Texts::of(language).badge_names.iter().find(|(other, _)| *other == id.as_str());
    translated.map_or_else(|| name.to_string(), |(_, name)| (*name).to_owned())
}

pub(crate) fn grade_name(grade: Grade, language: PageLanguage) -> &'static str {
    Texts::of(language).grades[usize::from(grade.number()) - 1]
}

/// The name of a rank. It is translated unless the family has ranks of its own. `number` counts from 1.
pub(crate) fn rank_name(
    number: usize,
    rank: &Rank,
    is_own: bool,
    language: PageLanguage,
) -> String {
    let translated = Texts::of(language).rank_names.get(number - 1).filter(|_| !is_own);
    translated.map_or_else(|| rank.name.to_string(), ToString::to_string)
}

/// So much of a metric, such as "5 tasks done".
pub(crate) fn reached(metric: &Metric, value: i64, language: PageLanguage) -> String {
    let texts = Texts::of(language);
    let forms = match metric {
        Metric::TasksDone => texts.tasks_done,
        Metric::PointsEarned => texts.points_earned,
        Metric::StreakDays => texts.days_in_a_row,
        Metric::DaysWithoutPenalty => texts.days_without_penalty,
        Metric::RewardsRedeemed => texts.rewards_redeemed,
        Metric::TaskDone(_) => texts.times_done,
    };
    count(value, forms, language)
}

/// A number with its noun.
pub(super) fn count(number: i64, forms: [&str; 2], language: PageLanguage) -> String {
    forms[usize::from(number != 1)].replace("{}", &language.number(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Ranks;
    use crate::domain::badges::built_in;

    #[test]
    fn every_built_in_badge_and_rank_has_a_german_name() {
        let texts = Texts::of(PageLanguage::German);
        let names = texts.badge_names.iter().map(|(id, _)| *id);
        assert!(names.eq(built_in().iter().map(|badge| badge.id.as_str())));
        assert_eq!(texts.rank_names.len(), Ranks::default().iter().count());
    }
}

//! The value of a metric: how much of it a child has.

use super::award::AwardPeriod;
use super::metric::Metric;
use crate::domain::calendar::{Day, FamilySettings};
use crate::domain::progress::{DailySums, PeriodKind, Span, Subject};

/// Returns the value of a metric in a period, or in the whole history.
///
/// Of `streak_days` it is the number of days of the longest streak up to today; of `days_without_penalty` the
/// number of days before today.
pub fn value(
    metric: &Metric,
    period: Option<AwardPeriod>,
    sums: &DailySums,
    settings: &FamilySettings,
    today: Day,
) -> i64 {
    let span = period.map(AwardPeriod::span);
    let figures = || span.map_or_else(|| *sums.total(), |span| sums.figures(span));
    match metric {
        Metric::TasksDone => figures().tasks.into(),
        Metric::PointsEarned => figures().earned,
        Metric::StreakDays => {
            sums.streaks(settings, today).longest.map_or(0, |run| run.days).into()
        }
        Metric::DaysWithoutPenalty => sums.good_days(span, today).into(),
        Metric::RewardsRedeemed => figures().rewards.into(),
        Metric::TaskDone(id) => sums.count(&Subject::task(id), span).into(),
    }
}

impl AwardPeriod {
    /// The days of the period.
    pub fn span(self) -> Span {
        let first = self.first_day();
        let last = match self {
            Self::Week(_) => first.plus(6),
            Self::Month(_) => first.plus(31).month().previous().max(first),
        };
        Span { first, last }
    }
}

impl super::BadgePeriod {
    /// The period of this kind that contains a day.
    pub fn of(self, day: Day, settings: &FamilySettings) -> AwardPeriod {
        let first = self.kind().start(day, settings.week_start);
        match self {
            Self::Week => AwardPeriod::Week(first),
            Self::Month => AwardPeriod::Month(first),
        }
    }

    /// The periods in which a badge can be earned today, the oldest first: those that have one of the last
    /// [`Self::DAYS`] days.
    pub fn open(self, settings: &FamilySettings, today: Day) -> impl Iterator<Item = AwardPeriod> {
        let first = self.of(today.plus(1 - Self::DAYS), settings);
        std::iter::successors(Some(first), move |period| {
            let next = period.span().last.next();
            (next <= today && next > period.first_day()).then(|| self.of(next, settings))
        })
    }

    /// How many days back a week or month can still earn a badge: so a new badge, or an old history, adds a
    /// limited number of awards.
    pub const DAYS: i32 = 366;

    fn kind(self) -> PeriodKind {
        match self {
            Self::Week => PeriodKind::Week,
            Self::Month => PeriodKind::Month,
        }
    }
}

//! The streaks of a child, by the rule of its family.

use super::super::{Caller, Service, ServiceError};
use crate::domain::calendar::{Day, StreakRule};
use crate::domain::progress::{DailySums, PeriodKind, Span, StreakDay, Streaks};
use crate::domain::schedule::DueDays;
use crate::domain::{ChildId, User};

/// The number of days before today on which a streak can begin.
const DAYS: i32 = 400;

impl Service {
    /// Returns the streaks of a child: of its history, or of a span as if there were no other days.
    pub(in crate::service) async fn streaks(
        &self,
        user: &User,
        child: &ChildId,
        sums: &DailySums,
        span: Option<Span>,
    ) -> Result<Streaks, ServiceError> {
        let (settings, today) = (&user.family, self.today(user));
        if settings.streak_rule == StreakRule::AnyTask {
            return Ok(span.map_or_else(
                || sums.streaks(settings, today),
                |span| sums.streaks_within(span, settings),
            ));
        }
        let span = span.unwrap_or(Span { first: today.plus(-DAYS), last: today });
        Ok(self.due_days(user, child, span).await?.streaks(span.last))
    }

    /// Returns the days of this week, and what they mean for the streak of a child. Fails if the caller may not read
    /// the child.
    pub async fn streak_week(
        &self,
        caller: &Caller,
        child_id: &ChildId,
    ) -> Result<Vec<(Day, StreakDay)>, ServiceError> {
        caller.child(&*self.records_of(caller).await?, child_id)?;
        let (user, today) = (caller.user(), self.today(caller.user()));
        let settings = &user.family;
        let week = PeriodKind::Week.span(today, settings.week_start);
        let days = week.periods(PeriodKind::Day, settings.week_start).map(|day| day.first);
        if settings.streak_rule == StreakRule::AnyTask {
            let sums = self.daily_sums(user, child_id).await?;
            return Ok(days.map(|day| (day, sums.streak_day(day, settings, today))).collect());
        }
        let due = self.due_days(user, child_id, week).await?;
        Ok(days.map(|day| (day, due.streak_day(day))).collect())
    }

    /// What became of the occurrences of a child in a span.
    async fn due_days(
        &self,
        user: &User,
        child: &ChildId,
        span: Span,
    ) -> Result<DueDays, ServiceError> {
        let mut days = DueDays::default();
        let Some((family, records)) = self.family_schedule_from(&user.id, span.first).await? else {
            return Ok(days);
        };
        for child in family.children.iter().filter(|it| it.id == *child) {
            for (_, occurrence) in family.occurrences(child, span) {
                days.add(occurrence.day, family.state(&occurrence, &*records));
            }
        }
        Ok(days)
    }
}

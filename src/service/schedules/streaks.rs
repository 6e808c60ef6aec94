//! The streaks of a child, by the rule of its family.

use super::super::{Service, ServiceError};
use crate::domain::calendar::StreakRule;
use crate::domain::progress::{DailySums, Span, Streaks};
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
        let Some((family, records)) = self.family_schedule_from(&user.id, span.first).await? else {
            return Ok(Streaks::default());
        };
        let mut days = DueDays::default();
        for child in family.children.iter().filter(|it| it.id == *child) {
            for (_, occurrence) in family.occurrences(child, span) {
                days.add(occurrence.day, family.state(&occurrence, &*records));
            }
        }
        Ok(days.streaks(span.last))
    }
}

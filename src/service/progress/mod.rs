//! What the events of a family's children add up to.

mod continuing;
mod kept_sums;
mod points;
mod statistics;

use std::sync::Arc;

pub(super) use kept_sums::KeptSums;
pub use statistics::{Series, Statistics, Used};

use super::badges::{NearBadge, nearest, newest};
use super::{Caller, Service, ServiceError};
use crate::domain::badges::Award;
use crate::domain::calendar::{Calendar, Day};
use crate::domain::progress::{DailySums, Figures, PeriodKind, RankedBy, Span, Streaks, places};
use crate::domain::{Child, ChildId, Page, Standing, User};

/// The progress of a child.
#[derive(Clone, Debug)]
pub struct Progress {
    pub today: Balance,
    /// Of this week, from its first day to today.
    pub week: Balance,
    /// Of all days, later ones than today included.
    pub all_time: Balance,
    pub streaks: Streaks,
    /// The points earned in the child's lifetime.
    pub earned: i64,
    pub standing: Standing,
    /// The newest awards.
    pub newest: Vec<Arc<Award>>,
    /// The grades that the child is closest to.
    pub nearest: Vec<NearBadge>,
}

/// The figures of a period.
#[derive(Clone, Copy, Debug)]
pub struct Balance {
    /// `None` for the whole history.
    pub span: Option<Span>,
    pub figures: Figures,
}

/// The period of a ranking, which contains today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RankingPeriod {
    #[default]
    Week,
    Month,
    All,
}

/// The order of the children of a family.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// `None` for the whole history.
    pub span: Option<Span>,
    /// Each child with its place, from 1, and its figures.
    pub children: Vec<(usize, Arc<Child>, Figures)>,
}

impl RankingPeriod {
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::All];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::All => "all",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == name)
    }
}

impl Service {
    /// Returns the progress of a child. Fails if the caller may not read the child.
    pub async fn progress(
        &self,
        caller: &Caller,
        child_id: &ChildId,
    ) -> Result<Progress, ServiceError> {
        let records = self.records_with_awards(caller, child_id).await?;
        let (user, today) = (caller.user(), self.today(caller.user()));
        let settings = &user.family;
        let sums = self.daily_sums(user, child_id).await?;
        let nearest =
            self.with_family(user, |family| nearest(&*records, child_id, user, &sums, family));
        let balance = |span| Balance { span, figures: figures(&sums, span) };
        let first = PeriodKind::Week.start(today, settings.week_start);
        let total = balance(None);
        Ok(Progress {
            today: balance(Some(Span { first: today, last: today })),
            week: balance(Some(Span { first, last: today })),
            all_time: total,
            streaks: self.streaks(user, child_id, &sums, None).await?,
            earned: total.figures.earned,
            standing: settings.ranks.clone().unwrap_or_default().standing(total.figures.earned),
            newest: newest(&*records, child_id),
            nearest,
        })
    }

    /// Returns the order of the family's children. Fails in a child's session unless the family's settings
    /// show the ranking to children.
    pub async fn ranking(
        &self,
        caller: &Caller,
        period: RankingPeriod,
        by: RankedBy,
    ) -> Result<Ranking, ServiceError> {
        let user = caller.user();
        if caller.child_id().is_some() && !user.family.shows_ranking {
            return Err(ServiceError::ParentRequired);
        }
        let (today, week_start) = (self.today(user), user.family.week_start);
        let kind = match period {
            RankingPeriod::Week => Some(PeriodKind::Week),
            RankingPeriod::Month => Some(PeriodKind::Month),
            RankingPeriod::All => None,
        };
        let span = kind.map(|kind| Span { first: kind.start(today, week_start), last: today });
        let all = Page::ALL;
        let mut children = Vec::new();
        for child in self.records_of(caller).await?.children_page(&user.id, all).records {
            let sums = self.daily_sums(user, &child.id).await?;
            children.push((child, figures(&sums, span)));
        }
        Ok(Ranking { span, children: places(children, by) })
    }

    /// The day of an account's family.
    pub fn today(&self, user: &User) -> Day {
        self.calendar(user).day_of(self.clock.now())
    }

    /// How an account's family divides time into days.
    pub fn calendar(&self, user: &User) -> Calendar {
        Calendar::new(user.zone(&self.default_zone()), user.family.day_starts_at)
    }
}

fn figures(sums: &DailySums, span: Option<Span>) -> Figures {
    span.map_or_else(|| *sums.total(), |span| sums.figures(span))
}

//! What the certificates of a child say.

use std::sync::Arc;

use super::{Caller, Service, ServiceError};
use crate::domain::badges::Award;
use crate::domain::calendar::Day;
use crate::domain::progress::{PeriodKind, Span};
use crate::domain::{Child, ChildId, Page, Rank, RecordKind, RuleViolation};

/// A certificate of a child.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub child: Arc<Child>,
    pub achievement: Achievement,
    /// The day of the achievement, in the family's zone; of a month its last day, or today.
    pub day: Day,
}

/// What a certificate is for.
#[derive(Clone, Debug)]
pub enum Achievement {
    Badge(Arc<Award>),
    Rank {
        /// From 1.
        number: usize,
        rank: Rank,
        /// Whether the family has ranks of its own.
        is_own: bool,
    },
    Month(Month),
}

/// What a child has done in a month.
#[derive(Clone, Debug)]
pub struct Month {
    /// The first day of the month.
    pub first: Day,
    pub tasks: u32,
    pub points_earned: i64,
    /// The length of the longest streak within the month.
    pub streak: u32,
    /// The badges that the child earned in the month, and has, the newest first.
    pub badges: Vec<Arc<Award>>,
}

/// What identifies a certificate of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// The id is that of an award.
    Badge,
    /// The id is the number of the rank, from 1.
    Rank,
    /// The id is the month, `2026-02`.
    Month,
}

impl CertificateKind {
    pub const ALL: [Self; 3] = [Self::Badge, Self::Rank, Self::Month];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Badge => "badge",
            Self::Rank => "rank",
            Self::Month => "month",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Service {
    /// Returns a certificate. Fails if the caller may not read the child, and if the child does not have what
    /// the certificate is for: an award that was revoked, a rank that it has not reached, a month without a task.
    pub async fn certificate(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        kind: CertificateKind,
        id: &str,
    ) -> Result<Certificate, ServiceError> {
        let child = caller.child(&*self.records_of(caller).await?, child_id)?;
        let found = match kind {
            CertificateKind::Badge => self.badge_certificate(caller, child_id, id).await?,
            CertificateKind::Rank => self.rank_certificate(caller, child_id, id).await?,
            CertificateKind::Month => self.month_certificate(caller, child_id, id).await?,
        };
        let (achievement, day) = found.ok_or(RuleViolation::NotFound(RecordKind::Certificate))?;
        Ok(Certificate { child, achievement, day })
    }

    async fn badge_certificate(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        id: &str,
    ) -> Result<Option<(Achievement, Day)>, ServiceError> {
        let awards = self.valid_awards(caller, child_id).await?;
        let award = awards.into_iter().find(|award| award.key.to_string() == id);
        let calendar = self.calendar(caller.user());
        Ok(award.map(|award| {
            let day = calendar.day_of(award.earned_at);
            (Achievement::Badge(award), day)
        }))
    }

    async fn rank_certificate(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        id: &str,
    ) -> Result<Option<(Achievement, Day)>, ServiceError> {
        let own = &caller.user().family.ranks;
        let ranks = own.clone().unwrap_or_default();
        let number = id.parse().ok().filter(|number: &usize| number.to_string() == id);
        let rank = number.and_then(|number| ranks.iter().nth(number.checked_sub(1)?));
        let (Some(number), Some(rank)) = (number, rank) else { return Ok(None) };
        let sums = self.daily_sums(caller.user(), child_id).await?;
        Ok(sums.day_of_earning(rank.threshold).map(|day| {
            (Achievement::Rank { number, rank: rank.clone(), is_own: own.is_some() }, day)
        }))
    }

    async fn month_certificate(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        id: &str,
    ) -> Result<Option<(Achievement, Day)>, ServiceError> {
        let Some(month) = Day::parse(&format!("{id}-01")) else { return Ok(None) };
        let (settings, today) = (&caller.user().family, self.today(caller.user()));
        let whole = PeriodKind::Month.span(month, settings.week_start);
        let span = Span { last: whole.last.min(today), ..whole };
        let sums = self.daily_sums(caller.user(), child_id).await?;
        let figures = sums.figures(span);
        if span.last < month || figures.tasks == 0 {
            return Ok(None);
        }
        let calendar = self.calendar(caller.user());
        let is_within = |day: Day| (span.first..=span.last).contains(&day);
        let awards = self.valid_awards(caller, child_id).await?.into_iter();
        let streaks = self.streaks(caller.user(), child_id, &sums, Some(span)).await?;
        let achievement = Achievement::Month(Month {
            first: month,
            tasks: figures.tasks,
            points_earned: figures.earned,
            streak: streaks.longest.map_or(0, |run| run.days),
            badges: awards.filter(|it| is_within(calendar.day_of(it.earned_at))).collect(),
        });
        Ok(Some((achievement, span.last)))
    }

    /// The awards of a child that were not revoked, the newest first.
    async fn valid_awards(
        &self,
        caller: &Caller,
        child_id: &ChildId,
    ) -> Result<Vec<Arc<Award>>, ServiceError> {
        let mut awards = self.awards(caller, child_id, Page::ALL).await?.records;
        awards.retain(|award| award.revoked_at.is_none());
        Ok(awards)
    }
}

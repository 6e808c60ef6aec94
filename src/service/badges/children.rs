//! What the children of a family have earned, and what they are close to.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::{Caller, Listing, Service, ServiceError};
use super::{BadgeState, badges_of};
use crate::domain::badges::{Award, Badge, BadgeId, Family, Grade, Metric, value};
use crate::domain::progress::DailySums;
use crate::domain::{ChildId, Page, User};
use crate::store::Snapshot;

/// A badge, and what a child has earned of it.
#[derive(Clone, Debug)]
pub struct ChildBadge {
    pub state: BadgeState,
    /// What the child has of the badge's metric: in this week or month, or in the whole history.
    pub value: i64,
    /// The newest first, including revoked ones.
    pub awards: Vec<Arc<Award>>,
    /// The first grade that the child does not have, with its threshold: in this week or month, or in the whole history.
    pub next: Option<(Grade, i64)>,
}

impl ChildBadge {
    /// The highest grade that the child has.
    pub fn grade(&self) -> Option<Grade> {
        self.held().map(|award| award.key.grade).max()
    }

    /// The awards that the child has, the newest first.
    pub fn held(&self) -> impl Iterator<Item = &Arc<Award>> {
        self.awards.iter().filter(|award| award.revoked_at.is_none())
    }
}

/// A grade that a child is close to.
#[derive(Clone, Debug)]
pub struct NearBadge {
    pub badge: Arc<Badge>,
    pub grade: Grade,
    pub threshold: i64,
    /// What the child has; less than the threshold.
    pub value: i64,
}

/// The number of awards and of grades in the progress of a child.
const MOST_IN_PROGRESS: usize = 5;

impl Service {
    /// Returns the badges that a child can earn or has earned. Fails if the caller may not read the child.
    pub async fn child_badges(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<ChildBadge>, ServiceError> {
        let records = self.records_with_awards(caller, child_id).await?;
        let user = caller.user();
        let sums = self.daily_sums(user, child_id).await?;
        let mut awards: HashMap<BadgeId, Vec<Arc<Award>>> = HashMap::new();
        for award in newest_first(records.awards_of(child_id)) {
            awards.entry(award.key.badge_id.clone()).or_default().push(award);
        }
        let badges = self.with_family(user, |family| {
            let badges = badges_of(&*records, &user.id).into_iter().map(|state| {
                let awards = awards.remove(&state.badge.id).unwrap_or_default();
                let value = current(&state.badge, &sums, family);
                let next = next_grade(&state.badge, &awards, value, family);
                ChildBadge { state, value, awards, next }
            });
            badges.filter(|it| !it.state.is_hidden || !it.awards.is_empty()).collect()
        });
        Ok(Listing::of(badges, page))
    }

    /// Returns the awards of a child, the newest first, including revoked ones and those of deleted badges.
    /// Fails if the caller may not read the child.
    pub async fn awards(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<Arc<Award>>, ServiceError> {
        let records = self.records_with_awards(caller, child_id).await?;
        Ok(Listing::of(newest_first(records.awards_of(child_id)), page))
    }

    /// The records of the caller's family with the awards of a child, which contain what every event has
    /// earned that was committed before.
    pub(in crate::service) async fn records_with_awards(
        &self,
        caller: &Caller,
        child_id: &ChildId,
    ) -> Result<Arc<dyn Snapshot>, ServiceError> {
        let family = &caller.user().id;
        let records = self.awards_scope(family, child_id).await?;
        caller.child(&*records, child_id)?;
        match self.settle(&*records, family, child_id, None).await {
            Ok(settled) if !settled.is_evaluated => return Ok(records),
            Ok(_) => {}
            // The response contains what is stored.
            Err(error) => tracing::warn!(%error, "the awards of a child could not be stored"),
        }
        let records = self.awards_scope(family, child_id).await?;
        caller.child(&*records, child_id)?;
        Ok(records)
    }

    /// Calls `with` with the rules of an account's family on this day.
    pub(in crate::service) fn with_family<T>(
        &self,
        user: &User,
        with: impl FnOnce(&Family<'_>) -> T,
    ) -> T {
        let calendar = self.calendar(user);
        let (settings, today) = (&user.family, self.today(user));
        with(&Family { settings, calendar: &calendar, today, changed_at: user.updated_at })
    }
}

/// The newest awards that a child has.
pub(in crate::service) fn newest(records: &dyn Snapshot, child_id: &ChildId) -> Vec<Arc<Award>> {
    let mut awards = newest_first(records.awards_of(child_id));
    awards.retain(|award| award.revoked_at.is_none());
    awards.truncate(MOST_IN_PROGRESS);
    awards
}

/// The grades that a child is closest to, by the part of the threshold that it has: one of each badge, of those
/// for which it has done something.
pub(in crate::service) fn nearest(
    records: &dyn Snapshot,
    child_id: &ChildId,
    user: &User,
    sums: &DailySums,
    family: &Family<'_>,
) -> Vec<NearBadge> {
    let awards = records.awards_of(child_id);
    let shown = badges_of(records, &user.id).into_iter().filter(|state| !state.is_hidden);
    let near = shown.filter_map(|BadgeState { badge, .. }| {
        let value = current(&badge, sums, family);
        let next = next_grade(&badge, &awards, value, family);
        let (grade, threshold) = next.filter(|_| value > 0)?;
        Some(NearBadge { badge, grade, threshold, value })
    });
    let mut near: Vec<NearBadge> = near.collect();
    // Thresholds are at most 10⁹, so the product does not overflow.
    near.sort_by_key(|it| Reverse(it.value.saturating_mul(1_000_000_000) / it.threshold));
    near.truncate(MOST_IN_PROGRESS);
    near
}

/// The first grade that a child with these awards and this value does not have, with its threshold.
fn next_grade(
    badge: &Badge,
    awards: &[Arc<Award>],
    value: i64,
    family: &Family<'_>,
) -> Option<(Grade, i64)> {
    let period = badge.period.map(|kind| kind.of(family.today, family.settings));
    let has = |grade: Grade| {
        awards.iter().any(|award| {
            let key = &award.key;
            (&key.badge_id, key.grade, key.period) == (&badge.id, grade, period)
                && award.revoked_at.is_none()
        })
    };
    badge.thresholds.iter().find(|(grade, threshold)| !has(*grade) && value < *threshold)
}

/// What a child has of a badge's metric now. A streak that has ended cannot grow any more.
fn current(badge: &Badge, sums: &DailySums, family: &Family<'_>) -> i64 {
    let (settings, today) = (family.settings, family.today);
    if badge.metric == Metric::StreakDays {
        return sums.streaks(settings, today).current.map_or(0, |run| run.days).into();
    }
    let period = badge.period.map(|kind| kind.of(today, settings));
    value(&badge.metric, period, sums, settings, today)
}

fn newest_first(mut awards: Vec<Arc<Award>>) -> Vec<Arc<Award>> {
    awards.retain(|award| !award.is_rank());
    awards.sort_by_key(|award| Reverse((award.earned_at, award.key.grade)));
    awards
}

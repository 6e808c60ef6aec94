//! What a child has earned: the awards that its history needs, and those that a reversal took away.
//!
//! An award is put when the value of a badge reaches a threshold, over the events that count. It is revoked only
//! if a later reversal brought the value of its own metric below its own threshold. So spent points, penalties, streaks
//! that end, and changes of badges and settings revoke nothing.

use std::collections::HashMap;

use super::award::{Award, AwardKey, AwardPeriod};
use super::definition::{Badge, Grade};
use super::history::History;
use super::reached::Family;
use super::value::value;
use crate::domain::progress::{DailySums, Step};
use crate::domain::{ChildId, EventId, Timestamp, UserId};

/// An award to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAward {
    pub award: Award,
    /// Whether the child had it before and it was revoked.
    pub is_regained: bool,
    /// See [`super::Reached::is_own`].
    pub is_own: bool,
}

/// What an evaluation changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they were earned.
    pub new: Vec<NewAward>,
    /// The awards to revoke, with the time and the event of the reversal.
    pub revoked: Vec<(AwardKey, Timestamp, EventId)>,
}

/// The awards of a child.
#[derive(Clone, Debug, Default)]
pub struct Held<'a> {
    awards: HashMap<Key<'a>, &'a Award>,
}

/// The badge, the grade and the period of an award.
type Key<'a> = (&'a str, Grade, Option<AwardPeriod>);

impl<'a> Held<'a> {
    pub fn of(awards: impl IntoIterator<Item = &'a Award>) -> Self {
        let keyed = |award: &'a Award| {
            let key = &award.key;
            ((key.badge_id.as_str(), key.grade, key.period), award)
        };
        Self { awards: awards.into_iter().map(keyed).collect() }
    }

    fn get(
        &self,
        badge: &'a Badge,
        grade: Grade,
        period: Option<AwardPeriod>,
    ) -> Option<&'a Award> {
        self.awards.get(&(badge.id.as_str(), grade, period)).copied()
    }

    fn is_full(&self) -> bool {
        self.awards.len() >= Award::MOST
    }

    /// Whether an award can be put.
    fn may_put(&self, badge: &'a Badge, grade: Grade, period: Option<AwardPeriod>) -> bool {
        match self.get(badge, grade, period) {
            Some(award) => award.revoked_at.is_some(),
            None => !self.is_full(),
        }
    }

    /// Whether a value has reached a threshold whose award is missing.
    pub fn lacks(&self, badge: &'a Badge, sums: &DailySums, family: &Family<'_>) -> bool {
        let lacks = |period| {
            let missing: Vec<i64> = badge
                .thresholds
                .iter()
                .filter(|(grade, _)| self.may_put(badge, *grade, period))
                .map(|(_, threshold)| threshold)
                .collect();
            let Some(least) = missing.first() else { return false };
            *least <= value(&badge.metric, period, sums, family.settings, family.today)
        };
        match badge.period {
            Some(kind) => kind.open(family.settings, family.today).map(Some).any(lacks),
            None => lacks(None),
        }
    }

    /// The awards whose value is below their threshold, for whatever reason. A child without a reversal has
    /// none that are revoked.
    pub fn below(&self, sums: &DailySums, family: &Family<'_>) -> Vec<&'a Award> {
        if sums.removals() == 0 {
            return Vec::new();
        }
        let is_below = |award: &&&Award| {
            let metric = &award.metric;
            let value = value(metric, award.key.period, sums, family.settings, family.today);
            award.revoked_at.is_none() && value < award.threshold
        };
        self.awards.values().filter(is_below).copied().collect()
    }
}

impl Award {
    /// The number of awards of a child, including revoked ones, above which no further ones are added.
    pub const MOST: usize = 5_000;
}

/// Computes what the history of a child changes in its awards.
pub fn plan<'a>(
    (user_id, child_id): (&UserId, &ChildId),
    history: &History,
    badges: impl IntoIterator<Item = &'a Badge>,
    held: &Held<'a>,
    family: &Family<'_>,
) -> Plan {
    let mut new = Vec::new();
    for badge in badges {
        let reached = history.reached(badge, family).into_iter();
        let missing = reached.filter(|it| held.may_put(badge, it.grade, it.period));
        new.extend(missing.map(|reached| {
            let key = AwardKey {
                child_id: child_id.clone(),
                badge_id: badge.id.clone(),
                grade: reached.grade,
                period: reached.period,
            };
            let award = Award {
                user_id: user_id.clone(),
                key,
                badge_name: badge.name.clone(),
                metric: badge.metric.clone(),
                threshold: reached.threshold,
                earned_at: reached.at,
                event_id: reached.event_id,
                revoked_at: None,
            };
            let is_regained = held.get(badge, reached.grade, reached.period).is_some();
            NewAward { award, is_regained, is_own: reached.is_own }
        }));
    }
    new.sort_by_key(|it| (it.award.earned_at, it.award.key.grade));
    let mut free = Award::MOST.saturating_sub(held.awards.len());
    new.retain(|it: &NewAward| {
        let fits = it.is_regained || free > 0;
        free -= usize::from(fits && !it.is_regained);
        fits
    });
    Plan { new, revoked: revoked(history, held, family) }
}

/// The awards whose value a reversal brought below their threshold, where it still is.
///
/// The values are computed with the current settings. Under earlier settings, a reversal may not have crossed the
/// threshold: those before the last change of the settings revoke nothing.
fn revoked(
    history: &History,
    held: &Held<'_>,
    family: &Family<'_>,
) -> Vec<(AwardKey, Timestamp, EventId)> {
    if history.removals() == 0 {
        return Vec::new();
    }
    let mut sums = DailySums::new(family.calendar.clone());
    for change in history.changes() {
        sums.apply(&change.step);
    }
    let below = held.below(&sums, family);
    if below.is_empty() {
        return Vec::new();
    }
    let mut last = vec![None; below.len()];
    let mut sums = DailySums::new(family.calendar.clone());
    for change in history.changes() {
        let today = family.calendar.day_of(change.at);
        let of = |award: &Award, sums: &DailySums| {
            value(&award.metric, award.key.period, sums, family.settings, today)
        };
        if matches!(change.step, Step::Add(_)) {
            sums.apply(&change.step);
            continue;
        }
        let before: Vec<i64> = below.iter().map(|award| of(award, &sums)).collect();
        sums.apply(&change.step);
        for ((award, before), last) in below.iter().zip(before).zip(&mut last) {
            let can_revoke = award.earned_at <= change.at && family.has_rules_since(change.at);
            if can_revoke && before >= award.threshold && of(award, &sums) < award.threshold {
                *last = Some((change.at, change.event.clone()));
            }
        }
    }
    let found = below.into_iter().zip(last);
    found.filter_map(|(award, last)| last.map(|(at, id)| (award.key.clone(), at, id))).collect()
}

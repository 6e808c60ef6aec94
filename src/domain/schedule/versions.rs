//! The schedule of a task, with what it was before.

use std::sync::Arc;

use super::plan::{Plan, Who};
use crate::domain::calendar::Day;

/// What a schedule says from one day on. A new version does not change the days before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub starts: Day,
    /// `None` if the task is not scheduled any more.
    pub plan: Option<Plan>,
}

/// The versions of a task's schedule, in the order of their days; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Arc<[Version]>);

impl Schedule {
    /// The number of versions that are kept. Before the oldest one, a task has no occurrences.
    pub const MAX_VERSIONS: usize = 50;

    /// Versions from a file; `None` if there are none. The order of their days does not matter.
    pub fn from_stored(mut versions: Vec<Version>) -> Option<Self> {
        versions.sort_by_key(|version| version.starts);
        versions.dedup_by(|later, earlier| {
            let is_same = later.starts == earlier.starts;
            if is_same {
                earlier.plan = later.plan.take();
            }
            is_same
        });
        Self::newest(versions)
    }

    fn newest(mut versions: Vec<Version>) -> Option<Self> {
        versions.drain(..versions.len().saturating_sub(Self::MAX_VERSIONS));
        (!versions.is_empty()).then(|| Self(versions.into()))
    }

    /// The schedule after a change that takes effect on a day: the later versions end with it. `None` if the task
    /// was never scheduled.
    pub fn changed(old: Option<&Self>, starts: Day, plan: Option<Plan>) -> Option<Self> {
        let versions = old.map(|old| &*old.0).unwrap_or_default();
        let mut versions: Vec<_> =
            versions.iter().filter(|it| it.starts < starts).cloned().collect();
        let before = versions.last().and_then(|it| it.plan.as_ref());
        if before != plan.as_ref() {
            versions.push(Version { starts, plan });
        }
        Self::newest(versions)
    }

    /// The schedule without a child, from a day on. The others of a rotation go on with the child whose turn
    /// would have been next.
    pub fn without(&self, child: &str, today: Day) -> Self {
        let names = |version: &&Version| {
            version
                .plan
                .as_ref()
                .is_some_and(|plan| plan.who.named().iter().any(|id| **id == *child))
        };
        let mut schedule = self.clone();
        // Those that are in effect today or later.
        let current = self.in_effect(today).into_iter();
        let later = self.0.iter().filter(|it| it.starts > today);
        for version in current.chain(later).filter(names) {
            let Some(plan) = &version.plan else { continue };
            let starts = version.starts.max(today);
            let plan = plan.without(child, version.starts, starts);
            let mut versions: Vec<_> =
                schedule.0.iter().filter(|it| it.starts != starts).cloned().collect();
            versions.push(Version { starts, plan });
            schedule = Self::from_stored(versions).unwrap_or(schedule);
        }
        schedule
    }

    /// The version of a day.
    pub fn in_effect(&self, day: Day) -> Option<&Version> {
        self.0.iter().rev().find(|version| version.starts <= day)
    }

    /// The newest version, which may start on a later day.
    pub fn last(&self) -> Option<&Version> {
        self.0.last()
    }

    /// Whether the task can recur on a day or later.
    pub fn is_active(&self, today: Day) -> bool {
        let current = self.in_effect(today).into_iter();
        let later = self.0.iter().filter(|it| it.starts > today);
        let mut plans = current.chain(later).filter_map(|version| version.plan.as_ref());
        plans.any(|plan| plan.next(today).is_some())
    }

    /// The greatest number of days of grace of any version.
    pub fn longest_grace(&self) -> i32 {
        let plans = self.0.iter().filter_map(|version| version.plan.as_ref());
        plans.map(|plan| plan.grace_days.into()).max().unwrap_or_default()
    }

    pub fn versions(&self) -> &[Version] {
        &self.0
    }

    /// The days from `first` to `last` on which a child is to do the task, in their order.
    pub fn days(&self, child: &str, first: Day, last: Day) -> Vec<Day> {
        let ends = self.0.iter().skip(1).map(|next| next.starts.previous()).chain([last]);
        let of = |(version, end): (&Version, Day)| {
            let Some(plan) = &version.plan else { return Vec::new() };
            let (start, end) = (version.starts.max(first), end.min(last));
            let next = move |day: Day| plan.next(day).filter(|it| *it <= end);
            let days = std::iter::successors(next(start), move |day| next(day.next()));
            days.filter(|day| plan.is_for(child, version.starts, *day)).collect()
        };
        self.0.iter().zip(ends).flat_map(of).collect()
    }
}

impl Plan {
    /// The plan without a child, from the day `starts` on; `None` if it has no other.
    fn without(&self, child: &str, first: Day, starts: Day) -> Option<Self> {
        let others = |children: &[Arc<str>]| -> Arc<[Arc<str>]> {
            children.iter().filter(|id| ***id != *child).cloned().collect()
        };
        let who = match &self.who {
            Who::All => Who::All,
            Who::Children(children) => Who::Children(others(children)),
            Who::Rotation { children, each } => {
                let next = self.next(starts).unwrap_or(starts);
                let turn = |id: &Arc<str>| self.is_for(id, first, next);
                let begin = children.iter().position(turn).unwrap_or_default();
                let mut turned = children.to_vec();
                turned.rotate_left(begin);
                Who::Rotation { children: others(&turned), each: *each }
            }
        };
        let is_empty = who != Who::All && who.named().is_empty();
        (!is_empty).then(|| Self { who, ..self.clone() })
    }
}

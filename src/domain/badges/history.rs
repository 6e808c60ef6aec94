//! The history of a child as the evaluation of badges reads it.

use std::collections::{BTreeMap, HashMap};

use super::definition::Badge;
use super::metric::Metric;
use super::reached::{Family, Reached};
use super::runs::Runs;
use crate::domain::calendar::{Calendar, Day};
use crate::domain::progress::{Contribution, ContributionKind, Figures, Step};
use crate::domain::{EventId, Timestamp, TrackingEvent};

/// Every event of a child that counts or counted, in the order of the history.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: Vec<Entry>,
    /// The indexes of the events in `entries`.
    indexes: HashMap<EventId, usize>,
    /// The events, including reversals, in the order of the history.
    events: Vec<HistoryEvent>,
}

/// A contribution and its event.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) event: EventId,
    pub(super) at: Timestamp,
    pub(super) contribution: Contribution,
    is_reversed: bool,
    /// Whether Goldstar wrote the event.
    is_own: bool,
}

/// An event of the history.
#[derive(Clone, Debug)]
struct HistoryEvent {
    event: EventId,
    at: Timestamp,
    /// The index of the entry that it adds or reverses.
    entry: usize,
    /// Whether it reverses the entry instead of adding it.
    reverses: bool,
    is_own: bool,
}

/// A change of the sums, with its event.
pub(super) struct Change<'a> {
    pub(super) event: &'a EventId,
    pub(super) at: Timestamp,
    pub(super) step: Step,
    pub(super) is_own: bool,
}

impl History {
    /// Appends the next event of the history.
    pub fn push(&mut self, event: &TrackingEvent) {
        let is_own = event.metadata.as_ref().is_some_and(|it| it.contains_key("actor"));
        let (id, at) = (event.id.clone(), event.occurred_at);
        if let Some(reversed) = event.reverses() {
            let Some(&entry) = self.indexes.get(&EventId::from(reversed)) else { return };
            self.entries[entry].is_reversed = true;
            self.events.push(HistoryEvent { event: id, at, entry, reverses: true, is_own });
            return;
        }
        let Some(contribution) = Contribution::of(event) else { return };
        let entry = self.entries.len();
        self.indexes.insert(id.clone(), entry);
        self.entries.push(Entry {
            event: id.clone(),
            at,
            contribution,
            is_reversed: false,
            is_own,
        });
        self.events.push(HistoryEvent { event: id, at, entry, reverses: false, is_own });
    }

    /// The changes of the sums, in their order.
    pub(super) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.events.iter().map(|it| {
            let contribution = self.entries[it.entry].contribution.clone();
            let step =
                if it.reverses { Step::Remove(contribution) } else { Step::Add(contribution) };
            Change { event: &it.event, at: it.at, step, is_own: it.is_own }
        })
    }

    /// The number of reversals.
    pub fn removals(&self) -> u32 {
        let removals = self.events.iter().filter(|event| event.reverses).count();
        u32::try_from(removals).unwrap_or(u32::MAX)
    }

    /// The entries that count now.
    pub(super) fn counting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_reversed)
    }

    /// When the value of a badge first reached each of its thresholds, in each period that is open.
    pub(super) fn reached(&self, badge: &Badge, family: &Family<'_>) -> Vec<Reached> {
        match &badge.metric {
            Metric::StreakDays => self.reached_by_runs(badge, family),
            metric => {
                let mut counter = Counter::new(badge, family);
                for gain in self.gains(metric, family) {
                    counter.add(&gain);
                }
                counter.reached
            }
        }
    }

    /// What raised the value of a metric, in the order in which it did.
    fn gains<'a>(&'a self, metric: &'a Metric, family: &Family<'_>) -> Vec<Gain<'a>> {
        if *metric == Metric::DaysWithoutPenalty {
            return self.good_days(family.calendar, family.today);
        }
        let gain = |entry: &'a Entry| {
            let amount = amount(metric, &entry.contribution);
            let day = family.calendar.day_of(entry.contribution.worked_at);
            (amount > 0).then_some(Gain { by: By::Event(entry), day, amount })
        };
        self.counting().filter_map(gain).collect()
    }

    /// The days with a task and without a penalty. Each counts from its end, or from the event that was
    /// later: the approval of its only task.
    fn good_days(&self, calendar: &Calendar, today: Day) -> Vec<Gain<'_>> {
        let mut days: BTreeMap<Day, (Option<&Entry>, bool)> = BTreeMap::new();
        for entry in self.counting() {
            let kind = entry.contribution.subject.kind;
            let day = calendar.day_of(entry.contribution.worked_at);
            let (task, has_penalty) = days.entry(day).or_default();
            if kind == ContributionKind::Task {
                task.get_or_insert(entry);
            }
            *has_penalty |= kind == ContributionKind::Penalty;
        }
        let good = days.into_iter().filter(|(day, (_, has_penalty))| *day < today && !has_penalty);
        let mut gains: Vec<Gain<'_>> = good
            .filter_map(|(day, (task, _))| {
                let (end, task) = (calendar.start_of(day.next()), task?);
                let by = if task.at < end { By::Time(end) } else { By::Event(task) };
                Some(Gain { by, day, amount: 1 })
            })
            .collect();
        gains.sort_by_key(|gain| gain.by.at());
        gains
    }

    fn reached_by_runs(&self, badge: &Badge, family: &Family<'_>) -> Vec<Reached> {
        let goal = family.settings.daily_goal.map_or(1, u32::from);
        let (mut tasks, mut runs, mut reached) = (HashMap::new(), Runs::default(), Vec::new());
        for entry in self.counting() {
            if entry.contribution.subject.kind != ContributionKind::Task {
                continue;
            }
            let day = family.calendar.day_of(entry.contribution.worked_at);
            let count: &mut u32 = tasks.entry(day).or_default();
            *count += 1;
            if *count != goal || day > family.today || family.settings.is_neutral(day) {
                continue;
            }
            let length = i64::from(runs.add(day, |it| family.settings.is_neutral(it)));
            let new = badge.thresholds.iter().skip(reached.len());
            let new = new.take_while(|(_, threshold)| *threshold <= length);
            reached.extend(
                new.map(|(grade, threshold)| {
                    Reached::new(grade, None, threshold, By::Event(entry))
                })
                .collect::<Vec<_>>(),
            );
        }
        reached
    }
}

/// What raised a value.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    Event(&'a Entry),
    /// A day has ended.
    Time(Timestamp),
}

struct Gain<'a> {
    by: By<'a>,
    day: Day,
    amount: i64,
}

impl By<'_> {
    fn at(self) -> Timestamp {
        match self {
            Self::Event(entry) => entry.at,
            Self::Time(at) => at,
        }
    }
}

impl Reached {
    fn new(
        grade: super::Grade,
        period: Option<super::AwardPeriod>,
        threshold: i64,
        by: By<'_>,
    ) -> Self {
        let (event_id, is_own) = match by {
            By::Event(entry) => (Some(entry.event.clone()), entry.is_own),
            By::Time(_) => (None, true),
        };
        Self { grade, period, threshold, at: by.at(), event_id, is_own }
    }
}

/// Adds up gains, in each period of a badge.
struct Counter<'a> {
    badge: &'a Badge,
    family: &'a Family<'a>,
    /// The values of the open periods, by their first day; without a period under today.
    values: HashMap<Day, i64>,
    reached: Vec<Reached>,
}

impl<'a> Counter<'a> {
    fn new(badge: &'a Badge, family: &'a Family<'_>) -> Self {
        let (settings, today) = (family.settings, family.today);
        let values = match badge.period {
            Some(kind) => kind.open(settings, today).map(|it| (it.first_day(), 0)).collect(),
            None => HashMap::from([(today, 0)]),
        };
        Self { badge, family, values, reached: Vec::new() }
    }

    fn add(&mut self, gain: &Gain<'_>) {
        let period = self.badge.period.map(|kind| kind.of(gain.day, self.family.settings));
        let key = period.map_or(self.family.today, super::AwardPeriod::first_day);
        let Some(value) = self.values.get_mut(&key) else { return };
        let before = *value;
        *value = value.saturating_add(gain.amount);
        for (grade, threshold) in self.badge.thresholds.iter() {
            if before < threshold && threshold <= *value {
                self.reached.push(Reached::new(grade, period, threshold, gain.by));
            }
        }
    }
}

/// What a contribution adds to a metric that is a sum over contributions.
fn amount(metric: &Metric, contribution: &Contribution) -> i64 {
    let kind = contribution.subject.kind;
    let counts = match metric {
        Metric::PointsEarned => return Figures::of(contribution).earned,
        Metric::TasksDone => kind == ContributionKind::Task,
        Metric::RewardsRedeemed => kind == ContributionKind::Reward,
        Metric::TaskDone(id) => {
            kind == ContributionKind::Task && contribution.subject.id == id.as_str()
        }
        Metric::StreakDays | Metric::DaysWithoutPenalty => false,
    };
    counts.into()
}

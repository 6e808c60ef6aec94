//! The daily sums of one child.

use std::collections::{BTreeMap, HashMap};

use super::contribution::{Contribution, ContributionKind, Subject};
use super::figures::Figures;
use super::periods::Span;
use super::streak::{StreakDay, Streaks};
use crate::domain::TrackingEvent;
use crate::domain::calendar::{Calendar, Day, FamilySettings};

/// The sums of a child's contributions by day, in the calendar of its family. Takes memory by days, not by events.
#[derive(Clone, Debug)]
pub struct DailySums {
    calendar: Calendar,
    days: BTreeMap<Day, SumsOfDay>,
    total: Figures,
    /// The tasks, penalties and rewards, by number.
    subjects: Vec<Known>,
    numbers: HashMap<Subject, u32>,
    /// The number of contributions that were removed.
    removals: u32,
}

#[derive(Clone, Debug, Default)]
struct SumsOfDay {
    figures: Figures,
    /// How often each task, penalty or reward occurred, by its number.
    counts: Vec<(u32, u32)>,
}

#[derive(Clone, Debug)]
struct Known {
    subject: Subject,
    /// The last name that an event has recorded.
    name: String,
}

/// How often a task was done, a penalty activated or a reward redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequency {
    pub subject: Subject,
    /// The last name that an event has recorded; empty if none has one.
    pub name: String,
    pub count: u32,
}

/// What an event means for the sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Add(Contribution),
    /// The contribution of an event that was reversed no longer counts.
    Remove(Contribution),
}

impl Step {
    /// What an event means; `None` for requests and cancellations. `reversed` is the event that it reverses.
    pub fn of(event: &TrackingEvent, reversed: Option<&TrackingEvent>) -> Option<Self> {
        if event.reverses().is_some() {
            return Contribution::of(reversed?).map(Self::Remove);
        }
        Contribution::of(event).map(Self::Add)
    }

    pub fn contribution(&self) -> &Contribution {
        match self {
            Self::Add(contribution) | Self::Remove(contribution) => contribution,
        }
    }
}

impl DailySums {
    /// Sums without contributions.
    pub fn new(calendar: Calendar) -> Self {
        let (days, subjects, numbers) = (BTreeMap::new(), Vec::new(), HashMap::new());
        Self { calendar, days, total: Figures::default(), subjects, numbers, removals: 0 }
    }

    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Adds or removes a contribution. A contribution is removed at most once, and after it was added.
    pub fn apply(&mut self, step: &Step) {
        let contribution = step.contribution();
        let (day, figures) =
            (self.calendar.day_of(contribution.worked_at), Figures::of(contribution));
        let number = self.number(contribution);
        let sums = self.days.entry(day).or_default();
        let at = sums.counts.iter().position(|(other, _)| *other == number);
        match step {
            Step::Add(_) => {
                if !contribution.name.is_empty() {
                    self.subjects[number as usize].name.clone_from(&contribution.name);
                }
                self.total.add(&figures);
                sums.figures.add(&figures);
                match at {
                    Some(at) => sums.counts[at].1 = sums.counts[at].1.saturating_add(1),
                    None => sums.counts.push((number, 1)),
                }
            }
            Step::Remove(_) => {
                self.removals = self.removals.saturating_add(1);
                self.total.remove(&figures);
                sums.figures.remove(&figures);
                if let Some(at) = at {
                    sums.counts[at].1 -= 1;
                    sums.counts.retain(|(_, count)| *count > 0);
                }
                if sums.counts.is_empty() {
                    self.days.remove(&day);
                }
            }
        }
    }

    /// The number of a task, penalty or reward.
    fn number(&mut self, contribution: &Contribution) -> u32 {
        let next = u32::try_from(self.subjects.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(contribution.subject.clone()).or_insert(next);
        if number == next {
            self.subjects
                .push(Known { subject: contribution.subject.clone(), name: String::new() });
        }
        number
    }

    /// The sums of the whole history.
    pub fn total(&self) -> &Figures {
        &self.total
    }

    /// The sums of a period.
    pub fn figures(&self, span: Span) -> Figures {
        let mut sum = Figures::default();
        for (_, day) in self.within(span) {
            sum.add(&day.figures);
        }
        sum
    }

    /// How often each task, penalty and reward occurred in a period, the most frequent first. Adjustments
    /// are not listed.
    pub fn frequencies(&self, span: Span) -> Vec<Frequency> {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for (number, count) in self.within(span).flat_map(|(_, day)| &day.counts) {
            *counts.entry(*number).or_default() += count;
        }
        let frequency = |(number, count): (u32, u32)| {
            let Known { subject, name } = self.subjects.get(number as usize)?.clone();
            (subject.kind != ContributionKind::Adjustment).then_some(Frequency {
                subject,
                name,
                count,
            })
        };
        let mut all: Vec<_> = counts.into_iter().filter_map(frequency).collect();
        all.sort_by(|one, other| other.count.cmp(&one.count).then(one.name.cmp(&other.name)));
        all
    }

    fn within(&self, span: Span) -> impl Iterator<Item = (&Day, &SumsOfDay)> {
        // A range whose end lies before its start would panic.
        let last = span.last.max(span.first);
        self.days.range(span.first..=last).filter(move |(day, _)| **day <= span.last)
    }

    /// The streaks of the days on which the child reached the family's daily goal, or did one task if the
    /// family has no goal.
    pub fn streaks(&self, settings: &FamilySettings, today: Day) -> Streaks {
        streaks(self.days.iter(), settings, today)
    }

    /// The streaks within a period, as if the child had no other days.
    pub fn streaks_within(&self, span: Span, settings: &FamilySettings) -> Streaks {
        streaks(self.within(span), settings, span.last)
    }

    /// What a day means for [`Self::streaks`].
    pub fn streak_day(&self, day: Day, settings: &FamilySettings, today: Day) -> StreakDay {
        if settings.is_neutral(day) {
            StreakDay::Neutral
        } else if day <= today && self.tasks_on(day) >= goal(settings) {
            StreakDay::Counts
        } else if day >= today {
            StreakDay::Open
        } else {
            StreakDay::Missed
        }
    }

    /// The day on which the points earned in the lifetime reached a threshold; `None` if they have not, and
    /// before the first contribution.
    pub fn day_of_earning(&self, threshold: i64) -> Option<Day> {
        let mut earned: i64 = 0;
        let reached = |(_, day): &(&Day, &SumsOfDay)| {
            earned = earned.saturating_add(day.figures.earned);
            earned >= threshold
        };
        self.days.iter().find(reached).map(|(day, _)| *day)
    }

    /// The number of tasks that were done on a day.
    pub fn tasks_on(&self, day: Day) -> u32 {
        self.days.get(&day).map_or(0, |day| day.figures.tasks)
    }

    /// The number of days before today with a task and without a penalty: of a period, or of the whole history.
    pub fn good_days(&self, span: Option<Span>, today: Day) -> u32 {
        let is_good = |figures: &Figures| figures.tasks > 0 && figures.penalties == 0;
        let days = self.chosen(span).filter(|(day, it)| **day < today && is_good(&it.figures));
        u32::try_from(days.count()).unwrap_or(u32::MAX)
    }

    /// How often a task was done, a penalty activated or a reward redeemed, in a period or in the whole history.
    pub fn count(&self, subject: &Subject, span: Option<Span>) -> u32 {
        let Some(number) = self.numbers.get(subject) else { return 0 };
        let counts = self.chosen(span).flat_map(|(_, day)| &day.counts);
        let own = counts.filter(|(other, _)| other == number).map(|(_, count)| *count);
        own.fold(0, u32::saturating_add)
    }

    /// The number of reversals.
    pub fn removals(&self) -> u32 {
        self.removals
    }

    /// The days of a period, or all.
    fn chosen(&self, span: Option<Span>) -> impl Iterator<Item = (&Day, &SumsOfDay)> {
        let (within, all) = match span {
            Some(span) => (Some(self.within(span)), None),
            None => (None, Some(self.days.iter())),
        };
        within.into_iter().flatten().chain(all.into_iter().flatten())
    }

    /// The number of days that have contributions.
    pub fn days(&self) -> usize {
        self.days.len()
    }
}

fn streaks<'a>(
    days: impl Iterator<Item = (&'a Day, &'a SumsOfDay)>,
    settings: &FamilySettings,
    today: Day,
) -> Streaks {
    let goal = goal(settings);
    let active = days.filter(|(_, day)| day.figures.tasks >= goal);
    Streaks::of(active.map(|(day, _)| *day), today, |day| settings.is_neutral(day))
}

/// How many tasks a day needs to count.
fn goal(settings: &FamilySettings) -> u32 {
    settings.daily_goal.map_or(1, u32::from)
}

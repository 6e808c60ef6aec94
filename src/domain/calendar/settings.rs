//! What a family sets about its days.

use std::sync::Arc;

use super::day::{Day, DayStart, Weekday};
use crate::domain::{Invalid, Ranks};

/// The settings of a family. The default is that of a family that has set nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilySettings {
    /// The name of the zone; `None` for the default of the family.
    pub time_zone: Option<Arc<str>>,
    pub day_starts_at: DayStart,
    pub week_start: Weekday,
    /// Days of the week without chores.
    pub rest_days: Weekdays,
    pub pauses: Pauses,
    /// The number of tasks that each child is to do on a day.
    pub daily_goal: Option<u16>,
    /// The ids of the badges that the family does not use, in the order of hiding.
    pub hidden_badges: Arc<[Arc<str>]>,
    /// `None` for the default ranks.
    pub ranks: Option<Ranks>,
    /// Whether children see the ranking of the family.
    pub shows_ranking: bool,
    pub streak_rule: StreakRule,
    /// Whether helpers may activate penalties.
    pub penalties_by_helpers: bool,
}

/// The days that count for a streak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreakRule {
    /// Those on which the child has done a task, or as many as the family's daily goal.
    #[default]
    AnyTask,
    /// Those on which the child has done everything that was due by the schedules of its tasks.
    AllDue,
}

impl StreakRule {
    pub const ALL: [Self; 2] = [Self::AnyTask, Self::AllDue];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnyTask => "any_task",
            Self::AllDue => "all_due",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

impl FamilySettings {
    /// Hides or shows a badge.
    pub fn set_hidden(&mut self, badge: &Arc<str>, is_hidden: bool) {
        let others = self.hidden_badges.iter().filter(|id| *id != badge).cloned();
        self.hidden_badges = others.chain(is_hidden.then(|| Arc::clone(badge))).collect();
    }

    pub const MAX_DAILY_GOAL: i64 = 100;

    /// Whether a day neither counts for a streak nor ends one.
    pub fn is_neutral(&self, day: Day) -> bool {
        self.rest_days.contains(day.weekday()) || self.pauses.contains(day)
    }

    /// Checks the number of tasks of a day.
    pub fn daily_goal(number: i64) -> Result<u16, Invalid> {
        let goal = u16::try_from(number).ok();
        goal.filter(|_| (1..=Self::MAX_DAILY_GOAL).contains(&number)).ok_or_else(|| {
            Invalid::new("daily_goal", format!("must be between 1 and {}", Self::MAX_DAILY_GOAL))
        })
    }
}

/// A set of days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays([bool; 7]);

impl Weekdays {
    /// Checks names from a request, such as `saturday`. Each may occur once.
    pub fn parse(field: &'static str, names: &[String]) -> Result<Self, Invalid> {
        let mut days = Self::default();
        for name in names {
            let day = Weekday::parse(name)
                .ok_or_else(|| Invalid::new(field, "must contain days such as saturday"))?;
            if std::mem::replace(&mut days.0[day as usize], true) {
                return Err(Invalid::new(field, "must contain each day once"));
            }
        }
        Ok(days)
    }

    /// Names from a file, of which unknown ones are skipped.
    pub fn from_stored(names: &[Arc<str>]) -> Self {
        let mut days = Self::default();
        for day in names.iter().filter_map(|name| Weekday::parse(name)) {
            days.0[day as usize] = true;
        }
        days
    }

    pub fn contains(self, day: Weekday) -> bool {
        self.0[day as usize]
    }

    /// In the order of the week, from Monday.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        Weekday::ALL.into_iter().filter(move |day| self.contains(*day))
    }
}

/// Days on which a family does no chores, such as a holiday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pause {
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// The pauses of a family, in their order. They do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses(Arc<[Pause]>);

impl Pauses {
    pub const MAX: usize = 200;

    /// Checks pauses from a request.
    pub fn new(field: &'static str, mut pauses: Vec<Pause>) -> Result<Self, Invalid> {
        if pauses.len() > Self::MAX {
            let rule = format!("must have at most {} entries", Self::MAX);
            return Err(Invalid::new(field, rule));
        }
        if pauses.iter().any(|pause| pause.to < pause.from) {
            return Err(Invalid::new(field, "must not end before they start"));
        }
        pauses.sort_unstable();
        if pauses.windows(2).any(|pair| pair[1].from <= pair[0].to) {
            return Err(Invalid::new(field, "must not overlap"));
        }
        Ok(Self(pauses.into()))
    }

    /// Whether the day is in a pause.
    pub fn contains(&self, day: Day) -> bool {
        let after = self.0.partition_point(|pause| pause.from <= day);
        after.checked_sub(1).is_some_and(|last| day <= self.0[last].to)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pause> {
        self.0.iter()
    }
}

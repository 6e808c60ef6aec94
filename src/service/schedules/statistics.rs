//! How much of what was due was done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Parent, Service, ServiceError, spawn};
use super::family::FamilySchedule;
use crate::domain::calendar::Weekday;
use crate::domain::progress::Span;
use crate::domain::schedule::OccurrenceState;
use crate::domain::{Child, Task};
use crate::store::Snapshot;

/// What became of occurrences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub done: u32,
    pub missed: u32,
    /// Those that are due, late or requested.
    pub open: u32,
    /// Those that a parent has skipped. Paused ones count nowhere.
    pub skipped: u32,
}

/// What became of the occurrences of a family.
#[derive(Debug)]
pub struct ScheduleStatistics {
    pub span: Span,
    pub total: Completion,
    pub children: Vec<(Arc<Child>, Completion)>,
    pub weekdays: Vec<(Weekday, Completion)>,
    /// Of the tasks that exist and have a schedule.
    pub tasks: Vec<(Arc<Task>, Completion)>,
}

impl Completion {
    fn add(&mut self, state: OccurrenceState) {
        match state {
            OccurrenceState::Done => self.done += 1,
            OccurrenceState::Missed => self.missed += 1,
            OccurrenceState::Due | OccurrenceState::Late | OccurrenceState::Requested => {
                self.open += 1;
            }
            OccurrenceState::Skipped => self.skipped += 1,
            OccurrenceState::Upcoming | OccurrenceState::Paused => {}
        }
    }

    /// The part of the occurrences that were done of those that were done or missed, from 0 to 1; `None` if there are
    /// none.
    pub fn rate(&self) -> Option<f64> {
        let decided = self.done + self.missed;
        (decided > 0).then(|| f64::from(self.done) / f64::from(decided))
    }
}

impl Service {
    /// Returns what became of the occurrences on the days of a span; `None` if there are too many.
    pub async fn schedule_statistics(
        &self,
        parent: &Parent,
        span: Span,
    ) -> Result<Option<ScheduleStatistics>, ServiceError> {
        let family = self.family_schedule_from(&parent.user().id, span.first).await?;
        let (family, records) = family.ok_or(ServiceError::Unauthenticated)?;
        if family.is_too_large(span) {
            return Ok(None);
        }
        let counted = spawn::blocking(move || family.completion(span, &*records));
        counted.await.map(Some).map_err(ServiceError::internal)
    }
}

impl FamilySchedule {
    fn completion(&self, span: Span, records: &dyn Snapshot) -> ScheduleStatistics {
        let mut total = Completion::default();
        let mut weekdays = Weekday::ALL.map(|day| (day, Completion::default()));
        let mut tasks: BTreeMap<&str, Completion> = BTreeMap::new();
        let mut children = Vec::new();
        for child in &self.children {
            let mut own = Completion::default();
            for (task, occurrence) in self.occurrences(child, span) {
                let state = self.state(&occurrence, records);
                let weekday = &mut weekdays[occurrence.day.weekday() as usize].1;
                let of_task = tasks.entry(task.id.as_str()).or_default();
                for completion in [&mut total, &mut own, weekday, of_task] {
                    completion.add(state);
                }
            }
            children.push((Arc::clone(child), own));
        }
        let of_task = |task: &Arc<Task>| {
            (Arc::clone(task), tasks.get(task.id.as_str()).copied().unwrap_or_default())
        };
        let tasks = self.tasks.iter().map(of_task).collect();
        ScheduleStatistics { span, total, children, weekdays: weekdays.to_vec(), tasks }
    }
}

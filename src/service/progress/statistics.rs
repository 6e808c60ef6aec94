//! The figures of a child over time.

use std::collections::HashMap;

use super::figures;
use crate::domain::progress::{ContributionKind, Figures, Frequency, PeriodKind, Span};
use crate::domain::{ChildId, Page};
use crate::service::{Caller, Service, ServiceError};

/// The figures of a child over time.
#[derive(Clone, Debug)]
pub struct Statistics {
    pub span: Span,
    pub by: PeriodKind,
    pub series: Vec<Series>,
    /// How often each task was done, the most frequent first. Deleted tasks have the name that their last event
    /// has recorded.
    pub tasks: Vec<Used>,
    pub penalties: Vec<Used>,
    pub rewards: Vec<Used>,
}

/// One period of a series.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    pub span: Span,
    pub figures: Figures,
}

/// How often a task, penalty or reward was used.
#[derive(Clone, Debug)]
pub struct Used {
    pub id: String,
    pub name: String,
    pub count: u32,
}

impl Service {
    /// Returns the figures of a child in the periods of a span. Fails if the caller may not read the child.
    pub async fn statistics(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        span: Span,
        by: PeriodKind,
    ) -> Result<Statistics, ServiceError> {
        let records = self.records_of(caller).await?;
        let child = caller.child(&*records, child_id)?;
        let user = caller.user();
        let sums = self.daily_sums(user, &child.id).await?;
        let periods = span.periods(by, user.family.week_start);
        let series =
            periods.map(|span| Series { span, figures: figures(&sums, Some(span)) }).collect();
        let all = Page::ALL;
        let tasks = records.tasks_page(&user.id, all).records;
        let rewards = records.rewards_page(&user.id, all).records;
        let tasks = tasks.iter().map(|it| (it.id.as_str(), it.name.as_str()));
        let rewards = rewards.iter().map(|it| (it.id.as_str(), it.name.as_str()));
        let names: HashMap<_, _> = tasks.chain(rewards).collect();
        let frequencies = sums.frequencies(span);
        let list = |kind: ContributionKind| {
            let of_kind = frequencies.iter().filter(|it| it.subject.kind == kind);
            of_kind.map(|it| Used::of(it, names.get(&*it.subject.id).copied())).collect()
        };
        Ok(Statistics {
            span,
            by,
            series,
            tasks: list(ContributionKind::Task),
            penalties: list(ContributionKind::Penalty),
            rewards: list(ContributionKind::Reward),
        })
    }
}

impl Used {
    /// With the name of the record, if it still exists.
    fn of(frequency: &Frequency, current: Option<&str>) -> Self {
        Self {
            id: frequency.subject.id.clone(),
            name: current.unwrap_or(&frequency.name).to_owned(),
            count: frequency.count,
        }
    }
}

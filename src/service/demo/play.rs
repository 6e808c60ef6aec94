//! Lets the demo family act on a simulated day.

use std::collections::HashMap;

use serde::Deserialize;

use super::family::{Adult, Kid};
use super::people::People;
use super::plan::{Act, DayPlan, Deed};
use super::records::Records;
use super::time::SimulatedTime;
use crate::domain::calendar::Day;
use crate::domain::{
    EventId, IdempotencyKey, Mutation, MutationDetails, Note, Operation, RewardId, TaskId,
};
use crate::service::{Caller, Service, ServiceError, Skip};

/// The family, its records and the clock of its history.
pub(super) struct Stage<'a> {
    pub(super) service: &'a Service,
    pub(super) time: &'a SimulatedTime,
    pub(super) people: People,
    pub(super) records: Records,
    /// The last event of each child.
    pub(super) last: HashMap<Kid, EventId>,
}

/// The part of an event's row that a reversal needs.
#[derive(Deserialize)]
struct Row {
    id: String,
}

impl Stage<'_> {
    /// Executes the acts of a day.
    pub(super) async fn play(&mut self, plan: &DayPlan) -> Result<(), ServiceError> {
        let calendar = self.service.calendar(self.people.adult(Adult::Paula).user());
        let start = calendar.start_of(plan.day);
        for act in &plan.acts {
            self.time.set(start, act.second);
            self.act(plan.day, act).await?;
        }
        Ok(())
    }

    async fn act(&mut self, day: Day, act: &Act) -> Result<(), ServiceError> {
        let Act { kid, deed, .. } = *act;
        if let Deed::Skip(by, task, why) = deed {
            let parent = self.people.adult(by).clone().into_parent()?;
            let of = (self.records.child(kid), self.task(task)?);
            let skip = Skip::Skip(Some(note(why)?));
            return self.service.skip(&parent, of, day, skip).await.map(drop);
        }
        let (caller, operation, details) = self.request(kid, deed)?;
        let mutation = Mutation::new(self.records.child(kid), operation, details);
        let mutated = self.service.mutate(caller, mutation, None::<IdempotencyKey>).await?;
        let row: Row = serde_json::from_str(&mutated.event).map_err(ServiceError::internal)?;
        self.last.insert(kid, row.id.into());
        Ok(())
    }

    /// Who requests what.
    fn request(
        &self,
        kid: Kid,
        deed: Deed,
    ) -> Result<(&Caller, Operation, MutationDetails), ServiceError> {
        let adult = |adult| self.people.adult(adult);
        let (caller, operation, why) = match deed {
            Deed::Record(by, task, why) => (adult(by), Operation::Activate(self.task(task)?), why),
            Deed::Approve(by, task) => (adult(by), Operation::Activate(self.task(task)?), None),
            Deed::RejectTask(by, task, why) => {
                (adult(by), Operation::CancelTask(self.task(task)?), Some(why))
            }
            Deed::AskForTask(task, why) => {
                (self.people.kid(kid), Operation::RequestTask(self.task(task)?), why)
            }
            Deed::AskForReward(reward, why) => {
                (self.people.kid(kid), Operation::Request(self.reward(reward)?), why)
            }
            Deed::Withdraw(reward) => {
                (self.people.kid(kid), Operation::Cancel(self.reward(reward)?), None)
            }
            Deed::Redeem(by, reward) => (adult(by), Operation::Redeem(self.reward(reward)?), None),
            Deed::RejectReward(by, reward, why) => {
                (adult(by), Operation::Cancel(self.reward(reward)?), Some(why))
            }
            Deed::Adjust(by, delta, why) => (adult(by), Operation::Adjust(delta), Some(why)),
            Deed::Undo(by, why) => {
                let last = self.last.get(&kid).cloned();
                let last = last.ok_or_else(|| ServiceError::internal("there is no event"))?;
                (adult(by), Operation::Reverse(last), Some(why))
            }
            Deed::Skip(..) => return Err(ServiceError::internal("a skip has no event")),
        };
        let note = why.map(note).transpose()?;
        Ok((caller, operation, MutationDetails { note, ..MutationDetails::default() }))
    }

    fn task(&self, name: &str) -> Result<TaskId, ServiceError> {
        self.records.task(name).map(|task| task.id.clone())
    }

    fn reward(&self, name: &str) -> Result<RewardId, ServiceError> {
        self.records.reward(name).map(|reward| reward.id.clone())
    }
}

fn note(text: &str) -> Result<Note, ServiceError> {
    Ok(Note::parse("note", text)?)
}

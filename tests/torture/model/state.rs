//! The model: the state of a family, and the effect of each request on it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::household::{Household, Rights, Step, Who, deleted, is_open_to_helpers};
use super::order::UNKNOWN;

pub(super) type Id = Rc<str>;

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Mutate {
        mutation: Mutation,
        key: Option<String>,
    },
    AddChild {
        points: i64,
    },
    AddTask {
        points: i64,
        is_good: bool,
    },
    AddReward {
        cost: i64,
    },
    /// Changes the points of a task.
    SetPoints(Id, i64),
    /// Changes the cost of a reward.
    SetCost(Id, i64),
    Delete(Kind, Id),
    /// Reads a child's points.
    ReadPoints(Id),
    /// Reads the pending requests for tasks or for rewards.
    ReadRequests(Kind),
    Household(Step),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mutation {
    pub(super) action: Action,
    pub(super) child: Id,
    /// A task, a reward, the points of an adjustment, or the event that is reversed.
    pub(super) entity: Id,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Activate,
    RequestTask,
    CancelTask,
    Request,
    Redeem,
    Cancel,
    Adjust,
    Reverse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Child,
    Task,
    Reward,
}

/// A response to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Mutated {
        event: Event,
        /// The child's points in the response.
        points: i64,
        replayed: bool,
    },
    Added(Id),
    Changed,
    Deleted,
    Points(i64),
    Requests(BTreeSet<(Id, Id)>),
    /// Lists of records, with a property of each.
    Listed(Vec<BTreeMap<Id, Id>>),
    /// It has not happened.
    Failed,
    /// It may have happened: there was no response, or one that says so.
    Unknown,
    /// The code, and `points_needed`.
    Refused(String, Option<i64>),
}

impl Told {
    /// The event that the request has written.
    pub(super) fn event(&self) -> Option<&Id> {
        match self {
            Self::Mutated { event, .. } => Some(&event.id),
            _ => None,
        }
    }

    /// Whether the response is the expected one. The ids of records that no response contains can be any others.
    fn is_that(&self, expected: &Self) -> bool {
        let (Self::Listed(found), Self::Listed(expected)) = (self, expected) else {
            return self == expected;
        };
        let (none, mut is_same) = (BTreeMap::new(), found.len() == expected.len());
        for (number, found) in found.iter().enumerate() {
            let expected = expected.get(number).unwrap_or(&none);
            let (unknown, known): (Vec<_>, Vec<_>) =
                expected.iter().partition(|(id, _)| id.starts_with(UNKNOWN));
            let others = found.iter().filter(|(id, _)| !expected.contains_key(*id));
            is_same &= sorted(others) == sorted(unknown.into_iter());
            is_same &= known.into_iter().all(|(id, value)| found.get(id) == Some(value));
        }
        is_same
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Event {
    pub(super) id: Id,
    pub(super) before: i64,
    pub(super) after: i64,
    /// The task's points or the reward's cost in the event's metadata.
    pub(super) amount: i64,
}

/// What is known of an event that can be reversed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Done {
    child: Id,
    delta: i64,
    amount: i64,
    /// The task or reward of the request that it ended, and what the request recorded.
    request: Option<(Id, i64)>,
    is_reversed: bool,
}

/// The state of a family between two requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    children: BTreeMap<Id, i64>,
    /// The points of each, and whether it adds them.
    tasks: BTreeMap<Id, (i64, bool)>,
    rewards: BTreeMap<Id, i64>,
    /// The points of each requested task and the cost of each requested reward, at the time of the request.
    requests: BTreeMap<(Id, Id), i64>,
    done: BTreeMap<Id, Done>,
    /// The keys of each member and each token. Devices have those of the owner.
    keys: BTreeMap<(Who, String), (usize, Event)>,
    /// The mutation of each key, by its number in `keys`.
    mutations: Vec<Mutation>,
    /// The number of events.
    pub(super) events: usize,
    household: Household,
}

/// The effect of a mutation, or the reason of its failure.
struct Effect {
    after: i64,
    amount: i64,
    /// The task or reward whose request begins or ends, and its points or cost if it begins.
    request: Option<(Id, Option<i64>)>,
    /// Whether the event can be reversed.
    is_reversible: bool,
}

/// The properties of records.
fn sorted<'a>(records: impl Iterator<Item = (&'a Id, &'a Id)>) -> Vec<&'a Id> {
    let mut properties: Vec<_> = records.map(|(_, property)| property).collect();
    properties.sort();
    properties
}

pub(super) fn refused(code: &str) -> Told {
    Told::Refused(code.to_owned(), None)
}

impl State {
    /// The state after a request; `None` if the response is impossible. Ids are chosen by the
    /// server, and are taken from its responses.
    pub(super) fn after(&self, who: &Who, asked: &Asked, told: &Told) -> Option<Self> {
        let mut next = self.clone();
        if *told == refused("UNAUTHENTICATED") && self.household.can_be_interrupted(who) {
            return Some(next);
        }
        let expected = next.ask(who, asked, told);
        told.is_that(&expected).then_some(next)
    }

    /// The state after a request without a response that was executed. `told` has the ids of what it creates.
    pub(super) fn happened(&self, who: &Who, asked: &Asked, told: &Told) -> Self {
        let mut next = self.clone();
        next.ask(who, asked, told);
        next
    }

    /// Executes a request, and returns the expected response.
    fn ask(&mut self, who: &Who, asked: &Asked, told: &Told) -> Told {
        let Some(rights) = self.household.rights(who) else { return refused("UNAUTHENTICATED") };
        if rights == Rights::Helper && !is_open_to_helpers(asked) {
            return refused("PARENT_REQUIRED");
        }
        let made = if let Told::Added(id) = told { id.clone() } else { Id::from("") };
        match asked {
            Asked::Mutate { mutation, key } => {
                let key = key.as_ref().map(|key| (self.household.owner_of_keys(who), key.clone()));
                self.mutate(mutation, rights, key, told).unwrap_or_else(|refusal| refusal)
            }
            Asked::Household(step) => {
                let has_child = matches!(
                    step,
                    Step::Pair { child } | Step::RemoveDevice { child, .. } if self.children.contains_key(child)
                );
                self.household.step(who, step, made, has_child)
            }
            Asked::AddChild { points } => {
                self.children.insert(made.clone(), *points);
                Told::Added(made)
            }
            Asked::AddTask { points, is_good } => {
                self.tasks.insert(made.clone(), (*points, *is_good));
                Told::Added(made)
            }
            Asked::AddReward { cost } => {
                self.rewards.insert(made.clone(), *cost);
                Told::Added(made)
            }
            Asked::SetPoints(id, points) => {
                changed(self.tasks.get_mut(id).map(|it| it.0 = *points))
            }
            Asked::SetCost(id, cost) => changed(self.rewards.get_mut(id).map(|it| *it = *cost)),
            Asked::Delete(kind, id) => self.delete(*kind, id),
            Asked::ReadPoints(id) => {
                self.children.get(id).map_or_else(|| refused("NOT_FOUND"), |it| Told::Points(*it))
            }
            Asked::ReadRequests(kind) => {
                let is_asked =
                    |(_, id): &&(Id, Id)| self.tasks.contains_key(id) == (*kind == Kind::Task);
                Told::Requests(self.requests.keys().filter(is_asked).cloned().collect())
            }
        }
    }

    fn delete(&mut self, kind: Kind, id: &Id) -> Told {
        let was_there = match kind {
            Kind::Child => self.children.remove(id).is_some(),
            Kind::Task => self.tasks.remove(id).is_some(),
            Kind::Reward => self.rewards.remove(id).is_some(),
        };
        self.requests.retain(|(child, entity), _| child != id && entity != id);
        self.household.remove_child(id);
        deleted(was_there)
    }

    fn mutate(
        &mut self,
        mutation: &Mutation,
        rights: Rights,
        key: Option<(Who, String)>,
        told: &Told,
    ) -> Result<Told, Told> {
        let before = *self.children.get(&mutation.child).ok_or_else(|| refused("NOT_FOUND"))?;
        if let Some((number, event)) = key.as_ref().and_then(|key| self.keys.get(key)) {
            if self.mutations[*number] != *mutation {
                return Err(refused("IDEMPOTENCY_KEY_REUSED"));
            }
            return Ok(Told::Mutated { event: event.clone(), points: before, replayed: true });
        }
        let Effect { after, amount, request, is_reversible } =
            self.effect(mutation, rights, before)?;
        let child = mutation.child.clone();
        let mut ended = None;
        match request {
            Some((of, Some(amount))) => _ = self.requests.insert((child.clone(), of), amount),
            Some((of, None)) => {
                let amount = self.requests.remove(&(child.clone(), of.clone()));
                ended = amount.map(|amount| (of, amount));
            }
            None => {}
        }
        if mutation.action == Action::Reverse
            && let Some(done) = self.done.get_mut(&mutation.entity)
        {
            done.is_reversed = true;
        }
        self.children.insert(mutation.child.clone(), after);
        self.events += 1;
        let id = if let Told::Mutated { event, .. } = told { event.id.clone() } else { "".into() };
        if is_reversible {
            let (delta, request) = (after - before, ended);
            let done = Done { child, delta, amount, request, is_reversed: false };
            self.done.insert(id.clone(), done);
        }
        let event = Event { id, before, after, amount };
        if let Some(key) = key {
            self.keys.insert(key, (self.mutations.len(), event.clone()));
            self.mutations.push(mutation.clone());
        }
        Ok(Told::Mutated { event, points: after, replayed: false })
    }

    fn effect(&self, mutation: &Mutation, rights: Rights, before: i64) -> Result<Effect, Told> {
        let Mutation { action, entity, .. } = mutation;
        match action {
            Action::Activate | Action::RequestTask | Action::CancelTask => {
                self.of_task(mutation, rights, before)
            }
            Action::Adjust => {
                let delta: i64 = entity.parse().unwrap();
                let (after, amount) = (corrected(before, delta)?, delta.abs());
                Ok(Effect { after, amount, request: None, is_reversible: true })
            }
            Action::Reverse => self.reversal(mutation, before),
            Action::Request | Action::Redeem | Action::Cancel => self.of_reward(mutation, before),
        }
    }

    fn requested(&self, mutation: &Mutation) -> Option<i64> {
        self.requests.get(&(mutation.child.clone(), mutation.entity.clone())).copied()
    }

    fn of_task(&self, mutation: &Mutation, rights: Rights, before: i64) -> Result<Effect, Told> {
        let (action, entity) = (mutation.action, &mutation.entity);
        let (points, is_good) = *self.tasks.get(entity).ok_or_else(|| refused("NOT_FOUND"))?;
        let requested = self.requested(mutation);
        match action {
            Action::Activate if !is_good && rights == Rights::Helper => {
                return Err(refused("PARENT_REQUIRED"));
            }
            Action::RequestTask if !is_good => return Err(refused("TASK_NOT_REQUESTABLE")),
            Action::RequestTask if requested.is_some() => {
                return Err(refused("TASK_ALREADY_REQUESTED"));
            }
            Action::CancelTask if requested.is_none() => return Err(refused("NO_PENDING_REQUEST")),
            _ => {}
        }
        let points = requested.unwrap_or(points);
        let after = match action {
            Action::Activate if is_good => before + points,
            Action::Activate => (before - points).max(0),
            _ => before,
        };
        let request = Some((entity.clone(), (action == Action::RequestTask).then_some(points)));
        Ok(Effect { after, amount: points, request, is_reversible: action == Action::Activate })
    }

    fn of_reward(&self, mutation: &Mutation, before: i64) -> Result<Effect, Told> {
        let (action, entity) = (mutation.action, &mutation.entity);
        let cost = *self.rewards.get(entity).ok_or_else(|| refused("NOT_FOUND"))?;
        let requested = self.requested(mutation);
        let (waits, cost) = (requested.is_some(), requested.unwrap_or(cost));
        match action {
            Action::Request if waits => return Err(refused("REWARD_ALREADY_REQUESTED")),
            Action::Cancel if !waits => return Err(refused("NO_PENDING_REQUEST")),
            Action::Request | Action::Redeem if before < cost => {
                return Err(Told::Refused("INSUFFICIENT_POINTS".to_owned(), Some(cost - before)));
            }
            _ => {}
        }
        let after = if action == Action::Redeem { before - cost } else { before };
        let request = Some((entity.clone(), (action == Action::Request).then_some(cost)));
        Ok(Effect { after, amount: cost, request, is_reversible: action == Action::Redeem })
    }

    /// The effect of a reversal. Only events that can be reversed are in `done`.
    fn reversal(&self, mutation: &Mutation, before: i64) -> Result<Effect, Told> {
        let Mutation { child, entity, .. } = mutation;
        let done = self.done.get(entity).filter(|done| done.child == *child);
        let done = done.ok_or_else(|| refused("NOT_FOUND"))?;
        if done.is_reversed {
            return Err(refused("ALREADY_REVERSED"));
        }
        let after = corrected(before, -done.delta)?;
        let can_wait = |(of, _): &&(Id, i64)| {
            (self.tasks.contains_key(of) || self.rewards.contains_key(of))
                && !self.requests.contains_key(&(child.clone(), of.clone()))
        };
        let restored = done.request.as_ref().filter(can_wait);
        let request = restored.map(|(of, amount)| (of.clone(), Some(*amount)));
        Ok(Effect { after, amount: done.amount, request, is_reversible: false })
    }
}

/// The points after a correction, which does not push them below zero.
fn corrected(before: i64, delta: i64) -> Result<i64, Told> {
    let after = before + delta;
    if delta < 0 && after < 0 {
        return Err(Told::Refused("INSUFFICIENT_POINTS".to_owned(), Some(-after)));
    }
    Ok(after)
}

pub(super) fn changed(found: Option<()>) -> Told {
    found.map_or_else(|| refused("NOT_FOUND"), |()| Told::Changed)
}

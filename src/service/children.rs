//! The children of a family.

use std::sync::Arc;

use serde_json::{Value, json};

use super::calendar_feeds::removal_of_feeds;
use super::family_records::{Creatable, Created, Updatable};
use super::limits::display_bytes;
use super::requests::removal_of;
use super::schedules::without_child;
use super::sessions::{Acting, Ending};
use super::webhooks::removal_of_webhooks;
use super::{Caller, ChildState, Listing, Parent, Service, ServiceError};
use crate::domain::input::FieldUpdate;
use crate::domain::{
    Child, ChildId, Colour, IdempotencyKey, Name, Page, Points, RewardId, RuleViolation, Timestamp,
    TokenHash,
};
use crate::store::{Change, Snapshot};

#[derive(Clone, Debug)]
pub struct NewChild {
    pub name: Name,
    pub age: Option<i64>,
    /// Later changes need events.
    pub points: Points,
    pub image_id: Option<Arc<str>>,
    pub tasks: Arc<[Arc<str>]>,
    pub rewards: Arc<[Arc<str>]>,
    pub colour: Option<Colour>,
}

/// A change of a child; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct ChildPatch {
    pub name: Option<Name>,
    pub age: FieldUpdate<i64>,
    pub image_id: FieldUpdate<Arc<str>>,
    pub tasks: Option<Arc<[Arc<str>]>>,
    pub rewards: Option<Arc<[Arc<str>]>>,
    pub colour: FieldUpdate<Colour>,
}

impl NewChild {
    /// The fields by which two requests are compared.
    fn fields(&self) -> Value {
        let Self { name, age, points, image_id, tasks, rewards, colour } = self;
        json!({
            "name": name.as_str(), "age": age, "points": points.get(), "image_id": image_id,
            "tasks": tasks, "rewards": rewards, "colour": colour.map(Colour::as_str),
        })
    }
}

impl Updatable for Child {
    type Shown = ChildState;

    fn put(self) -> Change {
        Change::PutChild(self)
    }

    fn shown(self: Arc<Self>, records: &dyn Snapshot) -> Arc<Self::Shown> {
        ChildState::of(self, records)
    }
}

impl Creatable for Child {
    const KIND: &'static str = "child";

    fn id(&self) -> &ChildId {
        &self.id
    }

    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &ChildId,
    ) -> Result<Arc<Self>, RuleViolation> {
        caller.child(records, id)
    }
}

impl Service {
    /// Returns the family's children that the caller sees.
    pub async fn children(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<ChildState>>, ServiceError> {
        let records = self.records_of(caller).await?;
        let Some(own) = caller.visible_child() else {
            let children = records.children_page(&caller.user().id, page);
            return Ok(children.map(|child| ChildState::of(child, &*records)));
        };
        let child = caller.child(&*records, own).ok();
        let state = child.map(|child| ChildState::of(child, &*records));
        Ok(Listing::of(state.into_iter().collect(), page))
    }

    /// Fails if the caller may not read the child.
    pub async fn child(
        &self,
        caller: &Caller,
        id: &ChildId,
    ) -> Result<Arc<ChildState>, ServiceError> {
        let records = self.records_of(caller).await?;
        Ok(ChildState::of(caller.child(&*records, id)?, &*records))
    }

    pub async fn create_child(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewChild,
    ) -> Result<Created<ChildState>, ServiceError> {
        let user_id = parent.user().id.clone();
        let limits = self.settings().family;
        self.create(parent, key, new.fields(), move |records, context| {
            limits.check_children(records, &user_id)?;
            limits.check_displayed(0, display_bytes(&new.tasks, &new.rewards))?;
            Ok(Child {
                id: context.new_id(),
                user_id: user_id.clone(),
                name: new.name.clone(),
                age: new.age,
                points: new.points,
                tasks: new.tasks.clone(),
                rewards: new.rewards.clone(),
                image_id: new.image_id.clone(),
                created_at: Some(context.now()),
                updated_at: Some(context.now()),
                colour: new.colour,
                goal: None,
                pin: None,
                extra: [].into(),
            })
        })
        .await
    }

    pub async fn update_child(
        &self,
        parent: &Parent,
        id: ChildId,
        patch: ChildPatch,
    ) -> Result<Arc<ChildState>, ServiceError> {
        let decider = parent.clone();
        let limits = self.settings().family;
        self.update(parent, move |records, context| {
            let child = Child::clone(&*decider.child(records, &id)?);
            let before = display_bytes(&child.tasks, &child.rewards);
            let child = Child {
                name: patch.name.clone().unwrap_or(child.name),
                age: patch.age.clone().apply(child.age),
                image_id: patch.image_id.clone().apply(child.image_id),
                tasks: patch.tasks.clone().unwrap_or(child.tasks),
                rewards: patch.rewards.clone().unwrap_or(child.rewards),
                colour: patch.colour.clone().apply(child.colour),
                updated_at: Some(context.now()),
                ..child
            };
            limits.check_displayed(before, display_bytes(&child.tasks, &child.rewards))?;
            Ok(child)
        })
        .await
    }

    /// Sets the reward that a child saves for; `None` for none. Fails if the caller may not read the child
    /// or the reward.
    pub async fn set_goal(
        &self,
        caller: &Caller,
        id: ChildId,
        goal: Option<RewardId>,
    ) -> Result<Arc<ChildState>, ServiceError> {
        let decider = caller.clone();
        self.update(caller, move |records, context| {
            let child = decider.child(records, &id)?;
            if let Some(goal) = &goal {
                decider.reward(records, goal)?;
            }
            let updated_at = Some(context.now());
            Ok(Child { goal: goal.clone(), updated_at, ..Child::clone(&child) })
        })
        .await
    }

    /// Deletes a child with its pending requests, which end without an event, its sessions, calendar feeds and
    /// webhooks. Its events stay. Schedules go on without it.
    pub async fn delete_child(
        self: &Arc<Self>,
        parent: &Parent,
        id: ChildId,
    ) -> Result<(), ServiceError> {
        let decider = parent.clone();
        let calendar = self.calendar(parent.user());
        self.end_sessions(Acting::Caller(parent), move |records, context| {
            let child = decider.child(records, &id)?;
            let requests = removal_of_requests(records, &child, context.now());
            let feeds = removal_of_feeds(records, &child);
            let webhooks = removal_of_webhooks(records, &child);
            let itself = [Change::RemoveChild(child.id.clone())];
            let schedules = without_child(&child, &calendar, context.now(), records);
            let sessions = sessions_of_child(records, &child);
            Ok(Ending {
                sessions,
                changes: requests
                    .into_iter()
                    .chain(feeds)
                    .chain(webhooks)
                    .chain(itself)
                    .chain(schedules)
                    .collect(),
                value: (),
            })
        })
        .await
    }
}

fn sessions_of_child(records: &dyn Snapshot, child: &Child) -> Vec<TokenHash> {
    let sessions = records.sessions_of_child(&child.user_id, &child.id);
    sessions.iter().map(|session| session.token_hash.clone()).collect()
}

/// The changes that remove a child's requests, pending and ended: nothing can name them any more.
fn removal_of_requests(records: &dyn Snapshot, child: &Child, now: Timestamp) -> Vec<Change> {
    let Child { id, user_id, .. } = child;
    let rewards = records.pending_of_child(user_id, id);
    let rewards = rewards.iter().flat_map(|request| removal_of(&**request, now));
    let mut tasks = records.pending_tasks_of(user_id);
    tasks.retain(|request| request.child_id == *id);
    let tasks = tasks.iter().flat_map(|request| removal_of(&**request, now));
    let mut ended = records.ended_requests_of(user_id);
    ended.retain(|request| request.child_id == *id);
    let ended = ended.iter().map(|request| Change::RemoveEnded(request.id.clone()));
    rewards.chain(tasks).chain(ended).collect()
}

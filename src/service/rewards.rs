//! The rewards of a family, and the pending requests for them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::family_records::{Creatable, Created, Updatable};
use super::requests::{RequestEnd, ends_of};
use super::{Caller, Listing, Parent, Service, ServiceError};
use crate::domain::input::FieldUpdate;
use crate::domain::{
    Amount, Child, ChildId, Icon, IdempotencyKey, Name, Page, PendingReward, Reward, RewardId,
    RuleViolation, ledger,
};
use crate::store::{Change, Changes, Snapshot};

#[derive(Clone, Debug)]
pub struct NewReward {
    pub name: Name,
    /// May be empty.
    pub description: Arc<str>,
    /// In points.
    pub cost: Amount,
    pub image_id: Option<Arc<str>>,
    pub icon: Option<Icon>,
}

/// A change of a reward; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct RewardPatch {
    pub name: Option<Name>,
    pub description: Option<Arc<str>>,
    pub cost: Option<Amount>,
    pub image_id: FieldUpdate<Arc<str>>,
    pub icon: FieldUpdate<Icon>,
}

/// A reward for one child.
#[derive(Clone, Debug)]
pub struct Offer {
    pub reward: Arc<Reward>,
    /// How many more points the child needs; 0 if it has enough. If it has requested the reward, the
    /// cost at that time counts.
    pub points_needed: i64,
    /// Whether the child has a pending request for it.
    pub requested: bool,
}

impl NewReward {
    /// The fields by which two requests are compared.
    fn fields(&self) -> Value {
        let Self { name, description, cost, image_id, icon } = self;
        json!({
            "name": name.as_str(), "description": description, "cost": cost.get(), "image_id": image_id,
            "icon": icon.map(Icon::as_str),
        })
    }
}

impl Updatable for Reward {
    type Shown = Self;

    fn put(self) -> Change {
        Change::PutReward(self)
    }

    fn shown(self: Arc<Self>, _: &dyn Snapshot) -> Arc<Self::Shown> {
        self
    }
}

impl Creatable for Reward {
    const KIND: &'static str = "reward";

    fn id(&self) -> &RewardId {
        &self.id
    }

    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &RewardId,
    ) -> Result<Arc<Self>, RuleViolation> {
        caller.reward(records, id)
    }
}

impl Service {
    /// Returns the family's rewards and the shared ones.
    pub async fn rewards(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<Reward>>, ServiceError> {
        Ok(self.records_of(caller).await?.rewards_page(&caller.user().id, page))
    }

    /// Fails if the caller may not read the reward.
    pub async fn reward(
        &self,
        caller: &Caller,
        id: &RewardId,
    ) -> Result<Arc<Reward>, ServiceError> {
        Ok(caller.reward(&*self.records_of(caller).await?, id)?)
    }

    /// Returns all rewards with the points that the child needs for each. Fails if the caller may not read
    /// the child.
    pub async fn offers(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<Offer>, ServiceError> {
        let records = self.records_of(caller).await?;
        let child = caller.child(&*records, child_id)?;
        let rewards = records.rewards_page(&child.user_id, page);
        Ok(rewards.map(|reward| {
            let pending = records.pending(&child.id, &reward.id);
            let cost = ledger::cost_of(&reward, pending.as_deref());
            let points_needed = ledger::points_needed(&child, cost);
            Offer { points_needed, requested: pending.is_some(), reward }
        }))
    }

    /// Returns the family's pending requests; for a child's session, only the child's.
    pub async fn pending_rewards(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<PendingReward>>, ServiceError> {
        let records = self.records_of(caller).await?;
        Ok(records.pending_page(&caller.user().id, caller.visible_child(), page))
    }

    pub async fn create_reward(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewReward,
    ) -> Result<Created<Reward>, ServiceError> {
        let user_id = parent.user().id.clone();
        let limits = self.settings().family;
        self.create(parent, key, new.fields(), move |records, context| {
            limits.check_rewards(records, &user_id)?;
            Ok(Reward {
                id: context.new_id(),
                user_id: Some(user_id.clone()),
                name: new.name.clone(),
                description: new.description.clone(),
                cost: new.cost,
                image_id: new.image_id.clone(),
                created_at: Some(context.now()),
                updated_at: Some(context.now()),
                icon: new.icon,
                extra: [].into(),
            })
        })
        .await
    }

    /// Fails for a shared reward.
    pub async fn update_reward(
        &self,
        parent: &Parent,
        id: RewardId,
        patch: RewardPatch,
    ) -> Result<Arc<Reward>, ServiceError> {
        let decider = parent.clone();
        self.update(parent, move |records, context| {
            let reward = Reward::clone(&*decider.own_reward(records, &id)?);
            Ok(Reward {
                name: patch.name.clone().unwrap_or(reward.name),
                description: patch.description.clone().unwrap_or(reward.description),
                cost: patch.cost.unwrap_or(reward.cost),
                image_id: patch.image_id.clone().apply(reward.image_id),
                icon: patch.icon.clone().apply(reward.icon),
                updated_at: Some(context.now()),
                ..reward
            })
        })
        .await
    }

    /// Deletes a reward with its pending requests, which end without an event. It is no child's goal any
    /// more. Its events stay. Fails for a shared reward.
    pub async fn delete_reward(&self, parent: &Parent, id: RewardId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.transact_as(parent, move |records, context| {
            let reward = decider.own_reward(records, &id)?;
            let pending = records.pending_of_reward(&decider.user().id, &reward.id);
            let end = RequestEnd::deleted(context.now());
            let requests = ends_of(pending.iter().map(|request| &**request), &end, records);
            let children = records.children_of(&decider.user().id);
            let savers = children.iter().filter(|child| child.goal.as_ref() == Some(&reward.id));
            let without_goal = |child: &Arc<Child>| Child { goal: None, ..Child::clone(child) };
            let goals = savers.map(|child| Change::PutChild(without_goal(child)));
            let itself = [Change::RemoveReward(reward.id.clone())];
            Ok((Changes::of(requests.into_iter().chain(goals).chain(itself)), ()))
        })
        .await?;
        Ok(())
    }
}

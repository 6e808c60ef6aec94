//! Rewards, and the requests for them that wait.

use std::sync::Arc;

use super::{Caller, Listing, Parent, Service, ServiceError};
use crate::domain::input::FieldUpdate;
use crate::domain::{Amount, ChildId, Name, Page, PendingReward, Reward, RewardId, ledger};
use crate::store::{Change, Changes};

/// What a new reward is made of.
#[derive(Clone, Debug)]
pub struct NewReward {
    /// What it is called.
    pub name: Name,
    /// A few words about it; may be empty.
    pub description: Arc<str>,
    /// Points it takes.
    pub cost: Amount,
    /// A picture.
    pub image_id: Option<Arc<str>>,
}

/// What a parent may change of a reward; what is `None` or [`FieldUpdate::Keep`] stays.
#[derive(Clone, Debug)]
pub struct RewardPatch {
    pub name: Option<Name>,
    pub description: Option<Arc<str>>,
    pub cost: Option<Amount>,
    pub image_id: FieldUpdate<Arc<str>>,
}

/// A reward as one child sees it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The reward.
    pub reward: Arc<Reward>,
    /// How many points the child lacks for it; 0 when it can pay.
    pub points_needed: i64,
    /// Whether the child has asked for it.
    pub requested: bool,
}

impl Service {
    /// The family's rewards, and the shared ones.
    pub async fn rewards(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<Reward>>, ServiceError> {
        Ok(self.records_of(caller).await?.rewards_page(&caller.user().id, page).into())
    }

    /// One reward. Refuses one that the caller may not see.
    pub async fn reward(
        &self,
        caller: &Caller,
        id: &RewardId,
    ) -> Result<Arc<Reward>, ServiceError> {
        Ok(caller.reward(&*self.records_of(caller).await?, id)?)
    }

    /// The rewards that a child can have: what it can pay, what it lacks for it, what it has asked
    /// for. Refuses a child that the caller may not see.
    pub async fn offers(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<Offer>, ServiceError> {
        let records = self.records_of(caller).await?;
        let child = caller.child(&*records, child_id)?;
        let rewards = Listing::from(records.rewards_page(&child.user_id, page));
        Ok(rewards.map(|reward| Offer {
            points_needed: ledger::points_needed(&child, &reward),
            requested: records.pending(&child.id, &reward.id).is_some(),
            reward,
        }))
    }

    /// The requests that wait: the family's, or the child's whose session it is.
    pub async fn pending_rewards(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<PendingReward>>, ServiceError> {
        let records = self.records_of(caller).await?;
        Ok(records.pending_page(&caller.user().id, caller.child_id(), page).into())
    }

    /// Adds a reward to the family's.
    pub async fn create_reward(
        &self,
        parent: &Parent,
        new: NewReward,
    ) -> Result<Arc<Reward>, ServiceError> {
        let user_id = parent.user().id.clone();
        let limits = self.settings.family;
        let outcome = self
            .transact_as(parent, move |records, context| {
                limits.check_rewards(records, &user_id)?;
                let reward = Reward {
                    id: context.new_id(),
                    user_id: Some(user_id.clone()),
                    name: new.name.clone(),
                    description: new.description.clone(),
                    cost: new.cost,
                    image_id: new.image_id.clone(),
                    created_at: Some(context.now()),
                    updated_at: Some(context.now()),
                    extra: [].into(),
                };
                Ok((Changes::of([Change::PutReward(reward.clone())]), reward))
            })
            .await?;
        Ok(Arc::new(outcome.value))
    }

    /// Changes a reward of the family. Refuses a shared one.
    pub async fn update_reward(
        &self,
        parent: &Parent,
        id: RewardId,
        patch: RewardPatch,
    ) -> Result<Arc<Reward>, ServiceError> {
        let decider = parent.clone();
        let outcome = self
            .transact_as(parent, move |records, context| {
                let reward = Reward::clone(&*decider.own_reward(records, &id)?);
                let reward = Reward {
                    name: patch.name.clone().unwrap_or(reward.name),
                    description: patch.description.clone().unwrap_or(reward.description),
                    cost: patch.cost.unwrap_or(reward.cost),
                    image_id: patch.image_id.clone().apply(reward.image_id),
                    updated_at: Some(context.now()),
                    ..reward
                };
                Ok((Changes::of([Change::PutReward(reward.clone())]), reward))
            })
            .await?;
        Ok(Arc::new(outcome.value))
    }

    /// Removes a reward of the family. Its pending requests end without an event; its events stay.
    /// Refuses a shared one.
    pub async fn delete_reward(&self, parent: &Parent, id: RewardId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.transact_as(parent, move |records, _| {
            let reward = decider.own_reward(records, &id)?;
            let pending = records.pending_of_reward(&decider.user().id, &reward.id);
            let requests = pending.iter().map(|request| Change::RemovePending(request.id.clone()));
            let itself = [Change::RemoveReward(reward.id.clone())];
            Ok((Changes::of(requests.chain(itself)), ()))
        })
        .await?;
        Ok(())
    }
}

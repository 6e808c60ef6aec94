//! The badges of a family, and the awards of its children.

mod children;
mod evaluation;
mod job;
mod state;

use std::sync::Arc;

pub use children::{ChildBadge, NearBadge};
pub(super) use children::{nearest, newest};
use serde_json::{Value, json};
pub(super) use state::Evaluations;

use super::family_records::{Creatable, Created, Updatable};
use super::{Caller, Listing, Parent, Service, ServiceError};
use crate::domain::badges::{Badge, BadgeId, BadgePeriod, Metric, Thresholds, built_in};
use crate::domain::calendar::FamilySettings;
use crate::domain::input::FieldUpdate;
use crate::domain::{
    ChangedKind, FamilyLimit, Icon, IdempotencyKey, Invalid, Message, Name, Page, RecordKind,
    RuleViolation, TaskId, User, UserId,
};
use crate::store::{Change, Changes, Context, Snapshot};

/// A badge, and whether its family uses it.
#[derive(Clone, Debug)]
pub struct BadgeState {
    pub badge: Arc<Badge>,
    /// Children no longer earn it.
    pub is_hidden: bool,
}

#[derive(Clone, Debug)]
pub struct NewBadge {
    pub name: Name,
    pub icon: Option<Icon>,
    /// A name of [`Metric::NAMES`].
    pub metric: &'static str,
    pub task_id: Option<TaskId>,
    pub thresholds: Thresholds,
    pub period: Option<BadgePeriod>,
}

/// A change of a badge; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct BadgePatch {
    pub name: Option<Name>,
    pub icon: FieldUpdate<Icon>,
    /// A name of [`Metric::NAMES`].
    pub metric: Option<&'static str>,
    pub task_id: FieldUpdate<TaskId>,
    pub thresholds: Option<Thresholds>,
    pub period: FieldUpdate<BadgePeriod>,
    pub is_hidden: Option<bool>,
}

impl NewBadge {
    /// The fields by which two requests are compared.
    fn fields(&self) -> Value {
        let Self { name, icon, metric, task_id, thresholds, period } = self;
        json!({
            "name": name.as_str(), "icon": icon.map(Icon::as_str), "metric": metric,
            "task_id": task_id.as_ref().map(TaskId::as_str), "thresholds": thresholds.values(),
            "period": period.map(BadgePeriod::as_str),
        })
    }
}

impl BadgePatch {
    /// Whether it changes the definition.
    fn changes_definition(&self) -> bool {
        self.name.is_some()
            || self.icon != FieldUpdate::Keep
            || self.metric.is_some()
            || self.task_id != FieldUpdate::Keep
            || self.thresholds.is_some()
            || self.period != FieldUpdate::Keep
    }

    fn apply(
        &self,
        old: Badge,
        parent: &Parent,
        records: &dyn Snapshot,
        context: &Context,
    ) -> Result<Badge, RuleViolation> {
        let name = self.metric.unwrap_or(old.metric.as_str());
        // The task of another metric ends with it.
        let kept = old.metric.task_id().cloned().filter(|_| name == Metric::TASK_DONE);
        let task_id = self.task_id.clone().apply(kept);
        let metric = if task_id.as_ref() == old.metric.task_id() && name == old.metric.as_str() {
            old.metric.clone()
        } else {
            metric(name, task_id, parent, records)?
        };
        let badge = Badge {
            name: self.name.clone().unwrap_or(old.name),
            icon: self.icon.clone().apply(old.icon),
            metric,
            thresholds: self.thresholds.clone().unwrap_or(old.thresholds),
            period: self.period.clone().apply(old.period),
            updated_at: Some(context.now()),
            ..old
        };
        badge.check()?;
        Ok(badge)
    }
}

impl BadgeState {
    fn of(badge: Arc<Badge>, settings: &FamilySettings) -> Self {
        let is_hidden = settings.hidden_badges.iter().any(|id| **id == *badge.id.as_str());
        Self { badge, is_hidden }
    }
}

impl Updatable for Badge {
    type Shown = BadgeState;

    fn put(self) -> Change {
        Change::PutBadge(self)
    }

    fn shown(self: Arc<Self>, records: &dyn Snapshot) -> Arc<BadgeState> {
        let settings = self.user_id.as_ref().map(|id| settings_of(records, id));
        Arc::new(BadgeState::of(self, &settings.unwrap_or_default()))
    }
}

impl Creatable for Badge {
    const KIND: &'static str = "badge";

    fn id(&self) -> &BadgeId {
        &self.id
    }

    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &BadgeId,
    ) -> Result<Arc<Self>, RuleViolation> {
        caller.badge(records, id)
    }
}

impl Service {
    /// Returns the built-in badges and the family's own.
    pub async fn badges(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<BadgeState>>, ServiceError> {
        let records = self.records_of(caller).await?;
        let badges = badges_of(&*records, &caller.user().id);
        Ok(Listing::of(badges.into_iter().map(Arc::new).collect(), page))
    }

    /// Fails if the caller may not read the badge.
    pub async fn badge(
        &self,
        caller: &Caller,
        id: &BadgeId,
    ) -> Result<Arc<BadgeState>, ServiceError> {
        let records = self.records_of(caller).await?;
        let badge = caller.badge(&*records, id)?;
        Ok(Arc::new(BadgeState::of(badge, &settings_of(&*records, &caller.user().id))))
    }

    pub async fn create_badge(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewBadge,
    ) -> Result<Created<BadgeState>, ServiceError> {
        let decider = parent.clone();
        let creating = self.create(parent, key, new.fields(), move |records, context| {
            let user_id = &decider.user().id;
            if records.badges_of(user_id).len() >= Badge::MOST {
                let (limit, most) = (FamilyLimit::Badges, Badge::MOST);
                return Err(RuleViolation::FamilyLimitReached { limit, most });
            }
            let badge = Badge {
                id: context.new_id(),
                user_id: Some(user_id.clone()),
                name: new.name.clone(),
                icon: new.icon,
                metric: metric(new.metric, new.task_id.clone(), &decider, records)?,
                thresholds: new.thresholds.clone(),
                period: new.period,
                created_at: Some(context.now()),
                updated_at: Some(context.now()),
            };
            badge.check()?;
            Ok(badge)
        });
        creating.await
    }

    /// Updates a badge. A built-in one can only be hidden and shown.
    pub async fn update_badge(
        &self,
        parent: &Parent,
        id: BadgeId,
        patch: BadgePatch,
    ) -> Result<Arc<BadgeState>, ServiceError> {
        // The past of a badge with a new definition causes no messages anyway.
        if patch.is_hidden == Some(false) && !patch.changes_definition() {
            self.settle_family(&parent.user().id, Some(&id)).await;
        }
        let decider = parent.clone();
        let commit = self.transact_as(parent, move |records, context| {
            let mut badge = decider.badge(records, &id)?;
            let mut changes = Vec::new();
            if patch.changes_definition() {
                let own = Badge::clone(&*decider.own_badge(records, &id)?);
                badge = Arc::new(patch.apply(own, &decider, records, context)?);
                changes.push(Change::PutBadge(Badge::clone(&badge)));
            }
            let mut user = User::clone(&*decider.current_user(records)?);
            if let Some(is_hidden) = patch.is_hidden
                && is_hidden != BadgeState::of(Arc::clone(&badge), &user.family).is_hidden
            {
                user.family.set_hidden(&id.shared(), is_hidden);
                changes.push(Change::PutUser(user.clone()));
                changes.push(changed(&user.id, &id, context));
            }
            Ok((Changes::of(changes), BadgeState::of(badge, &user.family)))
        });
        Ok(Arc::new(commit.await?.value))
    }

    /// Deletes a badge. The awards of it stay. Fails for a built-in one.
    pub async fn delete_badge(&self, parent: &Parent, id: BadgeId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.transact_as(parent, move |records, _| {
            let badge = decider.own_badge(records, &id)?;
            let mut changes = vec![Change::RemoveBadge(badge.id.clone())];
            let mut user = User::clone(&*decider.current_user(records)?);
            if BadgeState::of(badge, &user.family).is_hidden {
                user.family.set_hidden(&id.shared(), false);
                changes.push(Change::PutUser(user));
            }
            Ok((Changes::of(changes), ()))
        })
        .await?;
        Ok(())
    }
}

impl Caller {
    /// Returns a badge that the session may read: the family's or a built-in one.
    fn badge(&self, records: &dyn Snapshot, id: &BadgeId) -> Result<Arc<Badge>, RuleViolation> {
        let built_in = || built_in().iter().find(|badge| badge.id == *id).cloned();
        let own = records.badge(id).filter(|it| it.user_id.as_ref() == Some(&self.user().id));
        own.or_else(built_in).ok_or(RuleViolation::NotFound(RecordKind::Badge))
    }

    /// Returns one of the family's own badges. Fails for a built-in one.
    fn own_badge(&self, records: &dyn Snapshot, id: &BadgeId) -> Result<Arc<Badge>, RuleViolation> {
        let badge = self.badge(records, id)?;
        match badge.user_id {
            Some(_) => Ok(badge),
            None => Err(RuleViolation::SharedReadOnly(RecordKind::Badge)),
        }
    }
}

/// The built-in badges and the family's own.
fn badges_of(records: &dyn Snapshot, family: &UserId) -> Vec<BadgeState> {
    let settings = settings_of(records, family);
    let built_in = built_in().iter().cloned();
    let badges = built_in.chain(records.badges_of(family));
    badges.map(|badge| BadgeState::of(badge, &settings)).collect()
}

fn settings_of(records: &dyn Snapshot, family: &UserId) -> FamilySettings {
    records.user(family).map(|user| user.family.clone()).unwrap_or_default()
}

/// What an export of the account contains: the family's own badges, and the hidden ones.
pub(super) fn stored_badges(records: &dyn Snapshot, family: &UserId) -> Vec<Arc<BadgeState>> {
    let badges = badges_of(records, family).into_iter();
    badges.filter(|it| it.is_hidden || it.badge.user_id.is_some()).map(Arc::new).collect()
}

/// The message that a badge was hidden or shown: the change of the settings has none.
fn changed(family: &UserId, id: &BadgeId, context: &Context) -> Change {
    let (family, now) = (family.clone(), context.now());
    Change::PutMessage(Message::records_changed(family, ChangedKind::Badge, id.as_str(), None, now))
}

/// The metric with that name. Its task must be one of the family's or a shared one, and no penalty.
fn metric(
    name: &str,
    task_id: Option<TaskId>,
    parent: &Parent,
    records: &dyn Snapshot,
) -> Result<Metric, RuleViolation> {
    if let Some(id) = &task_id
        && name == Metric::TASK_DONE
        && !parent.task(records, id)?.is_good
    {
        return Err(Invalid::new("task_id", "must be a task, not a penalty").into());
    }
    Ok(Metric::parse(name, task_id)?)
}

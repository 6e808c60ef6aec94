//! Creates the records of the demo family.

use std::collections::HashMap;
use std::sync::Arc;

use super::family::{BADGES, CHORES, Chore, Kid, OwnBadge, RANK_POINTS, TREATS, Treat};
use super::plan::PAUSES;
use crate::domain::badges::{BadgePeriod, Metric, Thresholds};
use crate::domain::calendar::{Day, Pause, Pauses};
use crate::domain::input::{FieldUpdate, age, amount, opening_points};
use crate::domain::schedule::PlanForm;
use crate::domain::{Child, ChildId, Colour, Icon, Name, Rank, Ranks, Reward, Task};
use crate::service::{
    FamilySettingsPatch, NewBadge, NewChild, NewReward, NewTask, Parent, Service, ServiceError,
};

/// The children, tasks and rewards.
pub(super) struct Records {
    pub(super) children: HashMap<Kid, Arc<Child>>,
    tasks: HashMap<&'static str, Arc<Task>>,
    rewards: HashMap<&'static str, Arc<Reward>>,
}

impl Records {
    /// The id of a child.
    ///
    /// # Panics
    ///
    /// Panics if the child was not created.
    pub(super) fn child(&self, kid: Kid) -> ChildId {
        self.children[&kid].id.clone()
    }

    pub(super) fn task(&self, name: &str) -> Result<&Arc<Task>, ServiceError> {
        self.tasks.get(name).ok_or_else(|| ServiceError::internal(format!("no task {name}")))
    }

    pub(super) fn reward(&self, name: &str) -> Result<&Arc<Reward>, ServiceError> {
        self.rewards.get(name).ok_or_else(|| ServiceError::internal(format!("no reward {name}")))
    }
}

impl Service {
    /// Creates everything but the history. `today` is the last day of the history.
    pub(super) async fn create_demo_records(
        &self,
        parent: &Parent,
        today: Day,
    ) -> Result<Records, ServiceError> {
        self.update_family_settings(parent, settings(today)?).await?;
        let mut children = HashMap::new();
        for kid in Kid::ALL {
            let created = self.create_child(parent, None, new_child(kid)?).await?;
            children.insert(kid, Arc::clone(&created.record.child));
        }
        let ids = Kid::ALL.map(|kid| children[&kid].id.as_str().to_owned());
        let ids = ids.each_ref().map(String::as_str);
        let (mut tasks, mut rewards) = (HashMap::new(), HashMap::new());
        for chore in CHORES {
            let created = self.create_task(parent, None, new_task(chore, &ids)?).await?;
            tasks.insert(chore.name, created.record);
        }
        for treat in TREATS {
            let created = self.create_reward(parent, None, new_reward(treat)?).await?;
            rewards.insert(treat.name, created.record);
        }
        let records = Records { children, tasks, rewards };
        for badge in BADGES {
            self.create_badge(parent, None, new_badge(badge, &records)?).await?;
        }
        for kid in Kid::ALL {
            let goal = Some(records.reward(kid.goal())?.id.clone());
            self.set_goal(parent, records.child(kid), goal).await?;
        }
        Ok(records)
    }
}

fn settings(today: Day) -> Result<FamilySettingsPatch, ServiceError> {
    let pause = |(from, to): &(i32, i32)| Pause { from: today.plus(-from), to: today.plus(-to) };
    let names = Ranks::default();
    let rank = |(rank, threshold): (&Rank, i64)| Rank { threshold, ..rank.clone() };
    let ranks = names.iter().zip(RANK_POINTS).map(rank).collect();
    Ok(FamilySettingsPatch {
        time_zone: FieldUpdate::Keep,
        day_starts_at: None,
        week_start: None,
        rest_days: None,
        pauses: Some(Pauses::new("pauses", PAUSES.iter().map(pause).collect())?),
        daily_goal: FieldUpdate::Keep,
        ranks: FieldUpdate::Set(Ranks::new("ranks", ranks)?),
        shows_ranking: None,
        streak_rule: None,
        penalties_by_helpers: None,
    })
}

fn new_child(kid: Kid) -> Result<NewChild, ServiceError> {
    Ok(NewChild {
        name: Name::parse("name", kid.name())?,
        age: Some(age(kid.age())?),
        points: opening_points(0)?,
        image_id: None,
        tasks: [].into(),
        rewards: [].into(),
        colour: Some(Colour::parse(kid.colour())?),
    })
}

fn new_task(chore: &Chore, children: &[&str]) -> Result<NewTask, ServiceError> {
    let form = chore.when.form(children).map(serde_json::from_value::<PlanForm>);
    Ok(NewTask {
        name: Name::parse("name", chore.name)?,
        points: amount("points", chore.points)?,
        is_good: chore.is_good,
        image_id: None,
        is_requestable: chore.is_good,
        limit: None,
        schedule: form.transpose().map_err(ServiceError::internal)?,
        icon: Some(Icon::parse(chore.icon)?),
    })
}

fn new_reward(treat: &Treat) -> Result<NewReward, ServiceError> {
    Ok(NewReward {
        name: Name::parse("name", treat.name)?,
        description: treat.description.into(),
        cost: amount("cost", treat.cost)?,
        image_id: None,
        icon: Some(Icon::parse(treat.icon)?),
    })
}

fn new_badge(badge: &OwnBadge, records: &Records) -> Result<NewBadge, ServiceError> {
    Ok(NewBadge {
        name: Name::parse("name", badge.name)?,
        icon: Some(Icon::parse(badge.icon)?),
        metric: Metric::TASK_DONE,
        task_id: Some(records.task(badge.task)?.id.clone()),
        thresholds: Thresholds::parse("thresholds", badge.thresholds)?,
        period: badge.period.and_then(BadgePeriod::find),
    })
}

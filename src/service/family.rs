//! The settings of a family.

use std::sync::Arc;

use super::{Parent, Service, ServiceError};
use crate::domain::calendar::{
    DayStart, FamilySettings, Pause, Pauses, StreakRule, Weekday, Weekdays, Zone,
};
use crate::domain::input::FieldUpdate;
use crate::domain::{Ranks, RuleViolation, User};

/// A change of the settings; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct FamilySettingsPatch {
    pub time_zone: FieldUpdate<Zone>,
    pub day_starts_at: Option<DayStart>,
    pub week_start: Option<Weekday>,
    pub rest_days: Option<Weekdays>,
    pub pauses: Option<Pauses>,
    pub daily_goal: FieldUpdate<u16>,
    pub ranks: FieldUpdate<Ranks>,
    pub shows_ranking: Option<bool>,
    pub streak_rule: Option<StreakRule>,
    pub penalties_by_helpers: Option<bool>,
}

impl FamilySettingsPatch {
    fn apply(self, old: FamilySettings) -> FamilySettings {
        let time_zone = match self.time_zone {
            FieldUpdate::Keep => old.time_zone,
            FieldUpdate::Clear => None,
            FieldUpdate::Set(zone) => Some(zone.name().into()),
        };
        FamilySettings {
            time_zone,
            day_starts_at: self.day_starts_at.unwrap_or(old.day_starts_at),
            week_start: self.week_start.unwrap_or(old.week_start),
            rest_days: self.rest_days.unwrap_or(old.rest_days),
            pauses: self.pauses.unwrap_or(old.pauses),
            daily_goal: self.daily_goal.apply(old.daily_goal),
            hidden_badges: old.hidden_badges,
            ranks: self.ranks.apply(old.ranks),
            shows_ranking: self.shows_ranking.unwrap_or(old.shows_ranking),
            streak_rule: self.streak_rule.unwrap_or(old.streak_rule),
            penalties_by_helpers: self.penalties_by_helpers.unwrap_or(old.penalties_by_helpers),
        }
    }
}

impl Service {
    /// The time zone of families that have set none.
    pub fn default_zone(&self) -> Zone {
        self.settings().time_zone.clone()
    }

    /// Updates the settings of the caller's family. Returns the account.
    pub async fn update_family_settings(
        &self,
        parent: &Parent,
        patch: FamilySettingsPatch,
    ) -> Result<Arc<User>, ServiceError> {
        self.change_settings(parent, move |settings| Ok(patch.clone().apply(settings))).await
    }

    /// Adds a pause to those of the caller's family. Fails if it overlaps with one of them.
    pub async fn add_pause(
        &self,
        parent: &Parent,
        pause: Pause,
    ) -> Result<Arc<User>, ServiceError> {
        self.update_pauses(parent, move |pauses| pauses.push(pause)).await
    }

    /// Removes a pause of the caller's family, if it has that pause.
    pub async fn remove_pause(
        &self,
        parent: &Parent,
        pause: Pause,
    ) -> Result<Arc<User>, ServiceError> {
        self.update_pauses(parent, move |pauses| pauses.retain(|other| *other != pause)).await
    }

    async fn update_pauses(
        &self,
        parent: &Parent,
        change: impl Fn(&mut Vec<Pause>) + Send + Sync + 'static,
    ) -> Result<Arc<User>, ServiceError> {
        self.change_settings(parent, move |settings| {
            let mut pauses: Vec<Pause> = settings.pauses.iter().copied().collect();
            change(&mut pauses);
            Ok(FamilySettings { pauses: Pauses::new("pauses", pauses)?, ..settings })
        })
        .await
    }

    async fn change_settings(
        &self,
        parent: &Parent,
        change: impl Fn(FamilySettings) -> Result<FamilySettings, RuleViolation> + Send + Sync + 'static,
    ) -> Result<Arc<User>, ServiceError> {
        // A reversal revokes awards only under the settings of its time.
        self.settle_family(&parent.user().id, None).await;
        let decider = parent.clone();
        self.update(parent, move |records, context| {
            let user = User::clone(&*decider.current_user(records)?);
            let family = change(user.family)?;
            Ok(User { family, updated_at: Some(context.now()), ..user })
        })
        .await
    }
}

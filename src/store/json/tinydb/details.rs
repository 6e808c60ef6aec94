//! The fields of records that the Flask service does not have. It may drop them when it rewrites a row,
//! so they have files of their own. A row has the id of its record; a missing row means the defaults.

use std::sync::Arc;

use super::encoder::Encoder;
use super::family;
use super::fields::{Fields, Unreadable};
use super::pyjson;
use super::record::Record;
use crate::domain::calendar::FamilySettings;
use crate::domain::schedule::Schedule;
use crate::domain::{
    Child, ChildId, Colour, Icon, Id, Language, LimitPeriod, Reward, RewardId, Task, TaskId,
    TaskLimit, Timestamp, User, UserId,
};

/// A record with fields that are in a file of their own.
pub(crate) trait Extended: Record {
    type Details: Record + PartialEq;

    /// The row of the fields; `None` if all of them have their defaults.
    fn details(&self) -> Option<Self::Details>;

    /// Sets the fields.
    fn set_details(&mut self, details: &Self::Details);
}

#[derive(Clone, PartialEq)]
pub(crate) struct UserDetails {
    id: UserId,
    language: Option<Language>,
    family: FamilySettings,
    schedule_at: Option<Timestamp>,
    pub(crate) member_of: Option<UserId>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct ChildDetails {
    id: ChildId,
    user_id: UserId,
    colour: Option<Colour>,
    pub(crate) goal: Option<RewardId>,
    pin: Option<Arc<str>>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct TaskDetails {
    id: TaskId,
    user_id: UserId,
    is_requestable: bool,
    icon: Option<Icon>,
    limit: Option<TaskLimit>,
    schedule: Option<Schedule>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct RewardDetails {
    id: RewardId,
    user_id: UserId,
    icon: Option<Icon>,
}

impl Extended for User {
    type Details = UserDetails;

    fn details(&self) -> Option<UserDetails> {
        let has_settings = self.language.is_some() || self.family != FamilySettings::default();
        let has_state = self.schedule_at.is_some() || self.member_of.is_some();
        (has_settings || has_state).then(|| UserDetails {
            id: self.id.clone(),
            language: self.language.clone(),
            family: self.family.clone(),
            schedule_at: self.schedule_at,
            member_of: self.member_of.clone(),
        })
    }

    fn set_details(&mut self, details: &UserDetails) {
        self.language.clone_from(&details.language);
        self.family.clone_from(&details.family);
        self.schedule_at = details.schedule_at;
        self.member_of.clone_from(&details.member_of);
    }
}

impl Extended for Child {
    type Details = ChildDetails;

    fn details(&self) -> Option<ChildDetails> {
        let is_default = self.colour.is_none() && self.goal.is_none() && self.pin.is_none();
        (!is_default).then(|| ChildDetails {
            id: self.id.clone(),
            user_id: self.user_id.clone(),
            colour: self.colour,
            goal: self.goal.clone(),
            pin: self.pin.clone(),
        })
    }

    fn set_details(&mut self, details: &ChildDetails) {
        self.colour = details.colour;
        self.goal.clone_from(&details.goal);
        self.pin.clone_from(&details.pin);
    }
}

impl Extended for Task {
    type Details = TaskDetails;

    /// Shared tasks have no details: no family can change them.
    fn details(&self) -> Option<TaskDetails> {
        let has_rules = !self.is_requestable || self.limit.is_some() || self.schedule.is_some();
        let is_default = !has_rules && self.icon.is_none();
        let user_id = self.user_id.clone().filter(|_| !is_default)?;
        let (is_requestable, icon, limit) = (self.is_requestable, self.icon, self.limit);
        let schedule = self.schedule.clone();
        Some(TaskDetails { id: self.id.clone(), user_id, is_requestable, icon, limit, schedule })
    }

    fn set_details(&mut self, details: &TaskDetails) {
        self.is_requestable = details.is_requestable;
        self.icon = details.icon;
        self.limit = details.limit;
        self.schedule.clone_from(&details.schedule);
    }
}

impl Extended for Reward {
    type Details = RewardDetails;

    /// Shared rewards have no details: no family can change them.
    fn details(&self) -> Option<RewardDetails> {
        let user_id = self.user_id.clone().filter(|_| self.icon.is_some())?;
        Some(RewardDetails { id: self.id.clone(), user_id, icon: self.icon })
    }

    fn set_details(&mut self, details: &RewardDetails) {
        self.icon = details.icon;
    }
}

impl Record for UserDetails {
    const FILE: &'static str = "user_details.json";
    const OWNER: &'static str = "id";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let language = fields.optional_text("language").map(Language::from_stored);
        Ok(Self {
            id: fields.id("id")?,
            language,
            family: family::decode(fields),
            schedule_at: fields.optional_moment("schedule_at"),
            member_of: fields.optional_id("member_of")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.optional_text("language", self.language.as_ref().map(Language::as_str));
        family::encode(&self.family, row);
        if self.schedule_at.is_some() {
            row.optional_moment("schedule_at", self.schedule_at);
        } else {
            row.absent("schedule_at");
        }
        match &self.member_of {
            Some(family) => row.text("member_of", family.as_str()),
            None => row.absent("member_of"),
        }
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        None
    }
}

impl Record for ChildDetails {
    const FILE: &'static str = "child_details.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            colour: fields.optional_text("colour").and_then(|name| Colour::find(&name)),
            goal: fields.optional_id("goal_reward_id")?,
            pin: fields.optional_text("pin_hash"),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.optional_text("colour", self.colour.map(Colour::as_str));
        row.optional_text("goal_reward_id", self.goal.as_ref().map(Id::as_str));
        match &self.pin {
            Some(hash) => row.text("pin_hash", hash),
            None => row.absent("pin_hash"),
        }
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

impl Record for TaskDetails {
    const FILE: &'static str = "task_details.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            is_requestable: fields.boolean("requestable", true)?,
            icon: icon(fields),
            limit: limit(fields)?,
            schedule: schedule(fields)?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.plain("requestable", self.is_requestable);
        row.optional_text("icon", self.icon.map(Icon::as_str));
        match self.limit {
            Some(limit) => {
                row.plain("limit", limit.count());
                row.text("limit_per", limit.per.as_str());
            }
            None => ["limit", "limit_per"].into_iter().for_each(|name| row.absent(name)),
        }
        match &self.schedule {
            Some(schedule) => row.json("schedule", &schedule.to_json()),
            None => row.absent("schedule"),
        }
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

/// The limit of a task; `None` if the row has none.
fn limit(fields: &Fields<'_>) -> Result<Option<TaskLimit>, Unreadable> {
    let Some(per) = fields.optional_text("limit_per") else { return Ok(None) };
    let expected = |field, expected| Unreadable { field, expected };
    let per = LimitPeriod::parse(&per).ok_or(expected("limit_per", "day, week or ever"))?;
    let count = fields.integer("limit")?;
    let limit = TaskLimit::new("limit", count, per);
    limit.map(Some).map_err(|_| expected("limit", "a number from 1 to 100"))
}

/// The schedule of a task; `None` if the row has none.
fn schedule(fields: &Fields<'_>) -> Result<Option<Schedule>, Unreadable> {
    let Some(raw) = fields.raw("schedule").filter(|raw| *raw != "null") else { return Ok(None) };
    let unreadable = Unreadable { field: "schedule", expected: "a list of versions" };
    Schedule::parse(&pyjson::strict(raw)).map(Some).ok_or(unreadable)
}

impl Record for RewardDetails {
    const FILE: &'static str = "reward_details.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let (id, user_id) = (fields.id("id")?, fields.id("user_id")?);
        Ok(Self { id, user_id, icon: icon(fields) })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.optional_text("icon", self.icon.map(Icon::as_str));
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

/// A name that this version does not know is kept in the file, and counts as none.
fn icon(fields: &Fields<'_>) -> Option<Icon> {
    Icon::find(&fields.optional_text("icon")?)
}

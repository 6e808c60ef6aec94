//! The row of each kind of record. The field names are those of the Flask service.

use std::sync::Arc;

use super::deletion;
use super::details::{ChildDetails, RewardDetails, TaskDetails, UserDetails};
use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::pyjson;
use super::record::{Place, Record, request_lists};
use super::requests::RequestDetails;
use crate::domain::badges::{Award, Badge};
use crate::domain::calendar::FamilySettings;
use crate::domain::schedule::Mark;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    CalendarFeed, Child, Email, EndedRequest, Id, IdempotencyRecord, LogEntry, Member, Message,
    PendingReward, PendingTask, Reward, Role, Session, Setting, Task, User, UserId,
};

/// The files of the small tables.
pub(crate) const TABLE_FILES: [&str; 24] = [
    User::FILE,
    Child::FILE,
    Task::FILE,
    Reward::FILE,
    PendingReward::FILE,
    Session::FILE,
    IdempotencyRecord::FILE,
    Setting::FILE,
    UserDetails::FILE,
    ChildDetails::FILE,
    TaskDetails::FILE,
    RewardDetails::FILE,
    RequestDetails::FILE,
    PendingTask::FILE,
    EndedRequest::FILE,
    Message::FILE,
    LogEntry::FILE,
    Badge::FILE,
    Award::FILE,
    Mark::FILE,
    CalendarFeed::FILE,
    Webhook::FILE,
    Delivery::FILE,
    Member::FILE,
];

impl Record for User {
    const FILE: &'static str = "users.json";
    const OWNER: &'static str = "id";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let is_admin = fields.optional_text("role").as_deref() == Some(Role::Admin.as_str());
        Ok(Self {
            id: fields.id("id")?,
            first_name: fields.name("first_name"),
            last_name: fields.name("last_name"),
            email: Email::from_stored(&fields.text("email")?),
            password: fields.optional_text("password").unwrap_or_default(),
            role: if is_admin { Role::Admin } else { Role::Parent },
            image_id: fields.optional_text("image_id"),
            created_at: fields.optional_moment("created_at"),
            updated_at: fields.optional_moment("updated_at"),
            deletion: deletion::decode(fields),
            language: None,
            family: FamilySettings::default(),
            schedule_at: None,
            member_of: None,
            extra: fields.extra(&[
                "id",
                "first_name",
                "last_name",
                "email",
                "password",
                "role",
                "image_id",
                "created_at",
                "updated_at",
                deletion::MARKED,
                deletion::MARKED_AT,
                deletion::IN_PROGRESS,
                deletion::ATTEMPTED_AT,
                deletion::ATTEMPTS,
                deletion::ERROR,
            ]),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("first_name", self.first_name.as_str());
        row.text("last_name", self.last_name.as_str());
        row.text("email", self.email.as_str());
        row.text("password", &self.password);
        row.text("role", self.role.as_str());
        row.optional_text("image_id", self.image_id.as_deref());
        row.optional_moment("created_at", self.created_at);
        row.optional_moment("updated_at", self.updated_at);
        // Goldstar does not verify addresses, and the Flask service accepts only verified accounts.
        row.plain("verified", true);
        deletion::encode(self.deletion.as_ref(), row);
    }

    fn extra(&self) -> &[(Box<str>, Box<str>)] {
        &self.extra
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    /// A login names the address.
    fn group(&self) -> Option<Arc<str>> {
        Some(Arc::clone(self.email.folded()))
    }

    /// The accounts with scheduled tasks, by the next time.
    fn place(&self) -> Option<Place> {
        Some((Arc::default(), self.schedules_due_at()?.as_micros()))
    }
}

impl Record for Child {
    const FILE: &'static str = "children.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            name: fields.name("name"),
            age: fields.optional_integer("age"),
            points: fields.points()?,
            tasks: fields.texts("tasks"),
            rewards: fields.texts("rewards"),
            image_id: fields.optional_text("image_id"),
            created_at: fields.optional_moment("created_at"),
            updated_at: fields.optional_moment("updated_at"),
            colour: None,
            goal: None,
            pin: None,
            extra: fields.extra(&[
                "id",
                "user_id",
                "name",
                "age",
                "points",
                "tasks",
                "rewards",
                "image_id",
                "created_at",
                "updated_at",
            ]),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("name", self.name.as_str());
        row.optional_plain("age", self.age);
        row.plain("points", self.points);
        row.texts("tasks", &self.tasks);
        row.texts("rewards", &self.rewards);
        row.optional_text("image_id", self.image_id.as_deref());
        row.text("user_id", self.user_id.as_str());
        row.optional_moment("created_at", self.created_at);
        row.optional_moment("updated_at", self.updated_at);
    }

    fn extra(&self) -> &[(Box<str>, Box<str>)] {
        &self.extra
    }

    fn owner_mut(&mut self) -> Option<&mut UserId> {
        Some(&mut self.user_id)
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

impl Record for Task {
    const FILE: &'static str = "tasks.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.optional_id("user_id")?,
            name: fields.name("name"),
            points: fields.amount("points")?,
            is_good: fields.boolean("is_good", true)?,
            image_id: fields.optional_text("image_id"),
            created_at: fields.optional_moment("created_at"),
            updated_at: fields.optional_moment("updated_at"),
            is_requestable: true,
            limit: None,
            schedule: None,
            icon: None,
            extra: fields.extra(&[
                "id",
                "user_id",
                "name",
                "points",
                "is_good",
                "image_id",
                "created_at",
                "updated_at",
            ]),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("name", self.name.as_str());
        row.plain("points", self.points.get());
        row.plain("is_good", self.is_good);
        row.optional_text("image_id", self.image_id.as_deref());
        row.optional_text("user_id", self.user_id.as_ref().map(Id::as_str));
        row.optional_moment("created_at", self.created_at);
        row.optional_moment("updated_at", self.updated_at);
    }

    fn extra(&self) -> &[(Box<str>, Box<str>)] {
        &self.extra
    }

    fn owner_mut(&mut self) -> Option<&mut UserId> {
        self.user_id.as_mut()
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        self.user_id.as_ref().map(Id::shared)
    }
}

impl Record for Reward {
    const FILE: &'static str = "rewards.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.optional_id("user_id")?,
            name: fields.name("name"),
            description: fields.optional_text("description").unwrap_or_default(),
            cost: fields.amount("cost")?,
            image_id: fields.optional_text("image_id"),
            created_at: fields.optional_moment("created_at"),
            updated_at: fields.optional_moment("updated_at"),
            icon: None,
            extra: fields.extra(&[
                "id",
                "user_id",
                "name",
                "description",
                "cost",
                "image_id",
                "created_at",
                "updated_at",
            ]),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("name", self.name.as_str());
        row.text("description", &self.description);
        row.plain("cost", self.cost.get());
        row.optional_text("image_id", self.image_id.as_deref());
        row.optional_text("user_id", self.user_id.as_ref().map(Id::as_str));
        row.optional_moment("created_at", self.created_at);
        row.optional_moment("updated_at", self.updated_at);
    }

    fn extra(&self) -> &[(Box<str>, Box<str>)] {
        &self.extra
    }

    fn owner_mut(&mut self) -> Option<&mut UserId> {
        self.user_id.as_mut()
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        self.user_id.as_ref().map(Id::shared)
    }
}

impl Record for PendingReward {
    const FILE: &'static str = "pending_rewards.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            child_id: fields.id("child_id")?,
            child_name: fields.name("child_name"),
            reward_id: fields.id("reward_id")?,
            reward_name: fields.name("reward_name"),
            created_at: fields.optional_moment("created_at"),
            cost: None,
            note: None,
            extra: fields.extra(&[
                "id",
                "user_id",
                "child_id",
                "child_name",
                "reward_id",
                "reward_name",
                "created_at",
                "status",
            ]),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("child_id", self.child_id.as_str());
        row.text("child_name", self.child_name.as_str());
        row.text("reward_id", self.reward_id.as_str());
        row.text("reward_name", self.reward_name.as_str());
        row.text("user_id", self.user_id.as_str());
        // Only pending requests have rows.
        row.text("status", "pending");
        row.optional_moment("created_at", self.created_at);
    }

    fn extra(&self) -> &[(Box<str>, Box<str>)] {
        &self.extra
    }

    fn owner_mut(&mut self) -> Option<&mut UserId> {
        Some(&mut self.user_id)
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }

    fn lists(&self) -> Vec<Arc<str>> {
        request_lists(&self.user_id, self.child_id.as_str(), self.reward_id.as_str())
    }
}

impl Record for Setting {
    const FILE: &'static str = "settings.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let value = fields.raw("value").unwrap_or("null");
        let value = serde_json::from_str(&pyjson::strict(value));
        Ok(Self {
            name: Arc::from(&*fields.text("name")?),
            value: value.map_err(|_| Unreadable { field: "value", expected: "a value" })?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("name", &self.name);
        row.json("value", &self.value);
    }

    fn key(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    fn group(&self) -> Option<Arc<str>> {
        None
    }
}

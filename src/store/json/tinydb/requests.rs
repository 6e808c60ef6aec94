//! The rows of requests: the details of those for rewards, those for tasks, and those that have ended.

use std::sync::Arc;

use super::details::Extended;
use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::{Record, request_lists};
use crate::domain::{
    Amount, EndedRequest, Ending, EntityType, Id, Note, PendingReward, PendingTask, RequestId,
    UserId,
};

#[derive(Clone, PartialEq)]
pub(crate) struct RequestDetails {
    id: RequestId,
    user_id: UserId,
    cost: Option<Amount>,
    note: Option<Note>,
}

impl Extended for PendingReward {
    type Details = RequestDetails;

    fn details(&self) -> Option<RequestDetails> {
        let is_default = self.cost.is_none() && self.note.is_none();
        (!is_default).then(|| RequestDetails {
            id: self.id.clone(),
            user_id: self.user_id.clone(),
            cost: self.cost,
            note: self.note.clone(),
        })
    }

    fn set_details(&mut self, details: &RequestDetails) {
        self.cost = details.cost;
        self.note.clone_from(&details.note);
    }
}

impl Record for RequestDetails {
    const FILE: &'static str = "request_details.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let (id, user_id) = (fields.id("id")?, fields.id("user_id")?);
        Ok(Self { id, user_id, cost: optional_amount(fields, "cost")?, note: note(fields) })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.optional_plain("cost", self.cost.map(Amount::get));
        row.optional_text("note", self.note.as_ref().map(Note::as_str));
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

impl Record for PendingTask {
    const FILE: &'static str = "pending_tasks.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            child_id: fields.id("child_id")?,
            child_name: fields.name("child_name"),
            task_id: fields.id("task_id")?,
            task_name: fields.name("task_name"),
            points: fields.amount("points")?,
            created_at: fields.moment("created_at")?,
            note: note(fields),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.text("child_id", self.child_id.as_str());
        row.text("child_name", self.child_name.as_str());
        row.text("task_id", self.task_id.as_str());
        row.text("task_name", self.task_name.as_str());
        row.plain("points", self.points.get());
        row.moment("created_at", self.created_at);
        row.optional_text("note", self.note.as_ref().map(Note::as_str));
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }

    fn lists(&self) -> Vec<Arc<str>> {
        request_lists(&self.user_id, self.child_id.as_str(), self.task_id.as_str())
    }
}

impl Record for EndedRequest {
    const FILE: &'static str = "ended_requests.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let ended = Ending::parse(&fields.text("ended")?);
        let entity_type = EntityType::parse(&fields.text("entity_type")?);
        let unknown = |field| Unreadable { field, expected: "a known word" };
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            child_id: fields.id("child_id")?,
            entity_type: entity_type.ok_or(unknown("entity_type"))?,
            entity_id: fields.text("entity_id")?.into(),
            price: optional_amount(fields, "price")?,
            requested_at: fields.optional_moment("requested_at"),
            note: note(fields),
            ended: ended.ok_or(unknown("ended"))?,
            ended_at: fields.moment("ended_at")?,
            event_id: fields.optional_id("tracking_event_id")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.text("child_id", self.child_id.as_str());
        row.text("entity_type", self.entity_type.as_str());
        row.text("entity_id", &self.entity_id);
        row.optional_plain("price", self.price.map(Amount::get));
        row.optional_moment("requested_at", self.requested_at);
        row.optional_text("note", self.note.as_ref().map(Note::as_str));
        row.text("ended", self.ended.as_str());
        row.moment("ended_at", self.ended_at);
        row.optional_text("tracking_event_id", self.event_id.as_ref().map(Id::as_str));
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

fn note(fields: &Fields<'_>) -> Option<Note> {
    fields.optional_text("note").map(Note::from_stored)
}

fn optional_amount(fields: &Fields<'_>, name: &'static str) -> Result<Option<Amount>, Unreadable> {
    let is_missing = fields.raw(name).is_none_or(|raw| raw == "null");
    if is_missing { Ok(None) } else { fields.amount(name).map(Some) }
}

//! The columns of a row besides its text: an import writes them, and a check compares them.

use std::borrow::Cow;

use tokio_postgres::Row;

use super::copy::storable;
use super::error::Failure;
use crate::domain::schedule::Mark;
use crate::domain::{EndedRequest, IdempotencyRecord, LogEntry, Message, Session, Timestamp};
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::Record as _;
use crate::store::json::tracking::event;

/// The columns of an event. A text that its JSON lacks is empty; a time that it lacks is the other one,
/// or the Unix epoch.
pub(crate) struct EventColumns<'a> {
    pub(crate) id: Cow<'a, str>,
    /// The other texts, in the order of the table.
    pub(crate) texts: [(&'static str, Cow<'a, str>); 4],
    pub(crate) occurred_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) is_anonymous: bool,
    /// The event that it reverses.
    pub(crate) reverses: Option<String>,
}

impl<'a> EventColumns<'a> {
    pub(crate) fn of(fields: &Fields<'a>) -> Self {
        let text = |name| storable(fields.text(name).unwrap_or_default());
        let occurred_at = fields.optional_moment("occurred_at").unwrap_or(Timestamp::EPOCH);
        Self {
            id: text("id"),
            texts: ["child_id", "entity_type", "entity_id", "action"]
                .map(|name| (name, text(name))),
            occurred_at,
            created_at: fields.optional_moment("created_at").unwrap_or(occurred_at),
            is_anonymous: fields.optional_text("user_id").is_none(),
            reverses: event::reverses(
                &fields.text("action").unwrap_or_default(),
                fields.raw("metadata").unwrap_or_default(),
            )
            .map(|id| storable((&*id).into()).into_owned()),
        }
    }

    /// The names of the columns of a row that differ. An event without an id has any.
    pub(crate) fn differing(&self, row: &Row) -> Result<Vec<&'static str>, Failure> {
        let mut names = Vec::new();
        if !self.id.is_empty() && row.try_get::<_, &str>("id")? != self.id {
            names.push("id");
        }
        for (name, text) in &self.texts {
            if row.try_get::<_, &str>(*name)? != text {
                names.push(*name);
            }
        }
        for (name, time) in [("occurred_at", self.occurred_at), ("created_at", self.created_at)] {
            if row.try_get::<_, i64>(name)? != time.as_micros() {
                names.push(name);
            }
        }
        if row.try_get::<_, bool>("is_anonymous")? != self.is_anonymous {
            names.push("is_anonymous");
        }
        if row.try_get::<_, Option<&str>>("reverses")? != self.reverses.as_deref() {
            names.push("reverses");
        }
        Ok(names)
    }
}

/// When a record of a file expires, if it does.
pub(crate) fn expires_at(file: &str, fields: &Fields<'_>) -> Option<Timestamp> {
    match file {
        Session::FILE => Some(Session::decode(fields).ok()?.expires_at),
        IdempotencyRecord::FILE => {
            let record = IdempotencyRecord::decode(fields).ok()?;
            Some(record.created_at.after(IdempotencyRecord::LIFETIME))
        }
        EndedRequest::FILE => {
            let ended = EndedRequest::decode(fields).ok()?;
            Some(ended.ended_at.after(EndedRequest::LIFETIME))
        }
        Mark::FILE => Some(Mark::decode(fields).ok()?.expires_at()),
        LogEntry::FILE => Some(LogEntry::decode(fields).ok()?.expires_at()),
        Message::FILE => Some(Message::decode(fields).ok()?.created_at.after(Message::LIFETIME)),
        _ => None,
    }
}

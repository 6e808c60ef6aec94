//! The row of a message.

use std::sync::Arc;

use serde_json::Value;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::pyjson;
use super::record::Record;
use crate::domain::{Id, Message, UserId};

impl Record for Message {
    const FILE: &'static str = "messages.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let payload = pyjson::strict(fields.raw("payload").unwrap_or("null"));
        let payload = serde_json::from_str(&payload);
        Ok(Self {
            user_id: fields.id("user_id")?,
            cause: fields.text("cause")?.into(),
            child_id: fields.optional_id("child_id")?,
            name: fields.text("type")?.into(),
            payload: payload.map_err(|_| Unreadable { field: "payload", expected: "an object" })?,
            created_at: fields.moment("created_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("user_id", self.user_id.as_str());
        row.text("cause", &self.cause);
        row.optional_text("child_id", self.child_id.as_ref().map(Id::as_str));
        row.text("type", &self.name);
        row.json("payload", &Value::Object(self.payload.clone()));
        row.moment("created_at", self.created_at);
    }

    fn key(&self) -> Arc<str> {
        message_key(&self.user_id, &self.cause)
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

/// The key of a message. The length keeps any ids distinct.
pub(crate) fn message_key(user_id: &UserId, cause: &str) -> Arc<str> {
    let user_id = user_id.as_str();
    format!("{}:{user_id}:{cause}", user_id.len()).into()
}

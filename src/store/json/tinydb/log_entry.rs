//! The row of an entry of the administration log.

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::Record;
use crate::domain::LogEntry;

impl Record for LogEntry {
    const FILE: &'static str = "administration.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            actor: fields.optional_text("actor"),
            action: fields.text("action")?.into(),
            account: fields.optional_text("account"),
            created_at: fields.moment("created_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.optional_text("actor", self.actor.as_deref());
        row.text("action", &self.action);
        row.optional_text("account", self.account.as_deref());
        row.moment("created_at", self.created_at);
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        None
    }
}

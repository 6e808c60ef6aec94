//! The rows of calendar feeds.

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::Record;
use crate::domain::{CalendarFeed, TokenHash};

impl Record for CalendarFeed {
    const FILE: &'static str = "calendar_feeds.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            secret_hash: TokenHash(Arc::from(&*fields.text("secret_sha256")?)),
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            child_id: fields.id("child_id")?,
            created_at: fields.moment("created_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("secret_sha256", &self.secret_hash.0);
        row.text("user_id", self.user_id.as_str());
        row.text("child_id", self.child_id.as_str());
        row.moment("created_at", self.created_at);
    }

    fn key(&self) -> Arc<str> {
        Arc::clone(&self.secret_hash.0)
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

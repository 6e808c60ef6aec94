//! The row of an idempotency key.

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::Record;
use crate::domain::{IdempotencyKey, IdempotencyRecord, KeyLife, KeyResult, Seq};

impl Record for IdempotencyRecord {
    const FILE: &'static str = "idempotency_keys.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let result = match fields.optional_text("record_id") {
            Some(id) => KeyResult::Record(id),
            None => KeyResult::Event(Seq(fields.integer("event_row")?.unsigned_abs())),
        };
        Ok(Self {
            user_id: fields.id("user_id")?,
            key: IdempotencyKey::from_stored(&fields.text("key")?),
            fingerprint: Arc::from(&*fields.text("mutation")?),
            result,
            life: KeyLife::OfServer { used_at: None },
            created_at: fields.moment("created_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("user_id", self.user_id.as_str());
        row.text("key", self.key.as_str());
        row.text("mutation", &self.fingerprint);
        match &self.result {
            KeyResult::Event(event) => {
                row.plain("event_row", event.0);
                row.absent("record_id");
            }
            KeyResult::Record(id) => {
                row.absent("event_row");
                row.text("record_id", id);
            }
        }
        row.moment("created_at", self.created_at);
    }

    fn key(&self) -> Arc<str> {
        remembered_key(self.user_id.as_str(), self.key.as_str())
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

/// The key of an [`IdempotencyRecord`]. An idempotency key contains no line feed, so pairs stay
/// distinct.
pub(crate) fn remembered_key(user_id: &str, key: &str) -> Arc<str> {
    format!("{key}\n{user_id}").into()
}

//! The rows of the adults of families that have several.

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::Record;
use crate::domain::{FamilyRole, Member, Name};

impl Record for Member {
    const FILE: &'static str = "members.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let unreadable = Unreadable { field: "role", expected: "a role" };
        let name = |field| Ok::<_, Unreadable>(Name::from_stored(&*fields.text(field)?));
        Ok(Self {
            id: fields.id("id")?,
            user_id: fields.id("user_id")?,
            account_id: fields.id("account_id")?,
            first_name: name("first_name")?,
            last_name: name("last_name")?,
            role: FamilyRole::parse(&fields.text("role")?).ok_or(unreadable)?,
            created_at: fields.moment("created_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.text("user_id", self.user_id.as_str());
        row.text("account_id", self.account_id.as_str());
        row.text("first_name", self.first_name.as_str());
        row.text("last_name", self.last_name.as_str());
        row.text("role", self.role.as_str());
        row.moment("created_at", self.created_at);
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }
}

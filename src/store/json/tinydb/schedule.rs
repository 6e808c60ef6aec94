//! The rows of the marks of occurrences.

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::{Place, Record};
use crate::domain::Note;
use crate::domain::calendar::Day;
use crate::domain::schedule::{Mark, MarkKey, MarkKind};

impl Record for Mark {
    const FILE: &'static str = "schedule_marks.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let day = Day::parse(&fields.text("day")?);
        let kind = MarkKind::parse(&fields.text("kind")?);
        Ok(Self {
            user_id: fields.id("user_id")?,
            key: MarkKey {
                day: day.ok_or(Unreadable { field: "day", expected: "a date" })?,
                child_id: fields.id("child_id")?,
                task_id: fields.id("task_id")?,
                kind: kind.ok_or(Unreadable { field: "kind", expected: "a known word" })?,
            },
            note: fields.optional_text("note").map(Note::from_stored),
            created_at: fields.moment("created_at")?,
        })
    }

    fn encode(&self, row: &mut Encoder) {
        let MarkKey { day, child_id, task_id, kind } = &self.key;
        row.text("user_id", self.user_id.as_str());
        row.text("task_id", task_id.as_str());
        row.text("child_id", child_id.as_str());
        row.text("day", &day.to_string());
        row.text("kind", kind.as_str());
        row.optional_text("note", self.note.as_ref().map(Note::as_str));
        row.moment("created_at", self.created_at);
    }

    fn key(&self) -> Arc<str> {
        self.key.to_string().into()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }

    /// The marks of an account, by their days.
    fn place(&self) -> Option<Place> {
        Some((self.user_id.shared(), day_number(self.key.day)))
    }
}

/// Numbers days in their order.
pub(crate) fn day_number(day: Day) -> i64 {
    Day::FIRST.days_until(day).into()
}

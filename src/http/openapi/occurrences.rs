//! The schemas of the messages about occurrences.

use std::borrow::Cow;

use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::samples;
use super::schemas::about;
use super::schemas::{self, flag, moment, text};
use super::tracking::{data, object};
use crate::domain::Message;

/// An occurrence of a task is due, late, missed or done.
pub(crate) enum TaskDue {}

/// The names of the messages about one occurrence.
const NAMES: [&str; 4] =
    [Message::TASK_DUE, Message::TASK_LATE, Message::TASK_MISSED, Message::TASK_DONE];

impl PartialSchema for TaskDue {
    fn schema() -> RefOr<Schema> {
        let payload = object(
            "The occurrence.",
            [
                ("task_id", about(text(), "The task.")),
                ("task_name", about(text(), "The task's name.")),
                ("child_id", about(text(), "The child.")),
                ("date", about(schemas::date(), "Its day.")),
                ("due_at", about(moment(), "When it becomes late.")),
                ("ends_at", about(moment(), "When it can no longer be done.")),
            ],
        );
        let kind =
            about(flag(NAMES), "What became of it. Each is sent at most once for an occurrence.");
        object("A task that a child is to do.", [("type", kind), ("payload", payload.into())])
            .examples([samples::task_due()])
            .into()
    }
}

impl ToSchema for TaskDue {
    fn name() -> Cow<'static, str> {
        "TaskDue".into()
    }
}

/// What happened while no server was running.
pub(crate) enum TasksSummary {}

impl PartialSchema for TasksSummary {
    fn schema() -> RefOr<Schema> {
        let number = || schemas::integer(0..);
        let payload = object(
            "How many occurrences of a child have become what they are now.",
            [
                ("child_id", about(text(), "The child.")),
                ("from", about(moment(), "The start of the period.")),
                ("to", about(moment(), "Its end.")),
                ("due", about(number(), "Those that are due.")),
                ("late", about(number(), "Those that are late.")),
                ("missed", about(number(), "Those that were missed.")),
            ],
        );
        let text =
            "Instead of single messages, after more than an hour in which no server was running.";
        data(text, Message::TASKS_SUMMARY, payload).examples([samples::tasks_summary()]).into()
    }
}

impl ToSchema for TasksSummary {
    fn name() -> Cow<'static, str> {
        "TasksSummary".into()
    }
}

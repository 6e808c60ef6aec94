//! What is removed with a child or an account, and with records that another program has deleted.

use std::sync::Arc;

use super::State;
use crate::domain::schedule::MarkKey;
use crate::domain::webhooks::WebhookId;
use crate::domain::{Child, ChildId, TaskId, UserId};
use crate::store::json::tinydb::badges::award_list;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::record::Record;

impl State {
    /// Removes a child with its awards and marks.
    pub(super) fn remove_child(&mut self, id: &ChildId) -> Vec<RowImage> {
        let child = self.children.get(id.as_str());
        let mut removed = self.children.remove(id.as_str());
        if let Some(Child { user_id, .. }) = child.as_deref() {
            let awards = self.awards.list(&award_list(user_id, id));
            removed.extend(awards.iter().flat_map(|award| self.awards.remove(&award.key())));
            removed.extend(self.remove_marks(user_id, |key| key.child_id == *id));
        }
        removed
    }

    /// Removes a task with its marks.
    pub(super) fn remove_task(&mut self, id: &TaskId) -> Vec<RowImage> {
        let task = self.tasks.get(id.as_str());
        let mut removed = self.tasks.remove(id.as_str());
        if let Some(user_id) = task.as_ref().and_then(|task| task.user_id.as_ref()) {
            removed.extend(self.remove_marks(user_id, |key| key.task_id == *id));
        }
        removed
    }

    /// Removes a webhook with its deliveries.
    pub(super) fn remove_webhook(&mut self, id: &WebhookId) -> Vec<RowImage> {
        let webhook = self.webhooks.get(id.as_str());
        let mut removed = self.webhooks.remove(id.as_str());
        let keys = webhook.iter().flat_map(|webhook| webhook.delivery_keys());
        removed.extend(keys.flat_map(|key| self.deliveries.remove(&key)));
        removed
    }

    /// Removes an account, its messages, marks and deliveries of webhooks, the version of its events about tasks, and the rows that name it and
    /// have no key of their own.
    pub(super) fn remove_user(&mut self, id: &UserId) -> Vec<RowImage> {
        let last = self.messages.last_number();
        let mut removed = self.users.remove(id.as_str());
        for message in self.messages.group(id.as_str()) {
            removed.extend(self.messages.remove(&message.key()));
        }
        for delivery in self.deliveries.group(id.as_str()) {
            removed.extend(self.deliveries.remove(&delivery.key()));
        }
        removed.extend(self.remove_marks(id, |_| true));
        for table in self.tables_mut() {
            removed.extend(table.remove_strays_of(id.as_str()));
        }
        removed.extend(self.keep_last_message(last));
        self.limited.remove(id);
        removed
    }

    /// Removes the marks of an account whose keys match. Visits all of them, but few changes need it.
    fn remove_marks(
        &mut self,
        user_id: &UserId,
        matches: impl Fn(&MarkKey) -> bool,
    ) -> Vec<RowImage> {
        let marks = self.marks.group(user_id.as_str()).into_iter();
        let removed = marks.filter(|mark| matches(&mark.key));
        removed.flat_map(|mark| self.marks.remove(&mark.key())).collect()
    }

    /// Removes the rows of Goldstar's own files whose record, child or account another program has deleted.
    /// Returns their number. One that cannot be read was not deleted.
    pub(crate) fn remove_orphans(&mut self) -> usize {
        let users = self.users.records.clone();
        let has_account = |id: &str| users.has_row(id);
        let children = self.children.records.clone();
        let has_child = |id: &ChildId, user_id: &UserId| {
            let is_own = match children.get(id.as_str()) {
                Some(child) => child.user_id == *user_id,
                None => children.has_row(id.as_str()),
            };
            is_own && has_account(user_id.as_str())
        };
        let tasks = self.tasks.records.clone();
        let has_task = |id: &TaskId| tasks.has_row(id.as_str());
        let last = self.messages.last_number();
        let messages = self.messages.remove_if(|it| !has_account(it.user_id.as_str()));
        self.keep_last_message(last);
        messages
            + self.remove_lost_goals()
            + self
                .pending_tasks
                .remove_if(|it| !has_child(&it.child_id, &it.user_id) || !has_task(&it.task_id))
            + self.ended.remove_if(|it| !has_child(&it.child_id, &it.user_id))
            + self
                .badges
                .remove_if(|it| !it.user_id.as_ref().is_some_and(|id| has_account(id.as_str())))
            + self.awards.remove_if(|it| !has_child(&it.key.child_id, &it.user_id))
            + self.marks.remove_if(|it| {
                !has_child(&it.key.child_id, &it.user_id) || !has_task(&it.key.task_id)
            })
            + self.feeds.remove_if(|it| !has_child(&it.child_id, &it.user_id))
            + self.webhooks.remove_if(|it| {
                let lacks_child = |id: &ChildId| !has_child(id, &it.user_id);
                !has_account(it.user_id.as_str()) || it.child_id.as_ref().is_some_and(lacks_child)
            })
            + self.remove_lost_deliveries()
            + self.members.remove_if(|it| {
                !has_account(it.user_id.as_str()) || !has_account(it.account_id.as_str())
            })
            + self.users.remove_orphans(has_account)
            + self.children.remove_orphans(has_account)
            + self.tasks.remove_orphans(has_account)
            + self.rewards.remove_orphans(has_account)
            + self.pending.remove_orphans(has_account)
    }

    /// Removes the deliveries whose webhooks do not exist. Returns their number.
    fn remove_lost_deliveries(&mut self) -> usize {
        let webhooks = self.webhooks.clone();
        self.deliveries.remove_if(|it| !webhooks.has_row(it.webhook_id.as_str()))
    }

    /// Removes the goals whose rewards do not exist. Returns their number.
    fn remove_lost_goals(&mut self) -> usize {
        let rewards = &self.rewards;
        let is_lost = |child: &&Arc<Child>| {
            child.goal.as_ref().is_some_and(|id| !rewards.has_row(id.as_str()))
        };
        let lost: Vec<_> = self.children.records().filter(is_lost).cloned().collect();
        for child in &lost {
            self.children.put(Child { goal: None, ..Child::clone(child) });
        }
        lost.len()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::domain::calendar::Day;
    use crate::domain::progress::tests::{DONE, at, event};
    use crate::domain::{Amount, Extra, LimitPeriod, Name, Task, TaskLimit};
    use crate::store::Change;
    use crate::store::json::state::table::AnyTable as _;

    #[test]
    fn the_mark_of_limited_tasks_ends_with_the_account() {
        let mut state = State::default();
        state.apply(Change::PutTask(Task {
            id: "bed".into(),
            user_id: Some("u".into()),
            name: Name::from_stored("Make the bed"),
            points: Amount::new(5).unwrap(),
            is_good: true,
            image_id: None,
            created_at: None,
            updated_at: None,
            is_requestable: false,
            icon: None,
            schedule: None,
            limit: Some(TaskLimit::new("limit", 1, LimitPeriod::Day).unwrap()),
            extra: Extra::default(),
        }));
        state.note(&event(1, DONE, 5, at("2026-02-09T18:00:00Z"), Value::Null));
        let account: UserId = "u".into();
        assert!(state.limited.contains_key(&account));
        state.apply(Change::RemoveUser(account));
        assert!(state.limited.is_empty());
    }

    /// A directory with a family, and with marks that name these accounts, children and tasks.
    fn with_marks(named: &[[&str; 3]]) -> State {
        let marks = named.iter().zip(1..).map(|([user, child, task], number)| {
            format!(
                r#""{number}": {{"user_id": "{user}", "child_id": "{child}", "task_id": "{task}",
                    "day": "2026-02-09", "kind": "due", "created_at": {number}}}"#
            )
        });
        let marks = marks.collect::<Vec<_>>().join(", ");
        let read = |file: &str| -> Result<Vec<u8>, ()> {
            let rows = match file {
                "users.json" => r#""1": {"id": "u", "email": "u@example.org"}, "2": {"id": "v"}"#,
                "children.json" => r#""1": {"id": "c", "user_id": "u"}, "2": {"id": "d"}"#,
                "tasks.json" => {
                    r#""1": {"id": "t", "user_id": "u", "points": 5}, "2": {"id": "s"}"#
                }
                "schedule_marks.json" => &*marks,
                _ => "",
            };
            Ok(format!("{{\"_default\": {{{rows}}}}}").into_bytes())
        };
        let mut damage = Vec::new();
        let state = State::parse(Path::new("data"), read, &mut damage).unwrap();
        assert!(damage.is_empty(), "{damage:?}");
        state
    }

    #[test]
    fn marks_of_what_another_program_has_deleted_are_removed() {
        let named = [
            ["u", "c", "t"],
            ["gone", "c", "t"],
            ["u", "gone", "t"],
            ["u", "c", "gone"],
            // Another account's child.
            ["v", "c", "t"],
            // What cannot be read was not deleted.
            ["u", "d", "s"],
        ];
        let mut state = with_marks(&named[..1]);
        assert_eq!(state.remove_orphans(), 0);
        let mut state = with_marks(&named);
        state.remove_orphans();
        let kept: Vec<_> = state.marks.numbered().map(|(number, _)| number).collect();
        assert_eq!(kept, [1, 6]);
    }

    #[test]
    fn marks_are_found_by_their_day_and_removed_with_their_task() {
        let mut state = with_marks(&[["u", "c", "t"], ["u", "c", "s"], ["v", "x", "t"]]);
        let day = |text: &str| Day::parse(text).unwrap();
        let count = |state: &State, since: &str| state.marks_since(&"u".into(), day(since)).len();
        assert_eq!((count(&state, "2026-02-09"), count(&state, "2026-02-10")), (2, 0));
        let text = r#"{"user_id": "u", "child_id": "c", "task_id": "t", "day": "2026-02-11",
            "kind": "due", "created_at": 1}"#;
        // As a replay of the log does.
        state.marks.set(1, Some(text.into()));
        assert_eq!((count(&state, "2026-02-10"), count(&state, "2026-02-12")), (1, 0));
        let rows = state.apply(Change::RemoveTask("t".into()));
        let marks = rows.iter().filter(|row| row.file == "schedule_marks.json");
        assert_eq!(marks.map(|row| row.number).collect::<Vec<_>>(), [1]);
        assert_eq!(count(&state, "2026-02-09"), 1);
    }
}

//! What is removed with a child or an account, and with records that another program has deleted.

use std::sync::Arc;

use super::State;
use crate::domain::schedule::MarkKey;
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

    /// Removes an account, its messages and marks, the version of its events about tasks, and the rows that name it and
    /// have no key of their own.
    pub(super) fn remove_user(&mut self, id: &UserId) -> Vec<RowImage> {
        let last = self.messages.last_number();
        let mut removed = self.users.remove(id.as_str());
        for message in self.messages.group(id.as_str()) {
            removed.extend(self.messages.remove(&message.key()));
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
            + self.users.remove_orphans(has_account)
            + self.children.remove_orphans(has_account)
            + self.tasks.remove_orphans(has_account)
            + self.rewards.remove_orphans(has_account)
            + self.pending.remove_orphans(has_account)
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
    use serde_json::Value;

    use super::*;
    use crate::domain::progress::tests::{DONE, at, event};
    use crate::domain::{Amount, Extra, LimitPeriod, Name, Task, TaskLimit};
    use crate::store::Change;

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
}

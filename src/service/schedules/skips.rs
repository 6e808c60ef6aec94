//! A parent's decision that an occurrence is not to be done.

use super::super::{Parent, Service, ServiceError};
use super::ShownOccurrence;
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::domain::schedule::{Mark, MarkKind, Occurrence};
use crate::domain::{ChildId, Invalid, Note, RuleViolation, TaskId, Timestamp, UserId};
use crate::store::{Change, Changes, Scope, Snapshot};

impl Service {
    /// Skips an occurrence, or undoes that. Returns the occurrence.
    ///
    /// Fails if the child is not to do the task on that day.
    pub async fn skip(
        &self,
        parent: &Parent,
        (child_id, task_id): (ChildId, TaskId),
        day: Day,
        skip: Skip,
    ) -> Result<ShownOccurrence, ServiceError> {
        let decider = parent.clone();
        let calendar = self.calendar(parent.user());
        let scope = Scope::marks_since(&parent.user().id, day);
        let (child, task) = (child_id.clone(), task_id.clone());
        self.transact_within(scope, parent, move |records, context| {
            let child = decider.child(records, &child)?;
            let task = decider.task(records, &task)?;
            let span = Span { first: day, last: day };
            let occurrence = Occurrence::of(&task, &child, span, &calendar).pop();
            let occurrence = occurrence.ok_or_else(no_occurrence)?;
            let family = &decider.user().id;
            Ok((Changes::of(skip.change(&occurrence, family, records, context.now())), ()))
        })
        .await?;
        let shown = self.schedule(parent, &child_id, Span { first: day, last: day }).await?;
        let found = shown.into_iter().find(|it| it.task.id == task_id);
        found.ok_or_else(|| no_occurrence().into())
    }
}

/// What is to become of an occurrence.
#[derive(Clone, Debug)]
pub enum Skip {
    /// It is not to be done. A repeat replaces the note.
    Skip(Option<Note>),
    /// It is to be done after all.
    Undo,
}

impl Skip {
    /// The change that it makes; `None` if there is nothing to undo.
    fn change(
        &self,
        occurrence: &Occurrence,
        family: &UserId,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Option<Change> {
        let (user_id, key) = (family.clone(), occurrence.key(MarkKind::Skipped));
        match self {
            Self::Skip(note) => {
                let note = note.clone();
                Some(Change::PutMark(Mark { user_id, key, note, created_at: now }))
            }
            Self::Undo => records.mark(&key).map(|_| Change::RemoveMark(user_id, key)),
        }
    }
}

fn no_occurrence() -> RuleViolation {
    Invalid::new("date", "must be a day on which the child is to do the task").into()
}

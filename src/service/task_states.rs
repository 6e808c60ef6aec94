//! What the tasks mean for one child: what it has requested, and what became of earlier requests.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::task_limits::Availability;
use super::{Caller, Listing, Service, ServiceError};
use crate::domain::{
    Action, ChildId, EntityType, EventFilter, Page, PendingTask, SortOrder, Task, Timestamp,
};
use crate::store::Store;

/// How far back the last events of a task are searched.
const PERIOD: Duration = Duration::from_hours(90 * 24);

/// A task for one child.
#[derive(Clone, Debug)]
pub struct TaskState {
    pub task: Arc<Task>,
    /// The child's pending request.
    pub pending: Option<Arc<PendingTask>>,
    pub last: LastEvents,
    pub availability: Availability,
}

/// The last events of a child and a task within 90 days.
#[derive(Clone, Debug, Default)]
pub struct LastEvents {
    /// When the task was last activated.
    pub done_at: Option<Timestamp>,
    /// When a parent last cancelled a request.
    pub rejected_at: Option<Timestamp>,
    /// The parent's note about that.
    pub rejection: Option<String>,
}

/// The fields of an event that matter here.
#[derive(Deserialize)]
struct TaskEvent {
    id: String,
    entity_id: String,
    action: String,
    occurred_at: String,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    reverses: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

impl Service {
    /// Returns the tasks that are not penalties, with what they mean for a child. Fails if the caller may
    /// not read the child.
    pub async fn task_states(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<TaskState>, ServiceError> {
        let records = self.records_of(caller).await?;
        let child = caller.child(&*records, child_id)?;
        let all = Page::ALL;
        let mut tasks = records.tasks_page(&child.user_id, all).records;
        tasks.retain(|task| task.is_good);
        let mut last = self.last_events(caller, child_id).await?;
        let Listing { records: tasks, total } = Listing::of(tasks, page);
        let pending: Vec<_> =
            tasks.iter().map(|task| records.pending_task(&child.id, &task.id)).collect();
        let asked: Vec<_> = tasks
            .iter()
            .zip(&pending)
            .map(|(task, pending)| (&**task, pending.is_some()))
            .collect();
        let availability = self.availability(caller.user(), &child, &asked, &*records).await?;
        let states = tasks.into_iter().zip(pending).zip(availability);
        let states = states.map(|((task, pending), availability)| TaskState {
            pending,
            last: last.remove(task.id.as_str()).unwrap_or_default(),
            availability,
            task,
        });
        Ok(Listing { records: states.collect(), total })
    }

    /// Returns the last events of a child by the ids of the tasks.
    async fn last_events(
        &self,
        caller: &Caller,
        child_id: &ChildId,
    ) -> Result<HashMap<String, LastEvents>, ServiceError> {
        let filter = EventFilter {
            child_id: Some(child_id.clone()),
            user_id: Some(caller.user().id.clone()),
            entity_type: Some(EntityType::Task),
            from: Some(self.clock.now().before(PERIOD)),
            ..EventFilter::default()
        };
        let mut last: HashMap<String, LastEvents> = HashMap::new();
        // A reversal is newer than the event that it reverses. Neither of them counts.
        let mut reversed: HashSet<String> = HashSet::new();
        let mut scan = self.store.scan_events(&filter, SortOrder::Descending).await?;
        loop {
            let rows = scan.next(Page::MAX_LIMIT).await?;
            if rows.count() == 0 {
                return Ok(last);
            }
            for event in rows.read(0..rows.count()).await? {
                // An event of an older file may lack fields.
                let Ok(event) = serde_json::from_str::<TaskEvent>(&event) else { continue };
                if let Some(id) = event.reverses() {
                    reversed.insert(id.to_owned());
                } else if !reversed.contains(&event.id) {
                    last.entry(event.entity_id.clone()).or_default().add(event);
                }
            }
        }
    }
}

impl TaskEvent {
    fn reverses(&self) -> Option<&str> {
        let id = self.metadata.as_ref()?.reverses.as_deref();
        id.filter(|_| self.action == Action::Cancelled.as_str())
    }
}

impl LastEvents {
    /// Whether a parent has cancelled the last request, at this moment or later, and the task was not done since.
    pub fn is_rejected_since(&self, moment: Timestamp) -> bool {
        self.rejected_at.is_some_and(|at| moment <= at && self.done_at.is_none_or(|done| done < at))
    }

    /// Adds an event that is older than those before it.
    fn add(&mut self, event: TaskEvent) {
        let occurred_at = Timestamp::parse_iso(&event.occurred_at);
        let Metadata { actor, note, .. } = event.metadata.unwrap_or_default();
        match &*event.action {
            "activated" if self.done_at.is_none() => self.done_at = occurred_at,
            "cancelled" if self.rejected_at.is_none() && actor.as_deref() == Some("parent") => {
                self.rejected_at = occurred_at;
                self.rejection = note;
            }
            _ => {}
        }
    }
}

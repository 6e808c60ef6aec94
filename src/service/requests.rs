//! How requests for rewards and tasks begin and end.

use crate::domain::{
    Child, EndedRequest, Ending, EntityType, EventFields, EventId, Message, Note, PendingReward,
    PendingTask, Reward, Task, Timestamp,
};
use crate::store::{Change, Context, Snapshot};

pub(super) fn new_reward_request(
    child: &Child,
    reward: &Reward,
    note: Option<Note>,
    context: &mut Context,
) -> PendingReward {
    PendingReward {
        id: context.new_id(),
        user_id: child.user_id.clone(),
        child_id: child.id.clone(),
        child_name: child.name.clone(),
        reward_id: reward.id.clone(),
        reward_name: reward.name.clone(),
        created_at: Some(context.now()),
        cost: Some(reward.cost),
        note,
        extra: [].into(),
    }
}

pub(super) fn new_task_request(
    child: &Child,
    task: &Task,
    note: Option<Note>,
    context: &mut Context,
) -> PendingTask {
    PendingTask {
        id: context.new_id(),
        user_id: child.user_id.clone(),
        child_id: child.id.clone(),
        child_name: child.name.clone(),
        task_id: task.id.clone(),
        task_name: task.name.clone(),
        points: task.points,
        created_at: context.now(),
        note,
    }
}

/// How and when requests end.
pub(super) struct RequestEnd {
    ended: Ending,
    ended_at: Timestamp,
    event_id: Option<EventId>,
}

impl RequestEnd {
    /// The end with an event.
    pub(super) fn with(event: &EventFields, ended: Ending) -> Self {
        Self { ended, ended_at: event.occurred_at, event_id: Some(event.id.clone()) }
    }

    /// The end without an event: a task or reward is deleted, or the task can no longer be requested.
    pub(super) fn deleted(now: Timestamp) -> Self {
        Self { ended: Ending::Deleted, ended_at: now, event_id: None }
    }
}

/// A pending request for a reward or for a task.
pub(super) trait Pending {
    /// The change that removes it.
    fn removal(&self) -> Change;
    /// The record of its end.
    fn ended(&self, end: &RequestEnd) -> EndedRequest;
}

impl Pending for PendingReward {
    fn removal(&self) -> Change {
        Change::RemovePending(self.id.clone())
    }

    fn ended(&self, RequestEnd { ended, ended_at, event_id }: &RequestEnd) -> EndedRequest {
        EndedRequest {
            id: self.id.clone(),
            user_id: self.user_id.clone(),
            child_id: self.child_id.clone(),
            entity_type: EntityType::Reward,
            entity_id: self.reward_id.shared(),
            price: self.cost,
            requested_at: self.created_at,
            note: self.note.clone(),
            ended: *ended,
            ended_at: *ended_at,
            event_id: event_id.clone(),
        }
    }
}

impl Pending for PendingTask {
    fn removal(&self) -> Change {
        Change::RemovePendingTask(self.id.clone())
    }

    fn ended(&self, RequestEnd { ended, ended_at, event_id }: &RequestEnd) -> EndedRequest {
        EndedRequest {
            id: self.id.clone(),
            user_id: self.user_id.clone(),
            child_id: self.child_id.clone(),
            entity_type: EntityType::Task,
            entity_id: self.task_id.shared(),
            price: Some(self.points),
            requested_at: Some(self.created_at),
            note: self.note.clone(),
            ended: *ended,
            ended_at: *ended_at,
            event_id: event_id.clone(),
        }
    }
}

/// The changes that end requests of one family: they are removed, and how they ended is remembered in the
/// place of the oldest ended requests if there are too many. Front ends get a message about each.
pub(super) fn ends_of<'a, R: Pending + 'a>(
    requests: impl IntoIterator<Item = &'a R>,
    end: &RequestEnd,
    records: &dyn Snapshot,
) -> Vec<Change> {
    let ends = requests.into_iter().map(|request| (request.removal(), request.ended(end)));
    let (mut changes, mut ended): (Vec<Change>, Vec<EndedRequest>) = ends.unzip();
    changes.extend(ended.iter().map(|ended| Change::PutMessage(Message::request_ended(ended))));
    ended.truncate(EndedRequest::MOST);
    if let Some(EndedRequest { user_id, .. }) = ended.first() {
        let earlier = records.ended_requests_of(user_id);
        changes.extend(EndedRequest::forgotten(earlier, ended.len()).map(Change::RemoveEnded));
    }
    changes.extend(ended.into_iter().map(Change::PutEnded));
    changes
}

/// The changes that remove a request of a child that is deleted: no later answer can name it.
pub(super) fn removal_of(request: &impl Pending, now: Timestamp) -> [Change; 2] {
    let ended = request.ended(&RequestEnd::deleted(now));
    [request.removal(), Change::PutMessage(Message::request_ended(&ended))]
}

//! Commits that give a child a point and end its requests. Each ends the requests for a reward and a task,
//! with a message about each, and creates new ones, whose prices and notes contain the points.

use goldstar::domain::calendar::FamilySettings;
use goldstar::domain::{
    Amount, ChildId, Email, EndedRequest, Ending, EntityType, EventId, Message, Name, Note,
    PendingReward, PendingTask, RequestId, Role, Task, TaskId, Timestamp, User, UserId,
};
use goldstar::store::json::JsonStore;
use goldstar::store::{
    Change, Changes, Commit, CommitError, Context, FamilyRecords, Scope, Snapshot, Store,
};

use crate::store::point;

/// What is stored about the requests of a child.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Requests {
    /// The pending ones, with their prices and notes.
    pending: Vec<String>,
    /// Those that have ended, with their events.
    ended: Vec<String>,
    /// The requests that messages name, with their events.
    messages: Vec<String>,
}

/// Commits a point of a child as the answer to its requests. Creates the account if necessary.
pub(crate) async fn answer(
    store: &JsonStore,
    user: &str,
    child: &str,
) -> Result<Commit<()>, CommitError> {
    let (user_id, child_id) = (UserId::from(user), ChildId::from(child));
    let scope = Scope::Family(user_id.clone());
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        let mut changes = point(records, context, &user_id, &child_id);
        let event = changes.event.as_ref().unwrap();
        let (points, event) = (event.points_after.get(), event.id.clone());
        let now = context.now();
        if records.user(&user_id).is_none() {
            changes.records.extend([Change::PutUser(account(&user_id)), task(&user_id)]);
        }
        let family = records.family(&user_id);
        changes.records.extend(ends(&family, &child_id, &event, now));
        let of = (&user_id, &child_id);
        changes.records.extend([new_reward(of, points, now), new_task(of, points, now)]);
        Ok((changes, ()))
    };
    store.transact(scope, decide).await
}

fn account(id: &UserId) -> User {
    User {
        id: id.clone(),
        first_name: Name::from_stored("Paula"),
        last_name: Name::from_stored("Parent"),
        email: Email::from_stored(&format!("{id}@example.org")),
        password: "x".into(),
        role: Role::Parent,
        image_id: None,
        created_at: None,
        updated_at: None,
        deletion: None,
        language: None,
        family: FamilySettings::default(),
        schedule_at: None,
        member_of: None,
        extra: [].into(),
    }
}

/// The task that the children of an account request.
fn task(user_id: &UserId) -> Change {
    Change::PutTask(Task {
        id: task_id(user_id),
        user_id: Some(user_id.clone()),
        name: Name::from_stored("Make the bed"),
        points: Amount::new(1).unwrap(),
        is_good: true,
        image_id: None,
        created_at: None,
        updated_at: None,
        is_requestable: true,
        limit: None,
        schedule: None,
        icon: None,
        extra: [].into(),
    })
}

fn task_id(user_id: &UserId) -> TaskId {
    format!("task of {user_id}").into()
}

fn request_id(child: &ChildId, kind: EntityType, points: i64) -> RequestId {
    format!("{child}-{}-{points}", kind.as_str()).into()
}

fn note(points: i64) -> Note {
    Note::from_stored(format!("point {points}").into())
}

fn new_reward((user_id, child_id): (&UserId, &ChildId), points: i64, now: Timestamp) -> Change {
    Change::PutPending(PendingReward {
        id: request_id(child_id, EntityType::Reward, points),
        user_id: user_id.clone(),
        child_id: child_id.clone(),
        child_name: Name::from_stored("Mía"),
        reward_id: "reward".into(),
        reward_name: Name::from_stored("Ice cream"),
        created_at: Some(now),
        cost: Amount::new(points),
        note: Some(note(points)),
        extra: [].into(),
    })
}

fn new_task((user_id, child_id): (&UserId, &ChildId), points: i64, now: Timestamp) -> Change {
    Change::PutPendingTask(PendingTask {
        id: request_id(child_id, EntityType::Task, points),
        user_id: user_id.clone(),
        child_id: child_id.clone(),
        child_name: Name::from_stored("Mía"),
        task_id: task_id(user_id),
        task_name: Name::from_stored("Make the bed"),
        points: Amount::new(points).unwrap(),
        created_at: now,
        note: Some(note(points)),
    })
}

/// The changes that end a child's requests with an event.
fn ends(family: &FamilyRecords, child: &ChildId, event: &EventId, now: Timestamp) -> Vec<Change> {
    let rewards = family.pending.iter().filter(|it| it.child_id == *child);
    let rewards = rewards.map(|it| {
        let ended = (EntityType::Reward, it.cost, Ending::Redeemed);
        (Change::RemovePending(it.id.clone()), it.id.clone(), it.user_id.clone(), ended)
    });
    let tasks = family.pending_tasks.iter().filter(|it| it.child_id == *child);
    let tasks = tasks.map(|it| {
        let ended = (EntityType::Task, Some(it.points), Ending::Activated);
        (Change::RemovePendingTask(it.id.clone()), it.id.clone(), it.user_id.clone(), ended)
    });
    let changes = rewards.chain(tasks).flat_map(|(removal, id, user_id, ended)| {
        let (entity_type, price, ended) = ended;
        let ended = EndedRequest {
            id,
            user_id,
            child_id: child.clone(),
            entity_type,
            entity_id: entity_type.as_str().into(),
            price,
            requested_at: None,
            note: None,
            ended,
            ended_at: now,
            event_id: Some(event.clone()),
        };
        [removal, Change::PutMessage(Message::request_ended(&ended)), Change::PutEnded(ended)]
    });
    changes.collect()
}

/// Removes an account with all its records, as a deletion does.
pub(crate) async fn remove_account(store: &JsonStore, user: &str) -> Result<(), CommitError> {
    let user_id = UserId::from(user);
    let scope = Scope::Family(user_id.clone());
    let decide = move |records: &dyn Snapshot, _: &mut Context| {
        let FamilyRecords { children, tasks, pending, pending_tasks, ended, .. } =
            records.family(&user_id);
        let changes = children.iter().map(|it| Change::RemoveChild(it.id.clone()));
        let changes = changes.chain(tasks.iter().map(|it| Change::RemoveTask(it.id.clone())));
        let changes = changes.chain(pending.iter().map(|it| Change::RemovePending(it.id.clone())));
        let tasks = pending_tasks.iter().map(|it| Change::RemovePendingTask(it.id.clone()));
        let ended = ended.iter().map(|it| Change::RemoveEnded(it.id.clone()));
        let user = [Change::RemoveUser(user_id.clone())];
        Ok((Changes::of(changes.chain(tasks).chain(ended).chain(user)), ()))
    };
    store.transact(scope, decide).await.map(|_| ())
}

impl Requests {
    /// What a store contains about a child.
    pub(crate) async fn of(store: &JsonStore, user: &str, child: &str) -> Self {
        let (user_id, child_id) = (UserId::from(user), ChildId::from(child));
        let snapshot = store.read(Scope::Family(user_id.clone())).await.unwrap();
        let family = snapshot.family(&user_id);
        let text = |id: &RequestId, price: Option<Amount>, note: &Option<Note>| {
            let note = note.as_ref().map(Note::as_str);
            format!("{id}: {:?}, {note:?}", price.map(Amount::get))
        };
        let rewards = family.pending.iter().filter(|it| it.child_id == child_id);
        let tasks = family.pending_tasks.iter().filter(|it| it.child_id == child_id);
        let pending = rewards.map(|it| text(&it.id, it.cost, &it.note));
        let pending = pending.chain(tasks.map(|it| text(&it.id, Some(it.points), &it.note)));
        let ended = family.ended.iter().filter(|it| it.child_id == child_id);
        let ended = ended.map(|it| format!("{} by {}", it.id, it.event_id.as_ref().unwrap()));
        let messages = store.messages_of(&user_id).await.unwrap();
        let messages = messages.iter().filter(|it| it.child_id.as_ref() == Some(&child_id));
        let messages = messages.map(|it| {
            let field = |name: &str| it.payload[name].as_str().unwrap().to_owned();
            format!("{} by {}", field("request_id"), field("tracking_event_id"))
        });
        let (ended, messages) = (ended.collect(), messages.collect());
        Self { pending: pending.collect(), ended, messages }
    }

    /// What is stored about a child that was given so many points by [`answer`].
    pub(crate) fn after(child: &str, points: usize) -> Self {
        let kinds = ["reward", "task"];
        let pending = kinds.map(|kind| {
            format!("{child}-{kind}-{points}: Some({points}), Some(\"point {points}\")")
        });
        let by_next = |number: usize| {
            kinds.map(|kind| format!("{child}-{kind}-{number} by {child}-{}", number + 1))
        };
        let ended: Vec<String> = (1..points).flat_map(by_next).collect();
        let pending = if points > 0 { pending.into() } else { Vec::new() };
        Self { pending, messages: ended.clone(), ended }
    }
}

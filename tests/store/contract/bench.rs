//! A store to try, whichever implementation it is, and records to put into it.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::clock::Clock;
use goldstar::domain::ledger::{self, Actor};
use goldstar::domain::{
    Amount, Child, ChildId, Email, EventId, IdempotencyKey, Name, PendingReward, Points, Reward,
    RewardId, Role, RuleViolation, Session, Task, TaskId, Timestamp, TokenHash, User, UserId,
};
use goldstar::store::{
    BoxFuture, Change, Changes, CommitError, Committed, EventSink, NewEvent, Store, StoredEvent,
    View,
};

/// Where the clock of a [`Bench`] starts: 2026-02-09T18:42:15Z.
pub(crate) const START: i64 = 1_770_662_535_000_000;

/// Opens one implementation over what is kept in a folder (or in what the folder stands for).
pub(crate) type Open =
    for<'a> fn(&'a Path, Clock, Vec<Box<dyn EventSink>>) -> BoxFuture<'a, Arc<dyn Store>>;

/// A store under test, with a clock that is set by hand.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) micros: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    open: Open,
}

impl Bench {
    pub(crate) async fn new(open: Open) -> Self {
        Self::with_sinks(open, Vec::new()).await
    }

    /// A store that tells these of every event.
    pub(crate) async fn with_sinks(open: Open, sinks: Vec<Box<dyn EventSink>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let micros = Arc::new(AtomicI64::new(START));
        let store = open(folder.path(), Clock::manual(Arc::clone(&micros)), sinks).await;
        Self { store, micros, folder, open }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopen(self) -> Self {
        self.store.close().await.unwrap();
        let Self { store, micros, folder, open } = self;
        drop(store);
        let store = open(folder.path(), Clock::manual(Arc::clone(&micros)), Vec::new()).await;
        Self { store, micros, folder, open }
    }

    pub(crate) fn view(&self) -> Arc<dyn View> {
        self.store.view()
    }

    /// Sets the clock, in microseconds from [`START`].
    pub(crate) fn set_clock(&self, micros: i64) {
        self.micros.store(START + micros, Ordering::Relaxed);
    }

    /// Commits changes of records that need no decision.
    pub(crate) async fn put(&self, records: impl IntoIterator<Item = Change>) {
        let changes = Changes::of(records);
        self.commit(move |_, _| Ok(changes)).await.unwrap();
    }

    /// Commits what a decision without a value decides.
    pub(crate) async fn commit(
        &self,
        decide: impl FnOnce(&dyn View, Timestamp) -> Result<Changes, RuleViolation> + Send + 'static,
    ) -> Result<Committed, CommitError> {
        let decide = move |view: &dyn View, now: Timestamp| {
            let nothing: Box<dyn Any + Send> = Box::new(());
            Ok((decide(view, now)?, nothing))
        };
        self.store.commit(Box::new(decide)).await
    }

    /// Activates a task for a child, as the service does.
    pub(crate) async fn activate(&self, child: &str, task: &str) -> Arc<StoredEvent> {
        self.activate_with_key(child, task, None).await
    }

    pub(crate) async fn activate_with_key(
        &self,
        child: &str,
        task: &str,
        key: Option<(IdempotencyKey, String)>,
    ) -> Arc<StoredEvent> {
        let (child, task) = (ChildId::from(child), TaskId::from(task));
        let committed = self
            .commit(move |view, now| Ok(activation(view, now, &child, &task, key)))
            .await
            .unwrap();
        committed.event.expect("an activation is an event")
    }

    pub(crate) fn points(&self, child: &str) -> i64 {
        let child = self.view().child(&child.into()).expect("the child exists");
        child.points.get()
    }
}

/// The changes of one activation.
pub(crate) fn activation(
    view: &dyn View,
    now: Timestamp,
    child: &ChildId,
    task: &TaskId,
    remember: Option<(IdempotencyKey, String)>,
) -> Changes {
    let child = view.child(child).expect("the child exists");
    let task = view.task(task).expect("the task exists");
    let change = ledger::activate(&child, &task, Points::ZERO, Actor::Parent).unwrap();
    let mut changed = (*child).clone();
    changed.points = change.points_after();
    let id: EventId = goldstar::clock::new_id();
    let event = change.into_event(id, &child, now).unwrap();
    Changes { records: vec![Change::PutChild(changed)], event: Some(NewEvent { event, remember }) }
}

/// A family: the account `u`, its children `c1` and `c2`, a task of 5 and a penalty of 3 points.
pub(crate) fn family() -> Vec<Change> {
    vec![
        Change::PutUser(user("u", "parent@example.org")),
        Change::PutChild(child("c1", "u")),
        Change::PutChild(child("c2", "u")),
        Change::PutTask(task("good", Some("u"), 5, true)),
        Change::PutTask(task("bad", Some("u"), 3, false)),
        Change::PutReward(reward("r", Some("u"))),
    ]
}

pub(crate) fn user(id: &str, email: &str) -> User {
    User {
        id: id.into(),
        first_name: Name::from_stored("Zoë"),
        last_name: Name::from_stored("Example"),
        email: Email::from_stored(email),
        password: "scrypt:32768:8:3$salt$00".into(),
        role: Role::Parent,
        image_id: None,
        created_at: Some(Timestamp::from_micros(START)),
        updated_at: None,
        deletion: None,
        extra: [].into(),
    }
}

pub(crate) fn child(id: &str, user_id: &str) -> Child {
    Child {
        id: id.into(),
        user_id: user_id.into(),
        name: Name::from_stored("Mía"),
        age: Some(6),
        points: Points::ZERO,
        tasks: ["good".into()].into(),
        rewards: [].into(),
        image_id: None,
        created_at: Some(Timestamp::from_micros(START)),
        updated_at: None,
        extra: [].into(),
    }
}

pub(crate) fn task(id: &str, user_id: Option<&str>, points: i64, is_good: bool) -> Task {
    Task {
        id: id.into(),
        user_id: user_id.map(UserId::from),
        name: Name::from_stored("Homework \u{1f415}"),
        points: Amount::new(points).unwrap(),
        is_good,
        image_id: None,
        created_at: None,
        updated_at: None,
        extra: [].into(),
    }
}

pub(crate) fn reward(id: &str, user_id: Option<&str>) -> Reward {
    Reward {
        id: id.into(),
        user_id: user_id.map(UserId::from),
        name: Name::from_stored("Ice cream"),
        description: "".into(),
        cost: Amount::new(20).unwrap(),
        image_id: None,
        created_at: None,
        updated_at: None,
        extra: [].into(),
    }
}

pub(crate) fn pending(id: &str, child_id: &str, reward_id: &str) -> PendingReward {
    PendingReward {
        id: id.into(),
        user_id: "u".into(),
        child_id: ChildId::from(child_id),
        child_name: Name::from_stored("Mía"),
        reward_id: RewardId::from(reward_id),
        reward_name: Name::from_stored("Ice cream"),
        created_at: Some(Timestamp::from_micros(START)),
        extra: [].into(),
    }
}

pub(crate) fn session(hash: &str, user_id: &str) -> Session {
    let now = Timestamp::from_micros(START);
    Session::begin(TokenHash(hash.into()), user_id.into(), None, now)
}

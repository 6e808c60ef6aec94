//! A store of any implementation, and records for it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, mpsc};

use goldstar::clock::Clock;
use goldstar::disk::RealDisk;
use goldstar::domain::calendar::FamilySettings;
use goldstar::domain::ledger::{self, Actor, Answer, EventOrigin};
use goldstar::domain::{
    Amount, Child, ChildId, Email, EndedRequest, Ending, EntityType, IdempotencyKey,
    IdempotencyRecord, KeyTime, Mutation, MutationDetails, Name, Note, Operation, PendingReward,
    Points, Reward, RewardId, Role, RuleViolation, Session, Task, TaskId, Timestamp, TokenHash,
    TrackingEvent, User, UserId,
};
use goldstar::metrics;
use goldstar::store::json::{CHECKPOINT_BYTES, INDEX_EVENTS, JsonStore, Options, Progress};
use goldstar::store::memory::MemoryStore;
use goldstar::store::postgres::{DatabaseUrl, PostgresStore};
use goldstar::store::{
    AnyStore, Change, Changes, Commit, CommitError, Context, KeyUse, Scope, Snapshot, Store,
    StoredEvent,
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::cluster::{execute, new_database};

/// Where the clock of a [`Bench`] starts: 2026-02-09T18:42:15Z.
pub(crate) const START: i64 = 1_770_662_535_000_000;

/// The data of a store while it is closed.
pub(crate) enum Medium {
    /// The folder of a `JsonStore`.
    Folder(tempfile::TempDir),
    Memory(Option<MemoryStore>),
    /// The URL of a database.
    Database(String),
}

/// What the stores on PostgreSQL run on. It is not that of a test, which may block its thread.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

impl Medium {
    pub(crate) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn memory() -> Self {
        Self::Memory(None)
    }

    pub(crate) fn database() -> Self {
        Self::Database(new_database())
    }

    fn open(&mut self, clock: Clock) -> AnyStore {
        match self {
            Self::Folder(folder) => {
                let options = Options {
                    data_dir: folder.path().to_owned(),
                    disk: Arc::new(RealDisk),
                    metrics: metrics::Store::default(),
                    now: Arc::new(move || clock.now()),
                    checkpoint_bytes: CHECKPOINT_BYTES,
                    index_events: INDEX_EVENTS,
                    progress: Progress::silent(),
                };
                JsonStore::open(options).unwrap().into()
            }
            Self::Memory(last) => {
                let store = last.take().map_or_else(|| MemoryStore::new(clock), |it| it.reopened());
                *last = Some(store.clone());
                store.into()
            }
            Self::Database(url) => {
                let url = DatabaseUrl::new(&**url);
                let (sender, store) = mpsc::channel();
                RUNTIME.spawn(async move {
                    sender.send(PostgresStore::open(&url, clock, metrics::Store::default()).await)
                });
                store.recv().unwrap().unwrap().into()
            }
        }
    }
}

/// A store under test, with a manual clock.
pub(crate) struct Bench {
    pub(crate) store: AnyStore,
    pub(crate) micros: Arc<AtomicI64>,
    medium: Medium,
}

impl Bench {
    pub(crate) fn new(mut medium: Medium) -> Self {
        let micros = Arc::new(AtomicI64::new(START));
        let store = medium.open(Clock::manual(Arc::clone(&micros)));
        Self { store, micros, medium }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopen(self) -> Self {
        self.store.close().await.unwrap();
        let Self { store, micros, mut medium } = self;
        drop(store);
        let store = medium.open(Clock::manual(Arc::clone(&micros)));
        Self { store, micros, medium }
    }

    pub(crate) async fn read(&self, scope: Scope) -> Arc<dyn Snapshot> {
        self.store.read(scope).await.unwrap()
    }

    /// The records of the families `u` and `other-family`.
    pub(crate) async fn families(&self) -> Arc<dyn Snapshot> {
        self.read(both()).await
    }

    pub(crate) async fn setting(&self, name: &str) -> Option<Value> {
        self.read(Scope::Server).await.setting(name)
    }

    /// Sets the clock, in microseconds from [`START`].
    pub(crate) fn set_clock(&self, micros: i64) {
        self.micros.store(START + micros, Ordering::Relaxed);
    }

    /// Lets the time pass that idempotency keys are valid, and returns the time after it.
    pub(crate) fn pass_key_lifetime(&self) -> KeyTime {
        let lifetime = IdempotencyRecord::LIFETIME;
        if let Medium::Database(url) = &self.medium {
            let earlier = format!(
                "UPDATE records SET expires_at = expires_at - {} WHERE kind = 'idempotency_keys'",
                lifetime.as_micros()
            );
            execute(url, &earlier);
        }
        KeyTime::at(Timestamp::from_micros(START).after(lifetime))
    }

    /// Commits changes without a decision.
    pub(crate) async fn put(&self, records: impl IntoIterator<Item = Change>) {
        let changes = Changes::of(records);
        self.commit(move |_, _| Ok(changes.clone())).await.unwrap();
    }

    /// Executes a decision without a value on both families.
    pub(crate) async fn commit(
        &self,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Result<Changes, RuleViolation>
        + Send
        + Sync
        + 'static,
    ) -> Result<Commit<()>, CommitError> {
        let decide = move |records: &dyn Snapshot, context: &mut Context| {
            Ok((decide(records, context)?, ()))
        };
        self.store.transact(both(), decide).await
    }

    /// Activates a task for a child, as the service does.
    pub(crate) async fn activate(&self, child: &str, task: &str) -> Arc<StoredEvent> {
        self.activate_with_key(child, task, None).await
    }

    pub(crate) async fn activate_with_key(
        &self,
        child: &str,
        task: &str,
        key: Option<KeyUse>,
    ) -> Arc<StoredEvent> {
        let (child, task) = (ChildId::from(child), TaskId::from(task));
        let committed = self
            .commit(move |records, context| {
                Ok(activation(records, context, &child, &task, key.clone()))
            })
            .await
            .unwrap();
        committed.event.expect("an activation is an event")
    }

    pub(crate) async fn activate_with_note(
        &self,
        child: &str,
        task: &str,
        note: &str,
    ) -> Arc<StoredEvent> {
        let (child, task) = (ChildId::from(child), TaskId::from(task));
        let note = Some(Note::from_stored(note.into()));
        let committed = self.commit(move |records, context| {
            Ok(activation_with(records, context, (&child, &task), note.clone(), None))
        });
        committed.await.unwrap().event.expect("an activation is an event")
    }

    pub(crate) async fn points(&self, child: &str) -> i64 {
        let child = self.families().await.child(&child.into()).expect("the child exists");
        child.points.get()
    }
}

/// The changes of one activation.
pub(crate) fn activation(
    records: &dyn Snapshot,
    context: &mut Context,
    child: &ChildId,
    task: &TaskId,
    remember: Option<KeyUse>,
) -> Changes {
    activation_with(records, context, (child, task), None, remember)
}

fn activation_with(
    records: &dyn Snapshot,
    context: &mut Context,
    (child, task): (&ChildId, &TaskId),
    note: Option<Note>,
    remember: Option<KeyUse>,
) -> Changes {
    let child = records.child(child).expect("the child exists");
    let task = records.task(task).expect("the task exists");
    let (event_id, now) = (context.new_id(), context.now());
    let origin = EventOrigin { event_id, actor: Actor::Parent, member: None, now, note };
    let answer = Answer::default();
    let event = ledger::activate(&child, &task, answer, Points::ZERO, origin).unwrap();
    let event = TrackingEvent::new(event).unwrap();
    let child = Child { points: event.points_after, ..(*child).clone() };
    Changes { records: vec![Change::PutChild(child)], event: Some(event), remember, lease: None }
}

/// The use of a key to activate the task `good` for the child `c1`.
pub(crate) fn used_key(key: &str) -> KeyUse {
    let operation = Operation::Activate("good".into());
    let mutation = Mutation::new("c1", operation, MutationDetails::default());
    KeyUse {
        user_id: "u".into(),
        key: IdempotencyKey::parse(key).unwrap(),
        fingerprint: mutation.fingerprint().into(),
        record: None,
        at: Timestamp::from_micros(START),
    }
}

fn both() -> Scope {
    Scope::of_families(["u".into(), "other-family".into()])
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
        language: None,
        family: FamilySettings::default(),
        schedule_at: None,
        member_of: None,
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
        colour: None,
        goal: None,
        pin: None,
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
        is_requestable: true,
        limit: None,
        schedule: None,
        icon: None,
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
        icon: None,
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
        cost: None,
        note: None,
        extra: [].into(),
    }
}

/// A request of the child `c1` that has ended.
pub(crate) fn ended(id: &str, ended_at: Timestamp) -> EndedRequest {
    EndedRequest {
        id: id.into(),
        user_id: "u".into(),
        child_id: "c1".into(),
        entity_type: EntityType::Task,
        entity_id: "good".into(),
        price: Amount::new(5),
        requested_at: None,
        note: Some(Note::from_stored("Please".into())),
        ended: Ending::Deleted,
        ended_at,
        event_id: None,
    }
}

pub(crate) fn session(hash: &str, user_id: &str) -> Session {
    let now = Timestamp::from_micros(START);
    Session::begin(TokenHash(hash.into()), user_id.into(), None, now)
}

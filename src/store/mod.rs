//! Floor 1: where a family's records and the audit history are kept.
//!
//! [`Store`] speaks plain domain types, and one contract test (`tests/store/contract`) runs over
//! every implementation. [`json`] is the one that there is: a journal, with TinyDB files as its
//! projections.

pub mod json;
mod page;

pub use page::{EventPage, EventRows, FoundEvents};

use std::any::Any;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use crate::domain::{
    Child, ChildId, Email, EventFilter, IdempotencyKey, IdempotencyRecord, KeyTime, Page,
    PendingReward, PendingRewardId, Reward, RewardId, RowNumber, RuleViolation, Session, SortOrder,
    Task, TaskId, Timestamp, TokenHash, TrackingEvent, User, UserId,
};

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Decides a change on the newest state. It gets the time by the clock, and may hand a value out of the
/// decision next to its changes.
///
/// It must not block, and it is called at most once.
pub type Decide = Box<
    dyn FnOnce(&dyn View, Timestamp) -> Result<(Changes, Box<dyn Any + Send>), RuleViolation>
        + Send,
>;

/// A store of records and of the audit history.
pub trait Store: Send + Sync {
    /// The state after the last durable commit: a snapshot, which stays as it is however long it is
    /// kept. Never waits for the disk.
    fn view(&self) -> Arc<dyn View>;

    /// Calls `decide` and makes what it decided durable.
    ///
    /// Decisions are taken one after the other, each on the state that the ones before it left. A
    /// change is durable, visible to [`Store::view`] and to [`History`], and handed to every
    /// [`EventSink`], before this answers. After an error nothing has changed, except where it is
    /// [`CommitError::OutcomeUnknown`].
    ///
    /// The commit goes on to its end where the future is dropped.
    fn commit(&self, decide: Decide) -> BoxFuture<'_, Result<Committed, CommitError>>;

    /// Finds the events that `filter` is for, in `order`, and how many there are in all. They are read
    /// from what this returns, in pieces.
    fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>>;

    /// The same, read at once.
    fn events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> BoxFuture<'_, Result<EventPage, ReadError>> {
        let found = self.find_events(filter, order, page);
        Box::pin(async move {
            let FoundEvents { rows, total } = found.await?;
            Ok(EventPage { events: rows.read(0..rows.count()).await?, total })
        })
    }

    /// The audit history, for replay.
    fn history(&self) -> Arc<dyn History>;

    /// The latest time of a record or an event when the store was opened.
    fn newest(&self) -> Option<Timestamp>;

    /// What works and what doesn't.
    fn health(&self) -> Health;

    /// Takes an account out of the audit history: in each of its events the account's id becomes
    /// null, and all else stays. Returns how many events that were, none in a repeat.
    ///
    /// It is durable, and seen by every later read, when this answers. Events that are committed
    /// for the account meanwhile may stay: its records must be gone before. Other commits go on
    /// between its small pieces. After an error some of the events may have been changed; a repeat
    /// goes on with the others.
    fn anonymize(&self, user_id: &UserId) -> BoxFuture<'_, Result<usize, CommitError>>;

    /// Has every [`EventSink`] forget an account. Safe to repeat. After an error some may have.
    fn forget(&self, user_id: &UserId) -> BoxFuture<'_, io::Result<()>>;

    /// Lets the past go: whatever was removed from the records or taken out of the audit history
    /// before this was called is nowhere on the disk when this answers. Commits go on meanwhile.
    /// Safe to repeat.
    fn purge(&self) -> BoxFuture<'_, io::Result<()>>;

    /// Takes no more commits, brings everything to its final form and lets go of it. Safe to call
    /// twice. After an error what was committed is still durable, and the next start completes it.
    fn close(&self) -> BoxFuture<'_, io::Result<()>>;
}

/// One state of all records. Lists come in the order in which their records were made.
pub trait View: Send + Sync {
    /// Whether there is no record of any kind.
    fn is_empty(&self) -> bool;
    /// The account with that id.
    fn user(&self, id: &UserId) -> Option<Arc<User>>;
    /// The account with that email address, in whatever case.
    fn user_by_email(&self, email: &Email) -> Option<Arc<User>>;
    /// Every account.
    fn users(&self) -> Vec<Arc<User>>;
    /// Every account that is marked for deletion, those whose deletion has begun too. Looks at every
    /// account.
    fn marked_users(&self) -> Vec<Arc<User>>;
    /// How many accounts there are.
    fn count_users(&self) -> usize;
    /// How many administrators there are, those that are marked for deletion not counted. Looks at
    /// every account.
    fn count_admins(&self) -> usize;
    /// The session whose token has that hash, be it expired or not.
    fn session(&self, token_hash: &TokenHash) -> Option<Arc<Session>>;
    /// Every session of an account, its children's too.
    fn sessions_of(&self, user_id: &UserId) -> Vec<Arc<Session>>;
    /// The sessions of one of a family's children. Looks at no other session.
    fn sessions_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<Session>>;
    /// Every session that is over at `now`.
    fn expired_sessions(&self, now: Timestamp) -> Vec<Arc<Session>>;
    /// Every session that ends after `moment`. Looks at every session.
    fn sessions_ending_after(&self, moment: Timestamp) -> Vec<Arc<Session>>;
    /// The child with that id, of whatever family.
    fn child(&self, id: &ChildId) -> Option<Arc<Child>>;
    /// How many children a family has. Looks at none of them; so do the other counts of a family.
    fn count_children(&self, user_id: &UserId) -> usize;
    /// How many tasks and penalties a family has, those offered to every family not counted.
    fn count_tasks(&self, user_id: &UserId) -> usize;
    /// How many rewards a family has, those offered to every family not counted.
    fn count_rewards(&self, user_id: &UserId) -> usize;
    /// How many requests wait in a family.
    fn count_pending(&self, user_id: &UserId) -> usize;
    /// How many sessions an account has, its children's too, those that are over included.
    fn count_sessions(&self, user_id: &UserId) -> usize;
    /// The children of a family.
    fn children_of(&self, user_id: &UserId) -> Vec<Arc<Child>>;
    /// A page of the children of a family. Looks at no others; so do the other pages.
    fn children_page(&self, user_id: &UserId, page: Page) -> Listed<Child>;
    /// The task or penalty with that id, of whatever family.
    fn task(&self, id: &TaskId) -> Option<Arc<Task>>;
    /// The tasks and penalties of a family, and those offered to every family.
    fn tasks_for(&self, user_id: &UserId) -> Vec<Arc<Task>>;
    /// A page of [`Self::tasks_for`].
    fn tasks_page(&self, user_id: &UserId, page: Page) -> Listed<Task>;
    /// The tasks and penalties of a family alone.
    fn tasks_of(&self, user_id: &UserId) -> Vec<Arc<Task>>;
    /// The reward with that id, of whatever family.
    fn reward(&self, id: &RewardId) -> Option<Arc<Reward>>;
    /// The rewards of a family, and those offered to every family.
    fn rewards_for(&self, user_id: &UserId) -> Vec<Arc<Reward>>;
    /// A page of [`Self::rewards_for`].
    fn rewards_page(&self, user_id: &UserId, page: Page) -> Listed<Reward>;
    /// The rewards of a family alone.
    fn rewards_of(&self, user_id: &UserId) -> Vec<Arc<Reward>>;
    /// A child's request for a reward.
    fn pending(&self, child_id: &ChildId, reward_id: &RewardId) -> Option<Arc<PendingReward>>;
    /// Every request that waits in a family.
    fn pending_of(&self, user_id: &UserId) -> Vec<Arc<PendingReward>>;
    /// A page of the requests that wait in a family: all of them, or those of one child.
    fn pending_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listed<PendingReward>;
    /// Every request of a family's child. Looks at no other request.
    fn pending_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<PendingReward>>;
    /// Every request of a family for a reward. Looks at no other request.
    fn pending_of_reward(&self, user_id: &UserId, reward_id: &RewardId) -> Vec<Arc<PendingReward>>;
    /// What an account's idempotency key stands for, be it expired or not.
    fn remembered(&self, user_id: &UserId, key: &IdempotencyKey) -> Option<Arc<IdempotencyRecord>>;
    /// Every idempotency key that is over at that time.
    fn expired_keys(&self, time: &KeyTime) -> Vec<Arc<IdempotencyRecord>>;
    /// Every idempotency key of an account, be it expired or not.
    fn keys_of(&self, user_id: &UserId) -> Vec<Arc<IdempotencyRecord>>;
    /// What a setting is set to; none where it was never set.
    fn setting(&self, name: &str) -> Option<Value>;
}

/// What one decision changes: all of it becomes durable, or nothing.
#[derive(Debug, Default)]
pub struct Changes {
    /// The records, in the order in which they are put and removed.
    pub records: Vec<Change>,
    /// What goes into the audit history.
    pub event: Option<NewEvent>,
}

impl Changes {
    /// No change: the decision only had to be taken in order.
    pub fn none() -> Self {
        Self::default()
    }

    /// Changes of records, without an event.
    pub fn of(records: impl IntoIterator<Item = Change>) -> Self {
        Self { records: records.into_iter().collect(), event: None }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.event.is_none()
    }
}

/// A change of one record: its whole new contents, or its end. Putting a record whose id is there
/// replaces it and leaves the fields that Goldstar doesn't know as they are; removing one that
/// isn't there changes nothing. With an account go whatever rows of a store's are marked as its own
/// and are no record.
#[derive(Debug)]
pub enum Change {
    PutUser(User),
    RemoveUser(UserId),
    PutChild(Child),
    RemoveChild(ChildId),
    PutTask(Task),
    RemoveTask(TaskId),
    PutReward(Reward),
    RemoveReward(RewardId),
    PutPending(PendingReward),
    RemovePending(PendingRewardId),
    PutSession(Session),
    RemoveSession(TokenHash),
    Forget(UserId, IdempotencyKey),
    PutSetting { name: Arc<str>, value: Value },
}

/// An event on its way into the audit history.
#[derive(Debug)]
pub struct NewEvent {
    /// The event, with the time that the decision was given. The store moves it behind the family's
    /// last event, by [`TrackingEvent::following`].
    pub event: TrackingEvent,
    /// The key, and the mutation's fingerprint, by which a repeat is to be known.
    pub remember: Option<(IdempotencyKey, String)>,
}

/// An event in the audit history.
#[derive(Debug)]
pub struct StoredEvent {
    /// Its number: grows with every event, unique within the history.
    pub row: RowNumber,
    /// The event.
    pub event: TrackingEvent,
    /// The event as the JSON object that is answered for it, byte for byte as it is kept.
    pub json: Arc<str>,
}

/// What a commit did.
pub struct Committed {
    /// The event that the changes held.
    pub event: Option<Arc<StoredEvent>>,
    /// What the decision handed out.
    pub value: Box<dyn Any + Send>,
}

/// One page of a list of records.
#[derive(Debug)]
pub struct Listed<T> {
    /// The page.
    pub records: Vec<Arc<T>>,
    /// How many records there are on all pages.
    pub total: usize,
}

/// The audit history in the order of writing.
pub trait History: Send + Sync {
    /// The number of the last event; 0 where there is none.
    fn last_row(&self) -> RowNumber;

    /// The event with that number.
    fn event(&self, row: RowNumber) -> Result<Option<StoredEvent>, ReadError>;

    /// How many events `filter` is for whose number is above `row`. Reads none of them, and counts
    /// no further than `limit`.
    fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize;

    /// The first `limit` events that `filter` is for and whose number is above `row`; in the place
    /// of what another program wrote and is no event, that.
    fn events_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Result<StoredEvent, Malformed>>, ReadError>;
}

/// Something that follows the audit history: it is told every event once, in commit order, after
/// the commit and before its answer.
///
/// A sink can't refuse an event. What it can't use now it must fetch from the history later.
pub trait EventSink: Send {
    /// What it is called in [`Health`].
    fn name(&self) -> &'static str;

    /// Called once, before anything else.
    fn resume(&mut self, from: Resume<'_>, history: &dyn History);

    /// The next new events, in commit order. The history holds them already, and maybe others that
    /// are still to be told.
    fn apply(&mut self, events: &[Arc<StoredEvent>], history: &dyn History);

    /// Called about once a second while [`EventSink::health`] shows a backlog.
    fn retry(&mut self, history: &dyn History);

    /// Called about once a second while there is nothing else to do: files that it keeps open may have
    /// lost their names.
    fn look(&mut self) {}

    /// How far it has come by now, durable or not; none if that doesn't help it after a kill. It is
    /// kept for [`Resume::reached`].
    fn reached(&self) -> Option<String> {
        None
    }

    /// What it has fallen behind by.
    fn health(&self) -> Projection;

    /// Forgets an account: whatever it keeps of that account's events goes, and no later
    /// [`EventSink::checkpoint`] tells of them. They stay in the history, without the account. Safe
    /// to repeat; after an error some of it may still be there.
    fn forget(&mut self, user_id: &UserId) -> io::Result<()>;

    /// Notes what it has done so far, and returns what makes that durable and then yields the text
    /// that [`EventSink::resume`] gets after a crash. The work is done on another thread.
    fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send>;
}

/// Where a sink stands when a store opens.
#[derive(Clone, Copy, Debug)]
pub struct Resume<'a> {
    /// What its last checkpoint yielded; none where there was none.
    pub saved: Option<&'a str>,
    /// What [`EventSink::reached`] last gave before the last process was killed; none if the machine
    /// may have stopped since, so that what wasn't durable may be lost.
    pub reached: Option<&'a str>,
    /// The last event that Goldstar itself wrote; what comes after it in the history is the work of
    /// another program.
    pub written: RowNumber,
}

/// The state of something that follows the commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// What it is called.
    pub name: &'static str,
    /// How many changes it has yet to make.
    pub backlog: usize,
    /// Why, where it failed last time.
    pub last_error: Option<String>,
}

/// What works and what doesn't.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Whether commits are refused until a restart: the outcome of one is unknown, or the files in
    /// which they would be kept are not in their place.
    pub read_only: bool,
    /// Why commits are refused or fail now; none if the last one was written. It may be shown to
    /// anyone.
    pub trouble: Option<String>,
    /// Every projection.
    pub projections: Vec<Projection>,
}

/// Why a commit didn't happen.
#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// The decision was to refuse.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// It couldn't be made durable. Nothing has changed.
    #[error("the change could not be made durable")]
    NotDurable,
    /// The disk is full. Nothing has changed.
    #[error("the disk is full")]
    StorageFull,
    /// It couldn't be made durable, nor undone for certain. The store takes no more commits.
    #[error("whether the change is durable is unknown")]
    OutcomeUnknown,
    /// The outcome of an earlier commit is unknown, or the store has lost its files.
    #[error("the store takes no changes until it is restarted")]
    ReadOnly,
    /// The decision panicked. Nothing has changed.
    #[error("the decision panicked")]
    Panicked,
    /// The store is closed or closing. Nothing has changed.
    #[error("the store is closed")]
    Closed,
}

/// Why the history couldn't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The disk failed.
    #[error("the audit history could not be read")]
    Io(#[from] io::Error),
    /// It isn't all there.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Another program wrote something that is no event.
#[derive(Debug, Error)]
#[error("event {row} is not well-formed: {why}")]
pub struct Malformed {
    /// The event's number.
    pub row: RowNumber,
    /// What is wrong with it.
    pub why: String,
}

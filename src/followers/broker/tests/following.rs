//! The thread that follows the history.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake};
use std::thread;

use tokio::sync::watch;

use super::*;
use crate::domain::{
    Action, ChangedKind, EntityType, EventFields, Message, Points, Timestamp, TrackingEvent,
};
use crate::store::{
    Fence, Followed, FollowedMessages, Lease, Purpose, ReadError, SavedCursor, StoredEvent,
};

/// A history to which a test adds events.
#[derive(Default)]
struct Grown {
    events: Mutex<Vec<Arc<StoredEvent>>>,
    messages: Mutex<Vec<Arc<Message>>>,
    wakeups: watch::Sender<()>,
    /// Whether the next read fails.
    fails: AtomicBool,
}

impl Grown {
    /// Adds an event of the account `u`.
    fn add(&self) {
        self.add_of("u");
    }

    fn add_of(&self, user_id: &str) {
        let mut events = self.events.lock();
        let event = TrackingEvent::new(EventFields {
            id: "e".into(),
            user_id: Some(user_id.into()),
            child_id: "c".into(),
            entity_type: EntityType::Reward,
            entity_id: "t".to_owned(),
            action: Action::Requested,
            points_before: Points::ZERO,
            points_after: Points::ZERO,
            delta: 0,
            occurred_at: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            metadata: None,
        });
        let seq = Seq(events.len() as u64 + 1);
        events.push(Arc::new(StoredEvent { seq, event: event.unwrap(), json: "".into() }));
    }

    fn wake(&self) {
        self.wakeups.send_replace(());
    }
}

fn at(number: usize) -> MessagePosition {
    MessagePosition { transaction: 0, number: number as u64 }
}

impl Following for Grown {
    fn end(&self) -> Position {
        Position(self.events.lock().len() as u64)
    }

    fn events_since(
        &self,
        Position(after): Position,
        _family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        if self.fails.swap(false, Ordering::SeqCst) {
            return Err(io::Error::other("it fails").into());
        }
        let events = self.events.lock();
        let rest = events.iter().filter(|event| event.seq.0 > after).take(limit);
        let found: Vec<_> = rest.map(|event| (Position(event.seq.0), Arc::clone(event))).collect();
        let through = found.last().map_or(Position(after), |(position, _)| *position);
        let has_more = through.0 < events.len() as u64;
        Ok(Followed { events: found, through, has_more })
    }

    fn count_since(&self, Position(after): Position) -> usize {
        self.events.lock().len() - usize::try_from(after).unwrap()
    }

    fn messages_end(&self) -> Result<MessagePosition, ReadError> {
        Ok(at(self.messages.lock().len()))
    }

    fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, ReadError> {
        let messages = self.messages.lock();
        let numbered = messages.iter().zip(1..).filter(|(_, number)| at(*number) > after);
        let found: Vec<_> = numbered.take(limit).map(|(it, n)| (at(n), Arc::clone(it))).collect();
        let through = found.last().map_or(after, |(position, _)| *position);
        let has_more = through < at(messages.len());
        Ok(FollowedMessages { messages: found, through, has_more })
    }

    fn wakeups(&self) -> watch::Receiver<()> {
        self.wakeups.subscribe()
    }

    fn cursor(&self, _follower: &str) -> Result<SavedCursor, ReadError> {
        Ok(SavedCursor::default())
    }

    fn save_cursor(&self, _follower: &str, _cursor: String, _lease: &Fence) {}

    fn note_cursor(&self, _follower: &str, _cursor: String) {}

    fn lease(&self, _purpose: Purpose) -> Option<Lease> {
        None
    }
}

fn following() -> (Arc<Grown>, Broker) {
    let history = Arc::new(Grown::default());
    let followed = Arc::clone(&history) as Arc<dyn Following>;
    let broker = Broker::follow(followed, Epoch::default(), metrics::Live::default()).unwrap();
    (history, broker)
}

#[tokio::test]
async fn every_event_after_the_subscription_is_published() {
    let (history, broker) = following();
    history.add();
    let mut subscriber = subscribe(&broker, family("u"));
    history.add();
    history.wake();
    // The first event may be published, too; a subscriber skips it.
    while subscriber.next().await.unwrap().number() != 2 {}
    for first in (3..700).step_by(100) {
        (0..100).for_each(|_| history.add());
        history.wake();
        assert_eq!(numbers(&mut subscriber, 100).await, (first..first + 100).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn messages_follow_the_events_that_were_committed_with_them() {
    let (history, broker) = following();
    let mut subscriber = subscribe(&broker, family("v"));
    let message = |user_id: &str| {
        let (kind, now) = (ChangedKind::Task, Timestamp::EPOCH);
        Arc::new(Message::records_changed(user_id.into(), kind, "t", None, now))
    };
    {
        // The lock delays the broker, so that it finds more events than it reads at once.
        let mut messages = history.messages.lock();
        messages.extend(["v", "u", "v"].map(message));
        (0..EVENTS_AT_ONCE).for_each(|_| history.add());
        history.add_of("v");
    }
    history.wake();
    assert_eq!(numbers(&mut subscriber, 1).await, [EVENTS_AT_ONCE as u64 + 1]);
    for number in [1, 3] {
        let received = subscriber.next().await.unwrap();
        assert_eq!((received.place, &received.unnamed), (Place::Message(number), &None));
        assert!(received.named.starts_with(b"event: records_changed\ndata: "));
    }
}

#[tokio::test]
async fn lost_and_repeated_wakeups_and_a_failed_read_lose_nothing() {
    let (history, broker) = following();
    let mut subscriber = subscribe(&broker, family("u"));
    history.add();
    // There is no wake-up.
    assert_eq!(numbers(&mut subscriber, 1).await, [1]);
    history.fails.store(true, Ordering::SeqCst);
    history.add();
    for _ in 0..10 {
        history.wake();
    }
    assert_eq!(numbers(&mut subscriber, 1).await, [2]);
    history.wake();
    history.add();
    assert_eq!(numbers(&mut subscriber, 1).await, [3]);
}

#[tokio::test]
async fn events_committed_before_the_end_are_published() {
    let (history, broker) = following();
    let mut subscriber = subscribe(&broker, family("u"));
    history.add();
    broker.close_all();
    assert_eq!(numbers(&mut subscriber, 1).await, [1]);
    assert!(subscriber.next().await.is_none());
}

#[test]
fn the_thread_ends_with_the_broker() {
    let (history, broker) = following();
    let clone = broker.clone();
    drop(broker);
    let thread = Arc::downgrade(clone.thread.as_ref().unwrap());
    drop(clone);
    assert!(thread.upgrade().is_none());
    while Arc::strong_count(&history) > 1 {
        thread::yield_now();
    }
}

#[tokio::test]
async fn a_panic_of_the_thread_ends_every_stream() {
    struct Mistaken;
    impl Wake for Mistaken {
        fn wake(self: Arc<Self>) {
            panic!("a mistake in an executor");
        }
    }
    let (history, broker) = following();
    let mut other = subscribe(&broker, family("other"));
    let mut stuck = subscribe(&broker, family("u"));
    let waker = Arc::new(Mistaken).into();
    assert!(pin!(stuck.next()).poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(!broker.has_failed());
    history.add();
    history.wake();
    assert!(other.next().await.is_none(), "nobody would publish anything to it");
    assert!(broker.has_failed());
    let mut later = subscribe(&broker, family("u"));
    assert!(later.next().await.is_none());
    assert_eq!(reader_count(&broker), 0);
}

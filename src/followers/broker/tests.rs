use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::*;
use crate::domain::{
    Action, ChangedKind, EntityType, EventFields, Message, Points, Seq, Timestamp, TrackingEvent,
};
use crate::store::{
    Fence, Followed, FollowedMessages, Lease, Purpose, ReadError, SavedCursor, StoredEvent,
};

fn interest(user_id: &str, child_id: Option<&str>, session: &str) -> Interest {
    Interest {
        user_id: user_id.into(),
        child_id: child_id.map(Into::into),
        session: TokenHash(session.into()),
    }
}

fn family(user_id: &str) -> Interest {
    interest(user_id, None, "s")
}

fn message(seq: u64, user_id: &str, child_id: &str) -> Rendered {
    Rendered::new(&Epoch::default(), Seq(seq), user_id.into(), child_id.into(), "{}")
}

fn subscribe(broker: &Broker, interest: Interest) -> Subscription {
    subscribe_with(broker, interest, CancellationToken::new())
}

/// Subscribes without a limit.
fn subscribe_with(broker: &Broker, interest: Interest, closer: CancellationToken) -> Subscription {
    broker.subscribe(interest, closer, usize::MAX).unwrap()
}

impl Rendered {
    fn number(&self) -> u64 {
        let Place::Event(seq) = self.place else { panic!("not an event: {self:?}") };
        seq.0
    }
}

/// The sequence numbers of the next messages.
async fn numbers(subscription: &mut Subscription, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(subscription.next().await.unwrap().number());
    }
    numbers
}

/// The number of open streams in the metrics.
fn reader_count(broker: &Broker) -> i64 {
    broker.subscribers.metrics.readers.get()
}

fn evicted(broker: &Broker) -> u64 {
    broker.subscribers.metrics.evictions.get()
}

/// Waits until every published message was delivered.
async fn settled(broker: &Broker) {
    let mut witness = subscribe(broker, family("witness"));
    broker.publish(message(0, "witness", "c"));
    assert_eq!(witness.next().await.unwrap().number(), 0);
}

/// The message that a subscriber gets without waiting.
fn poll(subscription: &mut Subscription) -> Poll<Option<u64>> {
    let mut context = Context::from_waker(Waker::noop());
    let next = pin!(subscription.next()).poll(&mut context);
    next.map(|message| message.map(|message| message.number()))
}

#[tokio::test]
async fn messages_arrive_in_the_order_of_publishing() {
    let broker = Broker::new(metrics::Live::default());
    let mut subscriber = subscribe(&broker, family("u"));
    for row in 1..=200 {
        broker.publish(message(row, "u", "c"));
    }
    assert_eq!(numbers(&mut subscriber, 200).await, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_waits_for_the_next_message() {
    let broker = Broker::new(metrics::Live::default());
    let mut subscriber = subscribe(&broker, family("u"));
    let waiting = tokio::spawn(async move { numbers(&mut subscriber, 1).await });
    tokio::task::yield_now().await;
    broker.publish(message(7, "u", "c"));
    assert_eq!(waiting.await.unwrap(), [7]);
}

#[tokio::test]
async fn the_bytes_of_a_message_are_shared() {
    let broker = Broker::new(metrics::Live::default());
    let mut subscribers = [(); 2].map(|()| subscribe(&broker, family("u")));
    broker.publish(Rendered::new(&Epoch::default(), Seq(7), "u".into(), "c".into(), r#"{"a":1}"#));
    let first = subscribers[0].next().await.unwrap();
    let second = subscribers[1].next().await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(first.named, "event: tracking_event_created\nid: 7\ndata: {\"a\":1}\n\n");
    assert_eq!(first.unnamed.as_ref().unwrap(), "id: 7\ndata: {\"a\":1}\n\n");
}

#[tokio::test]
async fn a_subscriber_gets_its_familys_events_and_a_child_its_own() {
    let broker = Broker::new(metrics::Live::default());
    let mut parent = subscribe(&broker, family("u"));
    let mut child = subscribe(&broker, interest("u", Some("c2"), "s"));
    let mut other = subscribe(&broker, family("v"));
    broker.publish(message(1, "u", "c1"));
    broker.publish(message(2, "u", "c2"));
    broker.publish(message(3, "v", "c2"));
    settled(&broker).await;
    assert_eq!(numbers(&mut parent, 2).await, [1, 2]);
    assert_eq!(numbers(&mut child, 1).await, [2]);
    assert_eq!(numbers(&mut other, 1).await, [3]);
    for subscriber in [&mut parent, &mut child, &mut other] {
        assert_eq!(poll(subscriber), Poll::Pending);
    }
}

#[tokio::test]
async fn only_a_subscriber_that_does_not_keep_up_is_closed() {
    let broker = Broker::new(metrics::Live::default());
    let closer = CancellationToken::new();
    let mut slow = subscribe_with(&broker, family("u"), closer.clone());
    let mut quick = subscribe(&broker, family("u"));
    let limit = QUEUE_LIMIT as u64;
    for row in 1..=limit {
        broker.publish(message(row, "u", "c"));
        assert_eq!(numbers(&mut quick, 1).await, [row]);
    }
    settled(&broker).await;
    assert!(!closer.is_cancelled(), "a full queue is not yet too much");
    broker.publish(message(limit + 1, "u", "c"));
    closer.cancelled().await;
    assert_eq!(numbers(&mut quick, 1).await, [limit + 1]);
    assert_eq!(poll(&mut slow), Poll::Ready(None));
    assert_eq!((evicted(&broker), reader_count(&broker)), (1, 1));
    drop(slow);
    assert_eq!(reader_count(&broker), 1);
}

#[tokio::test]
async fn a_queue_that_was_read_takes_messages_again() {
    let broker = Broker::new(metrics::Live::default());
    let mut subscriber = subscribe(&broker, family("u"));
    for _ in 0..3 {
        for row in 1..=QUEUE_LIMIT as u64 {
            broker.publish(message(row, "u", "c"));
        }
        numbers(&mut subscriber, QUEUE_LIMIT).await;
    }
    assert_eq!(evicted(&broker), 0);
}

#[tokio::test]
async fn the_streams_of_a_session_end_with_it() {
    let broker = Broker::new(metrics::Live::default());
    let closer = CancellationToken::new();
    let mut ended = subscribe_with(&broker, interest("u", None, "s1"), closer.clone());
    let mut second = subscribe(&broker, interest("u", Some("c"), "s1"));
    let mut other = subscribe(&broker, interest("u", None, "s2"));
    broker.publish(message(1, "u", "c"));
    settled(&broker).await;
    broker.close_session(&TokenHash("s1".into()));
    assert!(ended.next().await.is_none(), "it receives nothing more");
    assert!(ended.next().await.is_none());
    assert!(second.next().await.is_none());
    assert!(!closer.is_cancelled(), "the stream can end in order");
    assert_eq!(reader_count(&broker), 1);
    assert_eq!(numbers(&mut other, 1).await, [1]);
}

#[tokio::test]
async fn a_waiting_subscriber_is_notified_of_its_end() {
    let broker = Broker::new(metrics::Live::default());
    let mut subscriber = subscribe(&broker, family("u"));
    let waiting = tokio::spawn(async move { subscriber.next().await.is_none() });
    tokio::task::yield_now().await;
    broker.close_session(&TokenHash("s".into()));
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn a_session_has_a_limited_number_of_streams() {
    let broker = Broker::new(metrics::Live::default());
    let open = |session| {
        broker.subscribe(interest("u", None, session), CancellationToken::new(), 2).map(Some)
    };
    let mut streams = [open("s1").unwrap(), open("s1").unwrap(), open("s2").unwrap()];
    assert_eq!(open("s1").unwrap_err(), TooManyStreams);
    assert_eq!(reader_count(&broker), 3);
    broker.publish(message(1, "u", "c"));
    for stream in streams.iter_mut().flatten() {
        assert_eq!(numbers(stream, 1).await, [1]);
    }
    streams[0] = None;
    streams[0] = open("s1").unwrap();
    open("s1").unwrap_err();
    // A closed stream no longer counts, even if its client has not noticed yet.
    broker.close_session(&TokenHash("s1".into()));
    open("s1").unwrap();
}

#[test]
fn concurrent_streams_do_not_exceed_the_limit() {
    let broker = Broker::new(metrics::Live::default());
    let open = || broker.subscribe(family("u"), CancellationToken::new(), 10);
    let opened: Vec<_> = thread::scope(|scope| {
        let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| [(); 10].map(|()| open()))).collect();
        openers.into_iter().flat_map(|opener| opener.join().unwrap()).collect()
    });
    assert_eq!(opened.iter().filter(|stream| stream.is_ok()).count(), 10);
    assert_eq!(reader_count(&broker), 10);
}

#[tokio::test]
async fn after_the_shutdown_no_stream_opens() {
    let broker = Broker::new(metrics::Live::default());
    let mut before = subscribe(&broker, family("u"));
    broker.close_all();
    let mut after = subscribe(&broker, family("u"));
    assert!(before.next().await.is_none());
    assert!(after.next().await.is_none());
    drop((before, after));
    assert_eq!(reader_count(&broker), 0);
}

#[tokio::test]
async fn a_dropped_subscription_frees_its_memory() {
    let broker = Broker::new(metrics::Live::default());
    let subscriber = subscribe(&broker, family("u"));
    let other = subscribe(&broker, family("u"));
    assert_eq!(reader_count(&broker), 2);
    drop(subscriber);
    assert_eq!(reader_count(&broker), 1);
    drop(other);
    assert_eq!(reader_count(&broker), 0);
    assert!(broker.subscribers.families.lock().by_user.is_empty());
    broker.publish(message(1, "u", "c"));
    settled(&broker).await;
    assert_eq!(evicted(&broker), 0);
}

#[tokio::test]
async fn ten_thousand_subscribers_get_one_event() {
    let broker = Broker::new(metrics::Live::default());
    let mut subscribers: Vec<_> = (0..10_000).map(|_| subscribe(&broker, family("u"))).collect();
    assert_eq!(reader_count(&broker), 10_000);
    broker.publish(message(1, "u", "c"));
    for subscriber in &mut subscribers {
        assert_eq!(numbers(subscriber, 1).await, [1]);
    }
    assert_eq!(evicted(&broker), 0);
}

#[test]
fn a_closed_subscriber_frees_its_messages() {
    let subscriber = Subscriber::new(family("u"), CancellationToken::new());
    let message = Arc::new(message(1, "u", "c"));
    assert!(subscriber.push(&message, 1));
    assert!(!subscriber.push(&message, 1));
    assert!(subscriber.close());
    assert!(subscriber.push(&message, 1) && subscriber.push(&message, 1));
    assert_eq!(Arc::strong_count(&message), 1);
    assert!(!subscriber.close(), "it was closed before");
}

#[test]
fn an_idle_reader_is_small() {
    // Its queue has no memory of its own; the family's entry and the ids are shared with others.
    assert!(size_of::<Subscriber>() + size_of::<Subscription>() <= 256);
}

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

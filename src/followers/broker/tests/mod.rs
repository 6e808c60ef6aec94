//! The subscribers of the broker.

mod following;

use std::iter::from_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use super::*;
use crate::domain::Seq;

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
fn messages_that_come_together_are_queued_in_their_order() {
    let of_child = interest("u", Some("c"), "s");
    let subscriber = Subscriber::new(of_child, CancellationToken::new());
    let messages = [(1, "c"), (2, "other"), (3, "c"), (4, "c")];
    let messages = messages.map(|(number, child)| Arc::new(message(number, "u", child)));
    assert!(subscriber.push(&messages, 3));
    let queued: Vec<_> = from_fn(|| subscriber.take_queued()).map(|it| it.number()).collect();
    assert_eq!(queued, [1, 3, 4]);
    assert!(!subscriber.push(&messages, 2));
}

#[test]
fn a_closed_subscriber_frees_its_messages() {
    let subscriber = Subscriber::new(family("u"), CancellationToken::new());
    let messages = [Arc::new(message(1, "u", "c"))];
    assert!(subscriber.push(&messages, 1));
    assert!(!subscriber.push(&messages, 1));
    assert!(subscriber.close());
    assert!(subscriber.push(&messages, 1) && subscriber.push(&messages, 1));
    assert_eq!(Arc::strong_count(&messages[0]), 1);
    assert!(!subscriber.close(), "it was closed before");
}

#[test]
fn an_idle_reader_is_small() {
    // Its queue has no memory of its own; the family's entry and the ids are shared with others.
    assert!(size_of::<Subscriber>() + size_of::<Subscription>() <= 256);
}

use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};

use super::*;

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

fn message(row: RowNumber, user_id: &str, child_id: &str) -> Message {
    Message::new(row, user_id.into(), child_id.into(), "{}")
}

fn subscribe(hub: &Hub, interest: Interest) -> Subscription {
    subscribe_with(hub, interest, CancellationToken::new())
}

/// Subscribes without a limit.
fn subscribe_with(hub: &Hub, interest: Interest, closer: CancellationToken) -> Subscription {
    hub.subscribe(interest, closer, usize::MAX).unwrap()
}

/// The rows of the next messages.
async fn rows(subscription: &mut Subscription, count: usize) -> Vec<RowNumber> {
    let mut rows = Vec::new();
    for _ in 0..count {
        rows.push(subscription.next().await.unwrap().row);
    }
    rows
}

/// How many streams are open, as the metrics have it.
fn reader_count(hub: &Hub) -> i64 {
    hub.readers.metrics.readers.get()
}

fn evicted(hub: &Hub) -> u64 {
    hub.readers.metrics.evictions.get()
}

/// Waits until everything that was published has been handed out.
async fn settled(hub: &Hub) {
    let mut witness = subscribe(hub, family("witness"));
    hub.publish(message(0, "witness", "c"));
    assert_eq!(witness.next().await.unwrap().row, 0);
}

/// What a reader gets without waiting.
fn poll(subscription: &mut Subscription) -> Poll<Option<RowNumber>> {
    let mut context = Context::from_waker(Waker::noop());
    let next = pin!(subscription.next()).poll(&mut context);
    next.map(|message| message.map(|message| message.row))
}

#[tokio::test]
async fn messages_come_in_the_order_of_publishing() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut reader = subscribe(&hub, family("u"));
    for row in 1..=200 {
        hub.publish(message(row, "u", "c"));
    }
    assert_eq!(rows(&mut reader, 200).await, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_waits_for_the_next_message() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut reader = subscribe(&hub, family("u"));
    let waiting = tokio::spawn(async move { rows(&mut reader, 1).await });
    tokio::task::yield_now().await;
    hub.publish(message(7, "u", "c"));
    assert_eq!(waiting.await.unwrap(), [7]);
}

#[tokio::test]
async fn the_bytes_of_a_message_are_shared() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut readers = [(); 2].map(|()| subscribe(&hub, family("u")));
    hub.publish(Message::new(7, "u".into(), "c".into(), r#"{"a":1}"#));
    let first = readers[0].next().await.unwrap();
    let second = readers[1].next().await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(first.named, "event: tracking_event_created\nid: 7\ndata: {\"a\":1}\n\n");
    assert_eq!(first.unnamed, "id: 7\ndata: {\"a\":1}\n\n");
}

#[tokio::test]
async fn a_reader_hears_of_its_family_and_a_child_of_itself() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut parent = subscribe(&hub, family("u"));
    let mut child = subscribe(&hub, interest("u", Some("c2"), "s"));
    let mut other = subscribe(&hub, family("v"));
    hub.publish(message(1, "u", "c1"));
    hub.publish(message(2, "u", "c2"));
    hub.publish(message(3, "v", "c2"));
    settled(&hub).await;
    assert_eq!(rows(&mut parent, 2).await, [1, 2]);
    assert_eq!(rows(&mut child, 1).await, [2]);
    assert_eq!(rows(&mut other, 1).await, [3]);
    for reader in [&mut parent, &mut child, &mut other] {
        assert_eq!(poll(reader), Poll::Pending);
    }
}

#[tokio::test]
async fn a_reader_that_does_not_keep_up_is_closed_alone() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let closer = CancellationToken::new();
    let mut slow = subscribe_with(&hub, family("u"), closer.clone());
    let mut quick = subscribe(&hub, family("u"));
    let limit = QUEUE_LIMIT as u64;
    for row in 1..=limit {
        hub.publish(message(row, "u", "c"));
        assert_eq!(rows(&mut quick, 1).await, [row]);
    }
    settled(&hub).await;
    assert!(!closer.is_cancelled(), "a full queue is not yet too much");
    hub.publish(message(limit + 1, "u", "c"));
    closer.cancelled().await;
    assert_eq!(rows(&mut quick, 1).await, [limit + 1]);
    assert_eq!(poll(&mut slow), Poll::Ready(None));
    assert_eq!((evicted(&hub), reader_count(&hub)), (1, 1));
    drop(slow);
    assert_eq!(reader_count(&hub), 1);
}

#[tokio::test]
async fn a_queue_that_was_read_takes_messages_again() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut reader = subscribe(&hub, family("u"));
    for _ in 0..3 {
        for row in 1..=QUEUE_LIMIT as u64 {
            hub.publish(message(row, "u", "c"));
        }
        rows(&mut reader, QUEUE_LIMIT).await;
    }
    assert_eq!(evicted(&hub), 0);
}

#[tokio::test]
async fn the_streams_of_a_session_end_with_it() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let closer = CancellationToken::new();
    let mut ended = subscribe_with(&hub, interest("u", None, "s1"), closer.clone());
    let mut second = subscribe(&hub, interest("u", Some("c"), "s1"));
    let mut other = subscribe(&hub, interest("u", None, "s2"));
    hub.publish(message(1, "u", "c"));
    settled(&hub).await;
    hub.close_session(&TokenHash("s1".into()));
    assert!(ended.next().await.is_none(), "nothing more is told to it");
    assert!(ended.next().await.is_none());
    assert!(second.next().await.is_none());
    assert!(!closer.is_cancelled(), "the stream can end in order");
    assert_eq!(reader_count(&hub), 1);
    assert_eq!(rows(&mut other, 1).await, [1]);
}

#[tokio::test]
async fn a_waiting_reader_learns_of_its_end() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut reader = subscribe(&hub, family("u"));
    let waiting = tokio::spawn(async move { reader.next().await.is_none() });
    tokio::task::yield_now().await;
    hub.close_session(&TokenHash("s".into()));
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn a_session_has_so_many_streams_and_no_more() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let open = |session| {
        hub.subscribe(interest("u", None, session), CancellationToken::new(), 2).map(Some)
    };
    let mut streams = [open("s1").unwrap(), open("s1").unwrap(), open("s2").unwrap()];
    assert_eq!(open("s1").unwrap_err(), TooManyStreams);
    assert_eq!(reader_count(&hub), 3);
    hub.publish(message(1, "u", "c"));
    for stream in streams.iter_mut().flatten() {
        assert_eq!(rows(stream, 1).await, [1]);
    }
    streams[0] = None;
    streams[0] = open("s1").unwrap();
    open("s1").unwrap_err();
    // A stream that was closed has left its place, even where nobody has noticed yet.
    hub.close_session(&TokenHash("s1".into()));
    open("s1").unwrap();
}

#[test]
fn of_many_streams_at_once_no_more_open_than_may() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let open = || hub.subscribe(family("u"), CancellationToken::new(), 10);
    let opened: Vec<_> = thread::scope(|scope| {
        let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| [(); 10].map(|()| open()))).collect();
        openers.into_iter().flat_map(|opener| opener.join().unwrap()).collect()
    });
    assert_eq!(opened.iter().filter(|stream| stream.is_ok()).count(), 10);
    assert_eq!(reader_count(&hub), 10);
}

#[tokio::test]
async fn after_the_shutdown_no_stream_opens() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut before = subscribe(&hub, family("u"));
    hub.close_all();
    let mut after = subscribe(&hub, family("u"));
    assert!(before.next().await.is_none());
    assert!(after.next().await.is_none());
    drop((before, after));
    assert_eq!(reader_count(&hub), 0);
}

#[tokio::test]
async fn a_dropped_subscription_leaves_nothing_behind() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let reader = subscribe(&hub, family("u"));
    let other = subscribe(&hub, family("u"));
    assert_eq!(reader_count(&hub), 2);
    drop(reader);
    assert_eq!(reader_count(&hub), 1);
    drop(other);
    assert_eq!(reader_count(&hub), 0);
    assert!(hub.readers.families.lock().by_user.is_empty());
    hub.publish(message(1, "u", "c"));
    settled(&hub).await;
    assert_eq!(evicted(&hub), 0);
}

#[tokio::test]
async fn ten_thousand_readers_hear_of_one_event() {
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut readers: Vec<_> = (0..10_000).map(|_| subscribe(&hub, family("u"))).collect();
    assert_eq!(reader_count(&hub), 10_000);
    hub.publish(message(1, "u", "c"));
    for reader in &mut readers {
        assert_eq!(rows(reader, 1).await, [1]);
    }
    assert_eq!(evicted(&hub), 0);
}

#[test]
fn a_closed_reader_takes_everything_and_keeps_nothing() {
    let reader = Reader::new(family("u"), CancellationToken::new());
    let message = Arc::new(message(1, "u", "c"));
    assert!(reader.push(&message, 1));
    assert!(!reader.push(&message, 1));
    assert!(reader.close());
    assert!(reader.push(&message, 1) && reader.push(&message, 1));
    assert_eq!(Arc::strong_count(&message), 1);
    assert!(!reader.close(), "it was closed before");
}

#[test]
fn an_idle_reader_is_small() {
    // Its queue owns no memory; the family's entry and the ids are shared with others.
    assert!(size_of::<Reader>() + size_of::<Subscription>() <= 256);
}

#[test]
fn the_thread_ends_with_the_hub() {
    let (publisher, messages) = channel();
    let metrics = metrics::Live::default();
    let readers = Arc::new(Readers { families: Mutex::default(), metrics });
    let hub = Hub { publisher, readers, failed: Arc::default() };
    let (ended, end) = mpsc::channel();
    let readers = Arc::clone(&hub.readers);
    thread::spawn(move || {
        dispatch(&messages, &readers);
        ended.send(()).unwrap();
    });
    let clone = hub.clone();
    drop(hub);
    clone.publish(message(1, "u", "c"));
    drop(clone);
    end.recv().unwrap();
}

#[tokio::test]
async fn where_the_thread_panics_every_stream_ends() {
    struct Mistaken;
    impl Wake for Mistaken {
        fn wake(self: Arc<Self>) {
            panic!("a mistake in an executor");
        }
    }
    let hub = Hub::start(metrics::Live::default()).unwrap();
    let mut other = subscribe(&hub, family("other"));
    let mut broken = subscribe(&hub, family("u"));
    let waker = Arc::new(Mistaken).into();
    assert!(pin!(broken.next()).poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(!hub.has_failed());
    hub.publish(message(1, "u", "c"));
    assert!(other.next().await.is_none(), "nobody would tell it anything");
    assert!(hub.has_failed());
    let mut later = subscribe(&hub, family("u"));
    assert!(later.next().await.is_none());
    // Nobody hears it, and nobody is harmed.
    hub.publish(message(2, "u", "c"));
    assert_eq!(reader_count(&hub), 0);
}

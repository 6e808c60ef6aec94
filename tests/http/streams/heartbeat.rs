//! A stream without events. The test controls tokio's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use goldstar::app::{self, Machine};
use goldstar::clock::Clock;
use goldstar::config::{Config, StorageConfig};
use goldstar::followers::broker::sse;
use goldstar::metrics::Metrics;
use goldstar::service::{EventStream, SentSessions, Service, StreamRequest};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::harness::{Folders, TestServer};

const DAY_MICROS: i64 = 86_400_000_000;

/// A stream of the administrator, and the clock of its server.
async fn idle_stream() -> (EventStream, Arc<AtomicI64>, Folders) {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let micros = Arc::new(AtomicI64::new(1_770_662_535_000_000));
    let machine = Machine { clock: Clock::manual(Arc::clone(&micros)), ..Machine::default() };
    let storage = StorageConfig {
        data_dir: folders.data(),
        log_dir: folders.logs(),
        ..Config::default().storage
    };
    let settings = Config::default().service;
    let metrics = Metrics::new(machine.clock.now());
    let service: Arc<Service> =
        Arc::new(app::open(&storage, settings, &machine, &metrics).unwrap());
    let address = [127, 0, 0, 1].into();
    let (password, sent) = ("correct horse 0".to_owned(), SentSessions::default());
    let login = service.login(address, "admin@example.org", password, sent).await.unwrap();
    let request =
        StreamRequest { last_event_id: None, named: true, closer: CancellationToken::new() };
    let mut feed = service.subscribe(&login.caller, request).await.unwrap();
    feed.next().await.unwrap();
    (feed, micros, folders)
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_has_a_comment_every_fifteen_seconds() {
    let (mut feed, _clock, _folders) = idle_stream().await;
    for _ in 0..3 {
        let begun = Instant::now();
        assert_eq!(feed.next().await, Some(sse::HEARTBEAT));
        assert!(begun.elapsed() <= Duration::from_secs(15), "{:?}", begun.elapsed());
        assert!(begun.elapsed() > Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    assert!(sse::HEARTBEAT.starts_with(b":") && sse::HEARTBEAT.ends_with(b"\n\n"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_session_expires() {
    let (mut feed, clock, _folders) = idle_stream().await;
    assert_eq!(feed.next().await, Some(sse::HEARTBEAT));
    clock.fetch_add(31 * DAY_MICROS, Ordering::Relaxed);
    assert_eq!(feed.next().await, None);
}

//! Clients and handlers that take too long.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use goldstar::app::Machine;
use goldstar::clock::Clock;
use goldstar::config::Config;
use goldstar::domain::{EventFilter, Page, SortOrder, Timestamp, UserId};
use goldstar::followers::audit_log::DeletionLog;
use goldstar::followers::broker::Broker;
use goldstar::http;
use goldstar::metrics::Metrics;
use goldstar::service::Service;
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, Options, Progress};
use goldstar::store::{
    BoxFuture, CommitError, Committed, Decide, FoundEvents, Health, History, ReadError, Store, View,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{
    Answer, Folders, Raw, Settings, TestServer, activate_path, assert_error, eventually, within,
};

/// Short, for a test; and every test waits for what follows from it, however long that takes.
const SHORT: Duration = Duration::from_millis(200);

async fn server_with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// The answer to a client that goes on sending one byte after the other.
async fn answer_while_dribbling(raw: &mut Raw) -> Answer {
    let mut ticks = tokio::time::interval(SHORT / 10);
    let dribbled = async {
        loop {
            ticks.tick().await;
            raw.stream.writable().await.unwrap();
            raw.stream.try_write(b"x").unwrap();
            if raw.has_received() {
                break;
            }
        }
    };
    within("an answer", dribbled).await;
    raw.answer().await
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_cut_off() {
    let server = server_with(|config| config.http.limits.head_timeout = SHORT).await;
    let mut raw = server.connect().await;
    raw.send("GET /health HTTP/1.1\r\nHost: test\r\nX-Field: ").await;
    let answer = answer_while_dribbling(&mut raw).await;
    assert_error(&answer, 408, "REQUEST_TIMEOUT");
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_ends_without_a_word() {
    let server = server_with(|config| config.http.limits.head_timeout = SHORT).await;
    let mut fresh = server.connect().await;
    fresh.assert_end().await;
    let mut kept = server.connect().await;
    kept.get("/health").await.expect(200);
    kept.assert_end().await;
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_cut_off() {
    let server = server_with(|config| config.http.limits.body_timeout = SHORT).await;
    for length in ["Content-Length: 60000", "Transfer-Encoding: chunked"] {
        let mut raw = server.connect().await;
        let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
        // One chunk, which takes all the time that there is.
        let begin = if length.starts_with('T') { "ea60\r\n" } else { "" };
        raw.send(format!("{head}{length}\r\n\r\n{begin}")).await;
        let answer = answer_while_dribbling(&mut raw).await;
        assert_error(&answer, 408, "REQUEST_TIMEOUT");
        assert_eq!(answer.header("connection"), "close");
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_loses_its_connection() {
    let server = server_with(|config| config.http.limits.write_timeout = SHORT).await;
    let mut raw = server.connect().await;
    within("the loss of the connection", raw.send_until_lost()).await;
    server.connect().await.get("/health").await.expect(200);
}

/// A store that makes every change, and may answer none.
struct Mute {
    store: JsonStore,
    is_mute: Arc<AtomicBool>,
}

impl Store for Mute {
    fn view(&self) -> Arc<dyn View> {
        self.store.view()
    }

    fn commit(&self, decide: Decide) -> BoxFuture<'_, Result<Committed, CommitError>> {
        let answered = self.store.commit(decide);
        Box::pin(async move {
            if self.is_mute.load(Ordering::SeqCst) {
                return std::future::pending().await;
            }
            answered.await
        })
    }

    fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        self.store.find_events(filter, order, page)
    }

    fn history(&self) -> Arc<dyn History> {
        self.store.history()
    }

    fn newest(&self) -> Option<Timestamp> {
        self.store.newest()
    }

    fn health(&self) -> Health {
        self.store.health()
    }

    fn anonymize(&self, user_id: &UserId) -> BoxFuture<'_, Result<usize, CommitError>> {
        self.store.anonymize(user_id)
    }

    fn forget(&self, user_id: &UserId) -> BoxFuture<'_, io::Result<()>> {
        self.store.forget(user_id)
    }

    fn purge(&self) -> BoxFuture<'_, io::Result<()>> {
        self.store.purge()
    }

    fn close(&self) -> BoxFuture<'_, io::Result<()>> {
        self.store.close()
    }
}

/// The product on that store, with a short time for requests.
fn mute_entrance(folders: &Folders, is_mute: Arc<AtomicBool>) -> (http::Entrance, http::Limits) {
    let metrics = Arc::new(Metrics::new(Timestamp::EPOCH));
    let options = Options {
        metrics: metrics.store.clone(),
        data_dir: folders.data(),
        disk: Machine::default().disk,
        now: Arc::new(|| Clock::system().now()),
        checkpoint_bytes: CHECKPOINT_BYTES,
        progress: Progress::silent(),
    };
    let store = JsonStore::open(options, Vec::new()).unwrap();
    let mut config = Config::default();
    config.http.limits.request_timeout = SHORT;
    let limits = config.http.limits;
    let store = Arc::new(Mute { store, is_mute });
    let service = Service::new(
        store,
        Broker::start(metrics.live.clone()).unwrap(),
        Clock::system(),
        config.service,
        DeletionLog::new(Machine::default().disk, folders.logs(), config.storage.audit_log),
        &metrics,
    );
    (http::Entrance::new(Arc::new(service), Arc::new(config.http), metrics), limits)
}

#[tokio::test]
async fn a_change_whose_answer_is_late_is_made_once_all_the_same() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    server.stop().await;
    let is_mute = Arc::new(AtomicBool::new(true));
    let (entrance, limits) = mute_entrance(&server.folders, Arc::clone(&is_mute));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let parent = family.parent.at(listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let task =
        tokio::spawn(http::serve(listener, entrance, limits, Arc::default(), shutdown.clone()));

    let path = activate_path(&family.child, &family.task);
    let answer = parent.act_once(&path, "once").await;
    assert_error(&answer, 503, "TIMED_OUT");
    assert!(answer.text.contains("Idempotency-Key"), "{}", answer.text);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    is_mute.store(false, Ordering::SeqCst);
    let again = eventually("the answer", async || {
        let answer = parent.act_once(&path, "once").await;
        (answer.status == 200).then_some(answer)
    });
    let again = again.await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.body["child"]["points"], 55);
    shutdown.cancel();
    within("the end", task).await.unwrap();
}

#[tokio::test]
async fn a_stream_outlives_the_time_that_a_request_may_take() {
    let server = server_with(|config| config.http.limits.request_timeout = SHORT * 20).await;
    let family = server.family().await;
    let mut events = family.parent.events("/events").await;
    tokio::time::timeout(SHORT * 25, events.next()).await.expect_err("nothing has happened");
    let event = family.event().await;
    assert_eq!(events.next().await.event_id(), event["id"].as_str().unwrap());
}

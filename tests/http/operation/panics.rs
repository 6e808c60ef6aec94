//! Panics: in a handler, in a task of the server's own, and in what follows the commits.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldstar::app::Machine;
use goldstar::clock::Clock;
use goldstar::config::Config;
use goldstar::domain::{EventFilter, Page, SortOrder, Timestamp, UserId};
use goldstar::followers::audit_log::DeletionLog;
use goldstar::followers::broker::Broker;
use goldstar::http;
use goldstar::metrics::{self, Metrics};
use goldstar::service::Service;
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, Options, Progress};
use goldstar::store::{
    BoxFuture, CommitError, Committed, Decide, FoundEvents, Health, History, ReadError, Store, View,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::{
    Answer, Client, Fails, FaultyDisk, Folders, Settings, TestServer, assert_error, event_ids,
    eventually, log_in, text, within,
};

/// A store that panics, as a mistake in the server would.
struct Panicking(JsonStore, Arc<AtomicBool>);

impl Store for Panicking {
    fn view(&self) -> Arc<dyn View> {
        self.0.view()
    }

    fn commit(&self, decide: Decide) -> BoxFuture<'_, Result<Committed, CommitError>> {
        assert!(!self.1.load(Ordering::SeqCst), "a mistake in the server");
        self.0.commit(decide)
    }

    fn find_events(
        &self,
        _filter: &EventFilter,
        _order: SortOrder,
        _page: Page,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        panic!("a mistake in the server")
    }

    fn history(&self) -> Arc<dyn History> {
        self.0.history()
    }

    fn newest(&self) -> Option<Timestamp> {
        self.0.newest()
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn anonymize(&self, user_id: &UserId) -> BoxFuture<'_, Result<usize, CommitError>> {
        self.0.anonymize(user_id)
    }

    fn forget(&self, user_id: &UserId) -> BoxFuture<'_, io::Result<()>> {
        self.0.forget(user_id)
    }

    fn purge(&self) -> BoxFuture<'_, io::Result<()>> {
        self.0.purge()
    }

    fn close(&self) -> BoxFuture<'_, io::Result<()>> {
        self.0.close()
    }
}

/// A server on such a store, whose queries always panic.
struct Mistaken {
    client: Client,
    service: Arc<Service>,
    /// Whether commits panic.
    commits_panic: Arc<AtomicBool>,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
}

impl Mistaken {
    async fn on(folders: &Folders, mut config: Config) -> Self {
        let now = Arc::new(|| Clock::system().now());
        let options = Options {
            data_dir: folders.data(),
            disk: Machine::default().disk,
            metrics: metrics::Store::default(),
            now,
            checkpoint_bytes: CHECKPOINT_BYTES,
            progress: Progress::silent(),
        };
        let commits_panic = Arc::new(AtomicBool::new(false));
        let store = JsonStore::open(options, Vec::new()).unwrap();
        let store = Arc::new(Panicking(store, Arc::clone(&commits_panic)));
        config.service.deletion.interval = Duration::from_millis(20);
        let metrics = Arc::new(Metrics::new(Timestamp::EPOCH));
        let service = Arc::new(Service::new(
            store,
            Broker::start(metrics.live.clone()).unwrap(),
            Clock::system(),
            config.service,
            DeletionLog::new(Machine::default().disk, folders.logs(), config.storage.audit_log),
            &metrics,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let limits = config.http.limits;
        let entrance = http::Entrance::new(Arc::clone(&service), Arc::new(config.http), metrics);
        let serving = http::serve(listener, entrance, limits, Arc::default(), shutdown.clone());
        let served = tokio::spawn(serving);
        let client = Client::new(Arc::new(Mutex::new(address)));
        Self { client, service, commits_panic, shutdown, served }
    }

    async fn log_in(&self) -> Answer {
        log_in(&self.client, "admin@example.org", "correct horse 0").await
    }

    /// Why each projection failed last time, where it did.
    async fn failures(&self) -> Vec<String> {
        let health = self.client.get("/health").await.expect(200);
        let projections = health["projections"].as_array().unwrap().iter();
        let failed = projections.filter(|it| !it["last_error"].is_null());
        failed.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_answer_and_the_server_lives() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let server = Mistaken::on(&folders, Config::default()).await;
    let admin = &server.client;
    server.log_in().await.expect(200);
    for _ in 0..3 {
        let answer = admin.get("/admin/tracking").await;
        assert!(!answer.text.contains("mistake"), "{}", answer.text);
        assert_error(&answer, 500, "INTERNAL");
        for header in ["x-content-type-options", "referrer-policy", "x-request-id"] {
            assert_ne!(answer.header(header), "", "{header}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_ne!(answer.header("x-request-id"), "");
    }
    admin.get("/auth/me").await.expect(200);
    admin.post("/children", json!({"name": "Mía"})).await.expect(201);
    server.shutdown.cancel();
    server.served.await.unwrap();
}

#[tokio::test]
async fn a_panic_in_a_task_is_told_and_the_next_run_comes() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let mut users = folders.json("users.json");
    let mut leaver = users["_default"]["1"].clone();
    for (name, value) in [("id", json!("leaver")), ("email", json!("leaver@example.org"))] {
        leaver[name] = value;
    }
    leaver["marked_for_deletion"] = true.into();
    leaver["marked_for_deletion_at"] = 1.into();
    users["_default"]["2"] = leaver;
    folders.put("users.json", &users.to_string());
    // The first day is over, on which nobody is deleted.
    let first_start = json!({"name": "account_deletion_first_start", "value": 1.0});
    folders.put("settings.json", &json!({"_default": {"1": first_start}}).to_string());
    let key = json!({
        "user_id": "admin-1", "key": "k", "mutation": "m", "event_row": 0, "created_at": 1,
    });
    folders.put("idempotency_keys.json", &json!({"_default": {"1": key}}).to_string());
    let server = Mistaken::on(&folders, Config::default()).await;
    assert_eq!(server.failures().await, [""; 0]);
    server.commits_panic.store(true, Ordering::SeqCst);
    let housekeeping = Arc::clone(&server.service).keep_house(server.shutdown.clone());
    let housekeeping = tokio::spawn(housekeeping);
    let deletion = tokio::spawn(Arc::clone(&server.service).delete_on_schedule());
    eventually("both failures in the health", async || {
        (server.failures().await == ["account_deletion", "housekeeping"]).then_some(())
    })
    .await;
    // What the panics leave behind holds nobody up.
    assert_error(&server.log_in().await, 500, "INTERNAL");

    server.commits_panic.store(false, Ordering::SeqCst);
    server.log_in().await.expect(200);
    eventually("the next run", async || {
        (server.failures().await == ["housekeeping"]).then_some(())
    })
    .await;
    server.service.begin_stop();
    server.shutdown.cancel();
    for task in [housekeeping, deletion, server.served] {
        within("the end of a task", task).await.unwrap();
    }
    server.service.close().await.unwrap();
    assert_eq!(folders.rows("users.json").len(), 1, "the account is still there");
}

async fn on_mistaken_disk() -> (TestServer, FaultyDisk) {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let settings = Settings { machine, ..Settings::default() };
    (TestServer::with(settings).await, disk)
}

/// Why the projection of that name failed; null where it didn't.
async fn failure(server: &TestServer, name: &str) -> Value {
    let health = server.nobody().get("/health").await;
    let projections = health.body["projections"].as_array().unwrap();
    let found = projections.iter().find(|projection| projection["name"] == name);
    found.unwrap()["last_error"].clone()
}

#[tokio::test]
async fn a_panic_in_the_audit_log_loses_nothing() {
    let (mut server, disk) = on_mistaken_disk().await;
    let family = server.family().await;
    let mut events = vec![family.event().await];
    disk.panic_in("logs", Fails::Writes);
    events.push(family.event().await);
    disk.repair();
    events.push(family.event().await);
    assert_ne!(failure(&server, "audit_log").await, Value::Null);
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded", "{health}");
    let mut stream = family.parent.events("/events?last_event_id=0").await;
    for event in &events {
        assert_eq!(stream.next().await.event_id(), event["id"]);
    }
    drop(stream);

    server.restart().await;
    assert_eq!(failure(&server, "audit_log").await, Value::Null);
    let ids: Vec<String> = events.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), ids);
    assert_eq!(family.parent.points(&family.child).await, 65);
}

#[tokio::test]
async fn a_panic_in_the_maintenance_is_tried_again() {
    let (mut server, disk) = on_mistaken_disk().await;
    let family = server.family().await;
    disk.panic_at("children", Fails::Everything);
    family.event().await;
    eventually("the failure in the health", async || {
        (failure(&server, "tables").await != Value::Null).then_some(())
    })
    .await;
    family.event().await;
    disk.repair();
    eventually("the tables", async || {
        (failure(&server, "tables").await == Value::Null).then_some(())
    })
    .await;
    server.stop().await;
    assert_eq!(server.folders.record("children.json", &family.child)["points"], 60);
}

/// Nobody knows what a change has become that the committer has died over: nothing is taken any
/// more, everything can be read, and the next start has all that was acknowledged.
#[tokio::test]
async fn after_a_panic_in_the_committer_the_server_is_read_only() {
    for (broken, file) in [("the journal", ""), ("the table", "tracking_events")] {
        let (mut server, disk) = on_mistaken_disk().await;
        let family = server.family().await;
        let event = family.event().await;
        if file.is_empty() {
            disk.panic_in("journal", Fails::Writes);
        } else {
            disk.panic_at(file, Fails::Writes);
        }
        let lost = family.parent.activate(&family.child, &family.task).await;
        assert_error(&lost, 503, "OUTCOME_UNKNOWN");
        let refused = eventually("the end of the committer", async || {
            let answer = family.parent.activate(&family.child, &family.task).await;
            (answer.body["code"] != "OUTCOME_UNKNOWN").then_some(answer)
        })
        .await;
        assert_error(&refused, 503, "READ_ONLY");
        let health = server.nobody().get("/health").await;
        assert_eq!((health.status, &health.body["status"]), (503, &"read_only".into()));
        let path = format!("/children/{}/tracking", family.child);
        let found = family.parent.get(&path).await.expect(200);
        assert_eq!(found["tracking_events"][0]["id"], event["id"], "{broken}");

        server.stop_broken().await;
        disk.repair();
        server.start_again().await;
        let events = server.folders.events();
        assert!((1..=2).contains(&events.len()), "{broken}: {events:?}");
        let points = 50 + 5 * i64::try_from(events.len()).unwrap();
        assert_eq!(family.parent.points(&family.child).await, points, "{broken}");
        family.event().await;
    }
}

#[tokio::test]
async fn a_second_close_waits_for_the_first() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let disk = FaultyDisk::default();
    let options = Options {
        data_dir: folders.data(),
        disk: Arc::new(disk.clone()),
        metrics: metrics::Store::default(),
        now: Arc::new(|| Clock::system().now()),
        checkpoint_bytes: CHECKPOINT_BYTES,
        progress: Progress::silent(),
    };
    let store = JsonStore::open(options, Vec::new()).unwrap();
    disk.hold();
    let (mut first, mut second) = (store.close(), store.close());
    eventually("a sync", async || disk.holds_something().then_some(())).await;
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending(), "it answers before the end");
    disk.release();
    within("the first", first).await.unwrap();
    within("the second", second).await.unwrap();
    within("a third", store.close()).await.unwrap();
}

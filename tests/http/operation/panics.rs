//! Panics in a handler, in a background task, and in a follower.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use goldstar::app::Machine;
use goldstar::clock::Clock;
use goldstar::config::Config;
use goldstar::domain::{Deletion, Role, Timestamp, User, UserId};
use goldstar::metrics;
use goldstar::store::json::{CHECKPOINT_BYTES, INDEX_EVENTS, JsonStore, Options, Progress};
use goldstar::store::{Change, Changes, Context, Scope, Snapshot, Store};
use serde_json::{Value, json};

use crate::harness::{
    Client, Fails, Family, FaultyDisk, Folders, MemoryServer, PASSWORD, Settings, TestServer,
    assert_error, event_ids, eventually, log_in, text, within,
};

/// Why each projection failed the last time, if it did.
async fn failures(client: &Client) -> Vec<String> {
    let health = client.get("/health").await.expect(200);
    let projections = health["projections"].as_array().unwrap().iter();
    let failed = projections.filter(|it| !it["last_error"].is_null());
    failed.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// Adds records to a server's store.
async fn add(server: &MemoryServer, records: impl IntoIterator<Item = Change>) {
    let changes = Changes::of(records);
    let add = move |_: &dyn Snapshot, _: &mut Context| Ok((changes.clone(), ()));
    server.store.transact(Scope::Server, add).await.unwrap();
}

/// The account of a family, changed.
async fn changed(server: &MemoryServer, family: &Family, change: impl Fn(&mut User)) -> Change {
    let id = UserId::from(family.parent.id.as_str());
    let records = server.store.read(Scope::Family(id.clone())).await.unwrap();
    let mut user = User::clone(&records.user(&id).unwrap());
    change(&mut user);
    Change::PutUser(user)
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_error_and_the_server_continues() {
    let server = MemoryServer::start(Config::default()).await;
    let family = server.family().await;
    add(&server, [changed(&server, &family, |user| user.role = Role::Admin).await]).await;
    server.set(|faults| &faults.queries_panic, true);
    let admin = &family.parent;
    for _ in 0..3 {
        let answer = admin.get("/admin/tracking").await;
        assert!(!answer.text.contains("mistake"), "{}", answer.text);
        assert_error(&answer, 500, "INTERNAL");
        for header in ["x-content-type-options", "referrer-policy", "x-request-id"] {
            assert_ne!(answer.header(header), "", "{header}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    admin.get("/auth/me").await.expect(200);
    admin.post("/children", json!({"name": "Mía"})).await.expect(201);
    server.stop().await;
}

#[tokio::test]
async fn a_panic_in_a_task_is_shown_and_the_next_run_succeeds() {
    let mut config = Config::default();
    config.service.deletion.interval = Duration::from_millis(20);
    let server = MemoryServer::start(config).await;
    let (stays, leaves) = (server.family().await, server.family().await);
    assert_eq!(failures(&server.nobody()).await, [""; 0]);
    let marked = |user: &mut User| user.deletion = Some(Deletion::marked(Timestamp::EPOCH));
    add(&server, [changed(&server, &leaves, marked).await]).await;
    server.set(|faults| &faults.transactions_panic, true);
    let expiry = Arc::clone(&server.service).run_expiry(server.shutdown.clone());
    let expiry = tokio::spawn(expiry);
    let deletion = tokio::spawn(Arc::clone(&server.service).delete_on_schedule());
    eventually("both failures in the health", async || {
        let failed = failures(&server.nobody()).await;
        (failed == ["account_deletion", "housekeeping"]).then_some(())
    })
    .await;
    assert_error(&log_in(&server.nobody(), &stays.parent.email, PASSWORD).await, 500, "INTERNAL");

    server.set(|faults| &faults.transactions_panic, false);
    log_in(&server.nobody(), &stays.parent.email, PASSWORD).await.expect(200);
    eventually("the next run", async || {
        let failed = failures(&server.nobody()).await;
        (failed == ["housekeeping"]).then_some(())
    })
    .await;
    let service = Arc::clone(&server.service);
    service.start_shutdown();
    server.shutdown.cancel();
    for task in [expiry, deletion] {
        within("the end of a task", task).await.unwrap();
    }
    server.stop().await;
    assert_eq!(service.count_accounts().await.unwrap(), 1, "the other account is still there");
}

async fn on_mistaken_disk() -> (TestServer, FaultyDisk) {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let settings = Settings { machine, ..Settings::default() };
    (TestServer::with(settings).await, disk)
}

/// Why the projection of that name failed; null if it did not.
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
    server.folders.log_lines(&family.parent.id);
    disk.panic_in("logs", Fails::Writes);
    events.push(family.event().await);
    eventually("the failure in the health", async || {
        (failure(&server, "audit_log").await != Value::Null).then_some(())
    })
    .await;
    disk.repair();
    events.push(family.event().await);
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

/// If the committer panics, the outcome of a change is unknown: no changes are accepted any more,
/// everything can be read, and the next start has all confirmed changes.
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
        index_events: INDEX_EVENTS,
        progress: Progress::silent(),
    };
    let store = JsonStore::open(options).unwrap();
    disk.hold();
    let (mut first, mut second) = (pin!(store.close()), pin!(store.close()));
    assert!(futures_util::poll!(&mut first).is_pending());
    eventually("a sync", async || disk.holds_something().then_some(())).await;
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending(), "it answers before the end");
    disk.release();
    within("the first", first).await.unwrap();
    within("the second", second).await.unwrap();
    within("a third", store.close()).await.unwrap();
}

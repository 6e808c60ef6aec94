//! Due accounts are deleted, and failed deletions are retried.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use goldstar::app::{self, Machine};
use goldstar::clock::Clock;
use goldstar::config::{Config, StorageConfig};
use goldstar::domain::Timestamp;
use goldstar::metrics::Metrics;
use goldstar::service::{AttemptOutcome, Trigger};
use serde_json::{Value, json};

use super::{OLD_PASSWORD, mark, put_first_start, put_users, queue, restless, run, unscheduled};
use crate::harness::{
    Admin, DAY, FaultyDisk, Folders, HOUR, Hand, PASSWORD, Settings, TestServer, activate_path,
    assert_error, eventually, log_in, logfmt, names, text,
};

const MINUTE: i64 = HOUR / 60;

/// Waits until the queue is empty.
async fn until_empty(admin: &Admin) {
    let empty = async || (queue(admin).await["count"] == 0).then_some(());
    eventually("an empty queue", empty).await;
}

/// The fields of an account that was marked at that time.
fn marked(at: &str) -> Value {
    json!({"marked_for_deletion": true, "marked_for_deletion_at": at})
}

/// The files in the log directory, without the one by which a server on a database is known.
fn log_files(folders: &Folders) -> Vec<String> {
    let mut files = names(&folders.logs());
    files.retain(|name| name != "server_id");
    files
}

/// The events in the account deletion log, without the times.
fn logged(folders: &Folders) -> Vec<String> {
    let log = fs::read_to_string(folders.logs().join("account_deletion.log")).unwrap_or_default();
    log.lines().map(|line| logfmt(line)["event"].clone()).collect()
}

#[tokio::test]
async fn an_account_is_deleted_with_all_its_data() {
    let (clock, machine) = Hand::new();
    let mut server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (family, other) = (server.family().await, server.family().await);
    for family in [&family, &other] {
        family.event().await;
        family.parent.ask_for(&family.child, &family.reward).await.expect(200);
        let path = activate_path(&family.child, &family.task);
        family.parent.act_once(&path, "key").await.expect(200);
    }
    mark(&family.parent).await.expect(202);
    server.stop().await;
    clock.forward(30 * DAY);
    server.start_again().await;
    let admin = server.admin().await;
    until_empty(&admin).await;

    let login = log_in(&server.nobody(), &family.parent.email, PASSWORD).await;
    assert_error(&login, 401, "INVALID_CREDENTIALS");
    for (id, user_id) in [(&family.child, json!(null)), (&other.child, json!(other.parent.id))] {
        let found = admin.get(&format!("/admin/tracking?child_id={id}")).await.expect(200);
        assert_eq!(found["total"], 3);
        for event in found["tracking_events"].as_array().unwrap() {
            assert_eq!(event["user_id"], user_id);
        }
    }
    log_in(&other.parent, &other.parent.email, PASSWORD).await.expect(200);
    assert_eq!(other.parent.points(&other.child).await, 60);
    let scraped = server.nobody().get("/metrics").await.text;
    assert!(scraped.contains("goldstar_accounts_deleted_total 1\n"), "{scraped}");
    assert!(scraped.contains("goldstar_deletion_duration_seconds_count 1\n"), "{scraped}");

    server.stop().await;
    for name in ["children.json", "tasks.json", "rewards.json", "pending_rewards.json"] {
        for (_, row) in server.folders.rows(name) {
            assert_eq!(row["user_id"], *other.parent.id, "{name}");
        }
    }
    assert_eq!(server.folders.rows("users.json").len(), 2);
    let logs = log_files(&server.folders);
    let kept = format!("tracking_user_{}.log", other.parent.id);
    assert_eq!(logs, ["account_deletion.log", &kept]);
    assert_eq!(logged(&server.folders), ["marked", "attempted", "deleted"]);
}

#[tokio::test]
async fn a_run_deletes_accounts_that_are_due_at_its_time() {
    let folders = Folders::new();
    let at = "2026-01-10T00:00:00Z";
    put_users(
        &folders,
        &[("b", marked(at)), ("a", marked(at)), ("c", marked("2026-01-09T00:00:00Z"))],
    );
    let storage = StorageConfig {
        data_dir: folders.data(),
        log_dir: folders.logs(),
        ..Config::default().storage
    };
    let metrics = Metrics::new(Timestamp::EPOCH);
    let settings = Config::default().service;
    // The first start is more than a day before the first of these times.
    let micros = Timestamp::parse_iso("2026-02-06T00:00:00Z").unwrap().as_micros();
    let clock = Clock::manual(Arc::new(AtomicI64::new(micros)));
    let machine = Machine { clock, ..Machine::default() };
    let service = app::open(&storage, settings, &machine, &metrics).unwrap();
    service.start_first_hold().await.unwrap();
    let run_at = async |time: &str| {
        let now = Timestamp::parse_iso(time).unwrap();
        let attempted = service.run_due(now, Trigger::Schedule).await.unwrap();
        assert!(attempted.iter().all(|it| it.outcome == AttemptOutcome::Deleted), "{attempted:?}");
        attempted.iter().map(|it| it.user_id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run_at("2026-02-07T23:59:59.999999Z").await, [""; 0]);
    assert_eq!(run_at("2026-02-08T00:00:00Z").await, ["c"]);
    assert_eq!(run_at("2026-02-09T00:00:00Z").await, ["a", "b"]);
    assert_eq!(run_at("2026-02-09T00:00:00Z").await, [""; 0]);
    service.close().await.unwrap();
}

#[tokio::test]
async fn an_administrator_deletes_accounts_that_are_due() {
    let folders = Folders::new();
    put_users(
        &folders,
        &[
            ("last", marked("2026-01-11T20:00:00Z")),
            ("waits", marked("2026-01-13T00:00:00Z")),
            ("first", marked("2026-01-11T19:00:00Z")),
        ],
    );
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    clock.forward(DAY);
    assert_eq!(run(&admin).await, [json!(null); 0], "none is due yet");
    clock.forward(2 * HOUR);
    let deleted = |id: &str| json!({"id": id, "outcome": "deleted", "error": null});
    assert_eq!(run(&admin).await, [deleted("first"), deleted("last")]);
    assert_eq!(queue(&admin).await["users"][0]["id"], "waits");
    assert_eq!(run(&admin).await, [json!(null); 0]);
}

/// A server on whose disk the audit log of the account `stuck` cannot be removed. `stuck` and
/// `fine` are due.
async fn with_a_stuck_account(settings: Settings) -> (TestServer, FaultyDisk, Hand) {
    let folders = Folders::new();
    let at = "2026-01-01T00:00:00Z";
    put_users(&folders, &[("stuck", marked(at)), ("fine", marked(at))]);
    fs::create_dir_all(folders.logs()).unwrap();
    fs::write(folders.logs().join("tracking_user_stuck.log"), "").unwrap();
    let (clock, mut machine) = Hand::new();
    let disk = FaultyDisk::default();
    disk.fail_removals("tracking_user_stuck", ErrorKind::PermissionDenied);
    machine.disk = Arc::new(disk.clone());
    let mut server = TestServer::on(folders, Settings { machine, ..settings }).await;
    // Nobody is deleted during the first 24 hours.
    server.stop().await;
    clock.forward(DAY);
    server.start_again().await;
    (server, disk, clock)
}

/// The only account in the queue, after that many attempts.
async fn tried(admin: &Admin, attempts: u32) -> Value {
    let look = async || {
        let mut queue = queue(admin).await;
        let user = &mut queue["users"][0];
        let done = user["attempts"] == attempts && user["status"] != "in_progress";
        (done && queue["count"] == 1).then(|| queue["users"][0].take())
    };
    eventually("another attempt", look).await
}

const ERROR: &str = "the audit log could not be removed: permission denied";

#[tokio::test]
async fn failed_deletions_are_retried_and_then_wait_for_an_administrator() {
    let settings = Settings { configure: restless, ..Settings::default() };
    let (mut server, disk, clock) = with_a_stuck_account(settings).await;
    let admin = server.admin().await;
    let first = tried(&admin, 1).await;
    assert_eq!(first["next_attempt_at"], "2026-02-10T18:43:15.000000Z");
    for (attempts, minutes) in (2..).zip([1, 4, 16, 64, 256, 360, 360, 360, 360]) {
        clock.forward(minutes * MINUTE);
        let user = tried(&admin, attempts).await;
        assert_eq!(user["last_error"], ERROR);
        assert_eq!(user["status"], if attempts < 10 { "retrying" } else { "failed" });
    }
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded");
    clock.forward(23 * HOUR);
    let failed = json!({"id": "stuck", "outcome": "failed", "error": ERROR});
    assert_eq!(run(&admin).await, [failed]);
    assert_eq!(tried(&admin, 11).await["status"], "failed");
    let login = log_in(&server.nobody(), "stuck@example.org", OLD_PASSWORD).await;
    assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    server.restart().await;
    assert_eq!(tried(&admin, 11).await["status"], "failed", "it isn't tried by itself");

    disk.repair();
    let deleted = json!({"id": "stuck", "outcome": "deleted", "error": null});
    assert_eq!(run(&admin).await, [deleted]);
    let nobody = server.nobody();
    let is_ok = async || {
        let health = nobody.get("/health").await.expect(200);
        (health["status"] == "ok").then_some(())
    };
    eventually("a good health", is_ok).await;
    let log = fs::read_to_string(server.folders.logs().join("account_deletion.log")).unwrap();
    for event in ["attempted", "failed"] {
        let lines = log.matches(&format!(" event={event} ")).count();
        assert_eq!(lines, if event == "failed" { 11 } else { 13 }, "{event}: {log}");
    }
    assert!(!log.contains("stuck") && !log.contains("fine"), "{log}");
}

#[tokio::test]
async fn a_failed_deletion_does_not_affect_others() {
    let settings = Settings { configure: unscheduled, ..Settings::default() };
    let (mut server, _disk, _clock) = with_a_stuck_account(settings).await;
    let admin = server.admin().await;
    let stuck = tried(&admin, 1).await;
    assert_eq!((&stuck["id"], &stuck["status"]), (&json!("stuck"), &json!("retrying")));
    assert_eq!(stuck["last_error"], ERROR);
    let gone = log_in(&server.nobody(), "fine@example.org", OLD_PASSWORD).await;
    assert_error(&gone, 401, "INVALID_CREDENTIALS");
    let scraped = server.nobody().get("/metrics").await.text;
    assert!(scraped.contains("goldstar_deletion_failures_total 1\n"), "{scraped}");
    assert!(scraped.contains("goldstar_accounts_deleted_total 1\n"), "{scraped}");
    server.stop().await;
    let row = server.folders.record("users.json", "stuck");
    assert_eq!(row["deletion_error"], ERROR);
    assert_eq!(
        (&row["deletion_attempts"], &row["deletion_in_progress"]),
        (&json!(1), &json!(false))
    );
}

/// A server without a schedule, a day after its first start: nobody is deleted before that.
async fn on_the_second_day(folders: Folders) -> TestServer {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    server.stop().await;
    clock.forward(DAY);
    server.start_again().await;
    server
}

#[tokio::test]
async fn an_interrupted_deletion_continues_at_the_next_start_and_counts_once() {
    let folders = Folders::new();
    let mut begun = marked("2026-01-01T00:00:00Z");
    begun["deletion_in_progress"] = true.into();
    begun["deletion_attempts"] = 1.into();
    begun["deletion_attempted_at"] = "2026-02-09T18:42:14Z".into();
    put_users(&folders, &[("begun", begun)]);
    let server = on_the_second_day(folders).await;
    until_empty(&server.admin().await).await;
    let log = fs::read_to_string(server.folders.logs().join("account_deletion.log")).unwrap();
    assert_eq!(logged(&server.folders), ["attempted", "deleted"]);
    assert!(log.lines().all(|line| logfmt(line)["attempts"] == "1"), "{log}");
}

#[tokio::test]
async fn a_stop_between_two_accounts_is_continued_by_the_next_start() {
    let folders = Folders::new();
    let ids: Vec<_> = (0..100).map(|n| format!("user-{n}")).collect();
    let users: Vec<_> = ids.iter().map(|id| (&**id, marked("2026-01-01T00:00:00Z"))).collect();
    put_users(&folders, &users);
    let mut server = on_the_second_day(folders).await;
    server.stop().await;
    server.start_again().await;
    until_empty(&server.admin().await).await;
    server.stop().await;
    assert_eq!(server.folders.rows("users.json").len(), 1);
}

#[tokio::test]
async fn data_of_a_deleted_account_in_the_journal_is_purged_later() {
    let folders = Folders::new();
    put_users(&folders, &[("leaver", marked("2026-01-11T00:00:00Z"))]);
    let (clock, mut machine) = Hand::new();
    let disk = FaultyDisk::default();
    machine.disk = Arc::new(disk.clone());
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    clock.forward(DAY);
    disk.fail_writes("checkpoint", ErrorKind::StorageFull);
    assert_eq!(run(&admin).await[0]["outcome"], "deleted");
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded");
    let told = json!({
        "name": "account_deletion", "backlog": 1,
        "last_error": "traces of deleted accounts are left: no storage space",
    });
    assert!(health["projections"].as_array().unwrap().contains(&told), "{health}");

    disk.repair();
    assert_eq!(run(&admin).await, [json!(null); 0]);
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "ok", "{health}");
    for path in server.folders.data_files() {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains("leaver"), "{}: {text}", path.display());
    }
}

/// Writes copies of the log of the account `u1`, as other programs create them, into the log
/// directory; and logs of accounts whose ids start with the same text.
fn put_copies(folders: &Folders) -> Vec<String> {
    fs::create_dir_all(folders.logs()).unwrap();
    let own = ["", ".1", ".1.gz", "-20261127", ".bak", ".bak.2.xz", "~", ".1001", " copy", "book"];
    for ending in own {
        fs::write(folders.logs().join(format!("tracking_user_u1.log{ending}")), "a line\n")
            .unwrap();
    }
    std::os::unix::fs::symlink("nowhere", folders.logs().join("tracking_user_u1.log.link"))
        .unwrap();
    let others = ["tracking_user_u10.log", "tracking_user_u10.log.1.gz", "tracking_user_u1.txt"];
    for other in others {
        fs::write(folders.logs().join(other), "another line\n").unwrap();
    }
    others.map(str::to_owned).into()
}

#[tokio::test]
async fn copies_of_the_log_by_other_programs_are_removed() {
    let folders = Folders::new();
    put_users(&folders, &[("u1", marked("2026-01-01T00:00:00Z"))]);
    put_first_start(&folders);
    let mut kept = put_copies(&folders);
    let (_, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    until_empty(&server.admin().await).await;
    kept.push("account_deletion.log".to_owned());
    kept.sort();
    assert_eq!(log_files(&server.folders), kept);
}

#[tokio::test]
async fn a_copy_that_cannot_be_removed_is_reported_without_the_account() {
    let folders = Folders::new();
    put_users(&folders, &[("u1", marked("2026-01-01T00:00:00Z"))]);
    put_first_start(&folders);
    let mut kept = put_copies(&folders);
    for ending in [".d", ".u1.d"] {
        fs::create_dir(folders.logs().join(format!("tracking_user_u1.log{ending}"))).unwrap();
    }
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    let stuck = tried(&admin, 1).await;
    let error = text(&stuck["last_error"]);
    assert!(error.contains(".log.d (is a directory"), "{error}");
    assert!(error.contains("a file with another ending") && !error.contains("u1"), "{error}");
    let mut left = vec!["account_deletion.log".to_owned()];
    left.extend(["tracking_user_u1.log.d", "tracking_user_u1.log.u1.d"].map(str::to_owned));
    left.append(&mut kept);
    left.sort();
    assert_eq!(log_files(&server.folders), left, "everything else is removed");
    // The line follows the attempt.
    let log = eventually("the line of the attempt", async || {
        let log = fs::read_to_string(server.folders.logs().join("account_deletion.log")).unwrap();
        log.contains(".log.d (is a directory").then_some(log)
    });
    assert!(!log.await.contains("u1"));
    let health = server.nobody().get("/health").await.expect(200);
    let told = json!({"name": "account_deletion", "backlog": 1, "last_error": error});
    assert_eq!(health["status"], "degraded");
    assert!(health["projections"].as_array().unwrap().contains(&told), "{health}");

    for ending in [".d", ".u1.d"] {
        fs::remove_dir(server.folders.logs().join(format!("tracking_user_u1.log{ending}")))
            .unwrap();
    }
    clock.forward(HOUR);
    let deleted = json!({"id": "u1", "outcome": "deleted", "error": null});
    assert_eq!(run(&admin).await, [deleted]);
    assert_eq!(server.nobody().get("/health").await.expect(200)["status"], "ok");
}

//! The threshold, and the queue for administrators.

use goldstar::config::Config;
use goldstar::domain::deletion::Threshold;
use serde_json::{Value, json};

use super::{mark, put_users, queue, unscheduled};
use crate::harness::{Folders, Hand, PASSWORD, Settings, TestServer, assert_error, log_in, text};

const THRESHOLD: &str = "/admin/deletion-threshold";

/// The time at which an account in the queue is due.
fn due_at(queue: &Value) -> String {
    text(&queue["users"][0]["due_at"])
}

#[tokio::test]
async fn the_threshold_applies_to_marked_accounts_and_survives_a_restart() {
    let (_, machine) = Hand::new();
    let mut server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    let answer =
        |hours: u32| json!({"hours": hours, "minimum": 24, "maximum": 8760, "default": 720});
    assert_eq!(admin.get(THRESHOLD).await.expect(200), answer(720));
    mark(&parent).await.expect(202);
    assert_eq!(due_at(&queue(&admin).await), "2026-03-11T18:42:15.000000Z");
    assert_eq!(admin.put(THRESHOLD, json!({"hours": 48})).await.expect(200), answer(48));
    assert_eq!(due_at(&queue(&admin).await), "2026-02-11T18:42:15.000000Z");
    server.restart().await;
    assert_eq!(admin.get(THRESHOLD).await.expect(200), answer(48));
    assert_eq!(due_at(&queue(&admin).await), "2026-02-11T18:42:15.000000Z");
    let login = log_in(&parent, &parent.email, PASSWORD).await;
    let details = assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    assert_eq!(details["due_at"], "2026-02-11T18:42:15.000000Z");
}

#[tokio::test]
async fn the_threshold_has_bounds() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for hours in [24, 8760] {
        let answer = admin.put(THRESHOLD, json!({"hours": hours})).await.expect(200);
        assert_eq!(answer["hours"], hours);
    }
    for hours in
        [json!(23), json!(8761), json!(0), json!(-24), json!(24.5), json!("48"), json!(null)]
    {
        let answer = admin.put(THRESHOLD, json!({"hours": hours})).await;
        let details = assert_error(&answer, 400, "VALIDATION_FAILED");
        assert_eq!(details["field"], "hours");
    }
    assert_error(&admin.put(THRESHOLD, json!({})).await, 400, "VALIDATION_FAILED");
    let more = json!({"hours": 48, "default": 48});
    assert_error(&admin.put(THRESHOLD, more).await, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(admin.get(THRESHOLD).await.expect(200)["hours"], 8760);
}

#[tokio::test]
async fn a_stored_threshold_out_of_bounds_is_ignored() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let row = json!({"name": "account_deletion_threshold_hours", "value": 1, "by": "hand"});
    folders.put("settings.json", &json!({"_default": {"1": row}}).to_string());
    let configure = |config: &mut Config| {
        config.service.deletion.threshold = Threshold::from_hours(100).unwrap();
    };
    let server = TestServer::on(folders, Settings { configure, ..Settings::default() }).await;
    let admin = server.admin().await;
    let expected = json!({"hours": 100, "minimum": 24, "maximum": 8760, "default": 100});
    assert_eq!(admin.get(THRESHOLD).await.expect(200), expected);
}

/// Accounts of every status, for a server whose clock starts at 2026-02-09T18:42:15Z.
fn put_queue(folders: &Folders) {
    let marked = |at: &str, further: Value| {
        let mut fields = json!({"marked_for_deletion": true, "marked_for_deletion_at": at});
        for (name, value) in further.as_object().unwrap() {
            fields[name] = value.clone();
        }
        fields
    };
    let tried = |attempts: u32| {
        json!({
            "deletion_attempts": attempts,
            "deletion_attempted_at": "2026-02-09T18:42:00Z",
            "deletion_error": "the disk failed",
        })
    };
    put_users(
        folders,
        &[
            ("failed", marked("2025-01-01T00:00:00Z", tried(10))),
            ("later", marked("2026-02-09T00:00:00Z", json!({}))),
            ("sooner", marked("2026-02-08T00:00:00Z", json!({}))),
            ("retrying", marked("2026-01-01T00:00:00Z", tried(2))),
            ("unmarked", json!({"marked_for_deletion": false})),
            ("undated", json!({"marked_for_deletion": true})),
        ],
    );
}

/// A server whose queue has the accounts of [`put_queue`], without a schedule.
async fn with_queue() -> TestServer {
    let folders = Folders::new();
    put_queue(&folders);
    let (_, machine) = Hand::new();
    let configure = unscheduled;
    let settings = Settings { machine, configure, ..Settings::default() };
    TestServer::on(folders, settings).await
}

#[tokio::test]
async fn the_queue_is_sorted_by_the_next_attempt() {
    let server = with_queue().await;
    let admin = server.admin().await;
    let queue = queue(&admin).await;
    assert_eq!(queue["count"], 5);
    let users = queue["users"].as_array().unwrap();
    let ids: Vec<_> = users.iter().map(|user| text(&user["id"])).collect();
    assert_eq!(ids, ["retrying", "sooner", "later", "undated", "failed"]);
    let expected = json!({
        "id": "retrying", "email": "retrying@example.org",
        "marked_for_deletion_at": "2026-01-01T00:00:00.000000Z",
        "due_at": "2026-02-10T18:42:15.000000Z", "status": "retrying", "attempts": 2,
        "last_error": "the disk failed", "next_attempt_at": "2026-02-10T18:42:15.000000Z",
        "waiting_for": [],
    });
    assert_eq!(users[0], expected);
    let expected = json!({
        "id": "sooner", "email": "sooner@example.org",
        "marked_for_deletion_at": "2026-02-08T00:00:00.000000Z",
        "due_at": "2026-03-10T00:00:00.000000Z", "status": "pending", "attempts": 0,
        "last_error": null, "next_attempt_at": "2026-03-10T00:00:00.000000Z",
        "waiting_for": [],
    });
    assert_eq!(users[1], expected);
    assert_eq!((&users[3]["status"], &users[3]["due_at"]), (&json!("unreadable"), &json!(null)));
    assert_eq!(users[4]["status"], "failed");
    assert_eq!(users[4]["next_attempt_at"], json!(null));
}

#[tokio::test]
async fn the_queue_comes_in_pages() {
    let server = with_queue().await;
    let admin = server.admin().await;
    let page = async |limit: &str, offset: &str| {
        let query = [("limit", limit), ("offset", offset)];
        let answer = admin.get_with("/admin/deletion-queue", &query).await.expect(200);
        assert_eq!(answer["count"], 5);
        let users = answer["users"].as_array().unwrap();
        users.iter().map(|user| text(&user["id"])).collect::<Vec<_>>()
    };
    assert_eq!(page("2", "0").await, ["retrying", "sooner"]);
    assert_eq!(page("2", "2").await, ["later", "undated"]);
    assert_eq!(page("9999", "4").await, ["failed"]);
    assert_eq!(page("1", "5").await, [""; 0]);
    for (name, value) in
        [("limit", "0"), ("limit", "x"), ("offset", "-1"), ("status", "failed"), ("limit", "")]
    {
        let answer = admin.get_with("/admin/deletion-queue", &[(name, value)]).await;
        let details = assert_error(&answer, 400, "INVALID_PARAMETER");
        assert_eq!(details, json!({"parameter": name}));
    }
}

#[tokio::test]
async fn monitoring_shows_accounts_that_wait_for_a_person() {
    let server = with_queue().await;
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded");
    let projections = health["projections"].as_array().unwrap();
    let expected = json!({
        "name": "account_deletion", "backlog": 1,
        "last_error": "an account could not be deleted",
    });
    assert!(projections.contains(&expected), "{health}");
    let scraped = server.nobody().get("/metrics").await.text;
    for (status, count) in
        [("pending", 2), ("in_progress", 0), ("retrying", 1), ("failed", 1), ("unreadable", 1)]
    {
        let line = format!("goldstar_deletion_queue{{status=\"{status}\"}} {count}");
        assert!(scraped.lines().any(|other| other == line), "{line}: {scraped}");
    }
}

#[tokio::test]
async fn only_administrators_see_and_run_the_queue() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let nobody = server.nobody();
    for (browser, status, code) in [
        (&nobody, 401, "UNAUTHENTICATED"),
        (&*child, 403, "ADMIN_REQUIRED"),
        (&*family.parent, 403, "ADMIN_REQUIRED"),
    ] {
        for path in [THRESHOLD, "/admin/deletion-queue"] {
            assert_error(&browser.get(path).await, status, code);
        }
        let hours = json!({"hours": 24});
        assert_error(&browser.put(THRESHOLD, hours).await, status, code);
        assert_error(&browser.act("/admin/deletion-queue/run").await, status, code);
    }
    let admin = server.admin().await;
    assert_error(&admin.act("/admin/deletion-queue").await, 405, "METHOD_NOT_ALLOWED");
    assert_eq!(admin.act("/admin/deletion-queue/run").await.expect(200), json!({"results": []}));
}

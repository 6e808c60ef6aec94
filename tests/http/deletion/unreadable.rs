//! Accounts whose mark another program wrote in a form that can't be read.

use serde_json::{Value, json};

use super::folders::put_users;
use super::{deleted, queue, run, unscheduled};
use crate::harness::{DAY, Folders, Hand, PASSWORD, Settings, TestServer, assert_error, log_in};

const OWN: &str = "correct horse 0";

fn marks() -> [(&'static str, Value); 4] {
    let marked = |at: Value| json!({"marked_for_deletion": true, "marked_for_deletion_at": at});
    [
        ("millis", marked(json!(1_770_662_535_000_i64))),
        ("text", marked(json!("soon"))),
        ("undated", marked(Value::Null)),
        ("word", json!({"marked_for_deletion": "yes", "marked_for_deletion_at": 1})),
    ]
}

async fn server() -> (TestServer, Hand) {
    let folders = Folders::new();
    let users = marks().map(|(id, mut fields)| {
        fields["email"] = format!("{id}@example.org").into();
        (id.to_owned(), fields)
    });
    put_users(&folders, &users);
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    (TestServer::on(folders, settings).await, clock)
}

#[tokio::test]
async fn an_unreadable_mark_is_shown_and_never_due() {
    let (server, clock) = server().await;
    let admin = server.admin().await;
    let queue = queue(&admin).await;
    let users = queue["users"].as_array().unwrap();
    assert_eq!(users.len(), 4);
    for user in users {
        for field in ["marked_for_deletion_at", "due_at", "next_attempt_at"] {
            assert_eq!(user[field], Value::Null, "{user}");
        }
        assert_eq!((&user["status"], &user["attempts"]), (&json!("unreadable"), &json!(0)));
    }
    clock.forward(20 * DAY);
    assert_eq!(run(&admin).await, [json!(null); 0]);
    let login = log_in(&server.nobody(), "word@example.org", OWN).await;
    let details = assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    assert_eq!(details, json!({"due_at": null}));
}

#[tokio::test]
async fn an_administrator_unmarks_an_account_whatever_its_mark_looks_like() {
    let (mut server, _clock) = server().await;
    let admin = server.admin().await;
    for (id, _) in marks() {
        admin.delete(&format!("/admin/deletion-queue/{id}")).await.expect(204);
        let email = format!("{id}@example.org");
        log_in(&server.nobody(), &email, OWN).await.expect(200);
        let again = admin.delete(&format!("/admin/deletion-queue/{id}")).await;
        assert_error(&again, 404, "NOT_FOUND");
    }
    assert_error(&admin.delete("/admin/deletion-queue/nobody").await, 404, "NOT_FOUND");
    assert_eq!(queue(&admin).await["count"], 0);
    server.stop().await;
    let rows = server.folders.rows("users.json");
    let marked = rows.iter().filter(|(_, row)| row["marked_for_deletion"] == true);
    assert_eq!(marked.count(), 0, "{rows:?}");
}

#[tokio::test]
async fn an_administrator_deletes_an_account_whatever_its_mark_looks_like() {
    let (server, _clock) = server().await;
    let admin = server.admin().await;
    for (id, _) in marks() {
        let answer = admin.act(&format!("/admin/deletion-queue/{id}/run")).await.expect(200);
        assert_eq!(answer, json!({"results": [deleted(id)]}));
        let again = admin.act(&format!("/admin/deletion-queue/{id}/run")).await;
        assert_error(&again, 404, "NOT_FOUND");
    }
    // An account that is not marked cannot be deleted.
    let parent = server.parent().await;
    let path = format!("/admin/deletion-queue/{}", parent.id);
    assert_error(&admin.act(&format!("{path}/run")).await, 404, "NOT_FOUND");
    assert_error(&admin.delete(&path).await, 404, "NOT_FOUND");
    log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_account_that_is_being_deleted_stays_in_the_queue() {
    let folders = Folders::new();
    let fields = json!({
        "marked_for_deletion": true, "marked_for_deletion_at": "2026-01-01T00:00:00Z",
        "deletion_attempts": 10, "deletion_attempted_at": "2026-02-01T00:00:00Z",
    });
    put_users(&folders, &[("tried", fields)]);
    let (_clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    let answer = admin.delete("/admin/deletion-queue/tried").await;
    assert_error(&answer, 409, "DELETION_IN_PROGRESS");
}

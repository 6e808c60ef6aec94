//! Administrators list accounts, mark and unmark them, end their sessions, and delete them.

use serde_json::{Value, json};

use super::folders::put_users;
use super::{deleted, unscheduled};
use crate::harness::{
    Folders, Hand, PASSWORD, Parent, Settings, TestServer, assert_error, log_in, text,
};

fn path(id: &str, action: &str) -> String {
    format!("/admin/accounts/{id}{action}")
}

fn emails(page: &Value) -> Vec<String> {
    page["accounts"].as_array().unwrap().iter().map(|account| text(&account["email"])).collect()
}

#[tokio::test]
async fn accounts_are_listed_in_pages_and_searched() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (paula, other) = (server.parent().await, server.parent().await);
    let page = admin.get("/admin/accounts").await.expect(200);
    assert_eq!(page["total"], 3);
    assert_eq!(emails(&page)[1..], [paula.email.clone(), other.email.clone()]);
    assert!(!page.to_string().contains("password"), "{page}");
    let page = admin.get("/admin/accounts?limit=1&offset=1").await.expect(200);
    assert_eq!((emails(&page), &page["total"]), (vec![paula.email.clone()], &json!(3)));
    for (query, value, found) in [
        ("q", &paula.id, 1),
        ("q", &paula.email.to_uppercase(), 1),
        ("q", &"@example.org".to_owned(), 3),
        ("q", &"nobody".to_owned(), 0),
        ("q", &"zoë EXA".to_owned(), 2),
        ("q", &"Ada".to_owned(), 1),
        ("email", &paula.email.to_uppercase(), 1),
        ("email", &"@example.org".to_owned(), 0),
        ("state", &"active".to_owned(), 3),
        ("state", &"marked".to_owned(), 0),
    ] {
        let page = admin.get_with("/admin/accounts", &[(query, value)]).await.expect(200);
        assert_eq!(page["total"], found, "{query}={value}");
    }
    for query in ["state=gone", "q=", "role=admin"] {
        let answer = admin.get(&format!("/admin/accounts?{query}")).await;
        assert_error(&answer, 400, "INVALID_PARAMETER");
    }
    let details = admin.get(&path(&paula.id, "")).await.expect(200);
    assert_eq!((&details["email"], &details["sessions"]), (&json!(paula.email), &json!(1)));
    assert_error(&admin.get(&path("nobody", "")).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn an_administrator_marks_unmarks_and_signs_out_an_account() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let paula = server.parent().await;
    let mut stream = paula.events("/events").await;
    admin.act(&path(&paula.id, "/end-sessions")).await.expect(204);
    stream.assert_end().await;
    assert_error(&paula.get("/children").await, 401, "UNAUTHENTICATED");
    let paula = Parent::log_in(server.nobody(), &paula.email, PASSWORD).await;
    let due = admin.act(&path(&paula.id, "/mark-for-deletion")).await.expect(202);
    assert_error(&paula.get("/children").await, 401, "UNAUTHENTICATED");
    let marked = admin.get(&path(&paula.id, "")).await.expect(200);
    assert_eq!((&marked["due_at"], &marked["sessions"]), (&due["due_at"], &json!(0)));
    assert_eq!(marked["deletion_status"], "pending");
    let again = admin.act(&path(&paula.id, "/mark-for-deletion")).await.expect(202);
    assert_eq!(again, due);
    admin.act(&path(&paula.id, "/unmark")).await.expect(204);
    log_in(&server.nobody(), &paula.email, PASSWORD).await.expect(200);
    let answer = admin.act(&path(&paula.id, "/unmark")).await;
    assert_error(&answer, 409, "NOT_MARKED_FOR_DELETION");
    for action in ["/mark-for-deletion", "/unmark", "/end-sessions"] {
        assert_error(&admin.act(&path("nobody", action)).await, 404, "NOT_FOUND");
        assert_error(&paula.act(&path(&admin.id, action)).await, 401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn an_administrator_deletes_an_account_at_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let family = server.family().await;
    let event = family.event().await;
    let id = &family.parent.id;
    let run = admin.delete(&path(id, "")).await.expect(200);
    assert_eq!(run, json!({"results": [deleted(id)]}));
    assert_error(&admin.get(&path(id, "")).await, 404, "NOT_FOUND");
    assert_error(&admin.delete(&path(id, "")).await, 404, "NOT_FOUND");
    let login = log_in(&server.nobody(), &family.parent.email, PASSWORD).await;
    assert_error(&login, 401, "INVALID_CREDENTIALS");
    let page = admin.get("/admin/tracking").await.expect(200);
    let stored = &page["tracking_events"][0];
    assert_eq!((&stored["id"], &stored["user_id"]), (&event["id"], &Value::Null));

    for answer in [
        admin.delete(&path(&admin.id, "")).await,
        admin.act(&path(&admin.id, "/mark-for-deletion")).await,
    ] {
        assert_error(&answer, 409, "LAST_ADMINISTRATOR");
    }
    admin.get("/admin/accounts").await.expect(200);
}

#[tokio::test]
async fn an_unreadable_mark_is_replaced_or_removed() {
    let folders = Folders::new();
    let marked = |at: Value| json!({"marked_for_deletion": "yes", "marked_for_deletion_at": at});
    let users = ["word", "soon"].map(|id| {
        let mut fields = marked(json!(id));
        fields["email"] = format!("{id}@example.org").into();
        (id.to_owned(), fields)
    });
    put_users(&folders, &users);
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    let before = admin.get(&path("word", "")).await.expect(200);
    assert_eq!(
        (&before["deletion_status"], &before["due_at"]),
        (&json!("unreadable"), &json!(null))
    );
    let due = admin.act(&path("word", "/mark-for-deletion")).await.expect(202);
    server.restart().await;
    let after = admin.get(&path("word", "")).await.expect(200);
    assert_eq!((&after["deletion_status"], &after["due_at"]), (&json!("pending"), &due["due_at"]));
    admin.act(&path("soon", "/unmark")).await.expect(204);
    log_in(&server.nobody(), "soon@example.org", "correct horse 0").await.expect(200);
    drop(clock);
}

#[tokio::test]
async fn an_administrator_changes_names_addresses_and_roles() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (paula, other) = (server.parent().await, server.parent().await);
    let patch = json!({"first_name": "Pauline", "email": "pauline@example.org"});
    let changed = admin.patch(&path(&paula.id, ""), patch).await.expect(200);
    assert_eq!(
        (&changed["first_name"], &changed["last_name"]),
        (&json!("Pauline"), &json!("Example"))
    );
    paula.get("/children").await.expect(200);
    let taken = admin.patch(&path(&paula.id, ""), json!({"email": other.email})).await;
    assert_error(&taken, 409, "EMAIL_TAKEN");

    let promoted = admin.act(&path(&paula.id, "/promote")).await.expect(200);
    assert_eq!((&promoted["role"], &promoted["sessions"]), (&json!("admin"), &json!(0)));
    assert_error(&paula.get("/children").await, 401, "UNAUTHENTICATED");
    let paula = Parent::log_in(server.nobody(), "pauline@example.org", PASSWORD).await;
    paula.get("/admin/accounts").await.expect(200);
    let demoted = paula.act(&path(&admin.id, "/demote")).await.expect(200);
    assert_eq!(demoted["role"], "parent");
    assert_error(&admin.get("/admin/accounts").await, 401, "UNAUTHENTICATED");
    let last = paula.act(&path(&paula.id, "/demote")).await;
    assert_error(&last, 409, "LAST_ADMINISTRATOR");

    let password = json!({"new_password": "wrong horse, new battery"});
    let answer = paula.put(&path(&other.id, "/password"), password).await;
    assert_error(&answer, 403, "OPERATOR_REQUIRED");
    for action in ["/promote", "/demote"] {
        assert_error(&paula.act(&path("nobody", action)).await, 404, "NOT_FOUND");
    }
}

//! The administration log.

use serde_json::{Value, json};

use crate::harness::{
    Admin, DAY, HOUR, Hand, Settings, TestServer, assert_error, eventually, text,
};

async fn log(admin: &Admin) -> Vec<Value> {
    let page = admin.get("/admin/log?limit=500").await.expect(200);
    page["actions"].as_array().unwrap().clone()
}

fn names(log: &[Value]) -> Vec<String> {
    log.iter().map(|action| text(&action["action"])).collect()
}

#[tokio::test]
async fn every_action_of_an_administrator_is_logged() {
    let mut server = TestServer::start().await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    assert_eq!(log(&admin).await, [] as [Value; 0]);
    let path = |action: &str| format!("/admin/accounts/{}{action}", paula.id);
    admin.patch(&path(""), json!({"first_name": "Pauline"})).await.expect(200);
    admin.act(&path("/promote")).await.expect(200);
    admin.act(&path("/demote")).await.expect(200);
    admin.act(&path("/reset-link")).await.expect(201);
    admin.act(&path("/end-sessions")).await.expect(204);
    admin.act(&path("/mark-for-deletion")).await.expect(202);
    admin.act(&path("/unmark")).await.expect(204);
    admin.put("/admin/deletion-threshold", json!({"hours": 48})).await.expect(200);
    admin.act("/admin/deletion-queue/run").await.expect(200);
    admin.act("/admin/backup").await;
    let token = |scope: &str| json!({"name": "Program", "scopes": [scope]});
    let created = admin.post("/tokens", token("admin:read")).await.expect(201);
    let token_path = format!("/tokens/{}", text(&created["token"]["id"]));
    admin.delete(&token_path).await.expect(204);
    assert_error(&admin.delete(&token_path).await, 404, "NOT_FOUND");
    // It concerns the family only.
    admin.post("/tokens", token("read")).await.expect(201);
    // What fails and what only reads is not logged.
    let check = admin.act("/admin/backup?check=true").await;
    assert_error(&check, 403, "OPERATOR_REQUIRED");
    admin.get(&path("")).await.expect(200);
    assert_error(&admin.act(&path("/unmark")).await, 409, "NOT_MARKED_FOR_DELETION");
    let run = format!("/admin/deletion-queue/{}/run", paula.id);
    assert_error(&admin.act(&run).await, 404, "NOT_FOUND");
    let actions = log(&admin).await;
    assert_eq!(
        names(&actions),
        [
            "api_token_revoked",
            "api_token_created",
            "backup_created",
            "due_accounts_deleted",
            "threshold_set",
            "account_unmarked",
            "account_marked",
            "sessions_ended",
            "reset_link_created",
            "account_demoted",
            "account_promoted",
            "account_updated",
        ]
    );
    for action in &actions[5..] {
        assert_eq!(action["actor_email"], json!(admin.email), "{action}");
        assert_eq!(action["account_email"], json!(paula.email), "{action}");
    }
    assert_eq!(
        (&actions[2]["account"], &actions[2]["account_email"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(actions[0]["actor_email"], json!(admin.email));

    let page = admin.get("/admin/log?limit=2&offset=1").await.expect(200);
    assert_eq!(page["total"], 12);
    assert_eq!(names(page["actions"].as_array().unwrap()), names(&actions[1..3]));
    assert_error(&paula.get("/admin/log").await, 401, "UNAUTHENTICATED");
    server.restart().await;
    assert_eq!(log(&admin).await, actions);
}

#[tokio::test]
async fn the_log_keeps_a_pseudonym_of_a_deleted_account() {
    let mut server = TestServer::start().await;
    let admin = server.admin().await;
    let (marked, paula) = (server.parent().await, server.parent().await);
    admin.act(&format!("/admin/accounts/{}/mark-for-deletion", marked.id)).await.expect(202);
    admin.act(&format!("/admin/deletion-queue/{}/run", marked.id)).await.expect(200);
    admin.delete(&format!("/admin/accounts/{}", paula.id)).await.expect(200);
    let actions = log(&admin).await;
    assert_eq!(names(&actions), ["account_deleted", "account_deleted", "account_marked"]);
    assert_eq!(actions[1]["account"], actions[2]["account"], "one account has one pseudonym");
    for action in &actions {
        assert!(action["account"].is_string(), "{action}");
        assert_eq!(action["account_email"], Value::Null);
        assert_eq!(action["actor_email"], json!(admin.email));
    }
    server.stop().await;
    if let Ok(file) = std::fs::read_to_string(server.folders.data_file("administration.json")) {
        for secret in [&paula.id, &paula.email, &admin.id, &admin.email] {
            assert!(!file.contains(secret.as_str()), "{file}");
        }
    }
}

#[tokio::test]
async fn an_entry_is_removed_after_400_days() {
    let (clock, machine) = Hand::new();
    let mut server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let admin = server.admin().await;
    admin.put("/admin/deletion-threshold", json!({"hours": 48})).await.expect(200);
    clock.forward(399 * DAY);
    server.restart().await;
    let admin = server.admin().await;
    clock.forward(2 * HOUR);
    admin.put("/admin/deletion-threshold", json!({"hours": 49})).await.expect(200);
    assert_eq!(log(&admin).await.len(), 2);
    clock.forward(2 * DAY);
    eventually("the removal of the entry", async || (log(&admin).await.len() == 1).then_some(()))
        .await;
}

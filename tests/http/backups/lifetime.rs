//! Who may make a backup, and when it ends.

use std::time::Duration;

use goldstar::config::Config;
use reqwest::Method;
use serde_json::json;

use super::{ADMIN, ADMIN_PASSWORD, back_up, begin, restored};
use crate::harness::person::{Session, log_in};
use crate::harness::wire::Wire;
use crate::harness::{
    Answer, Folders, Scrape, Settings, TestServer, assert_error, eventually, send,
};

/// A server whose backup does not fit into the buffers of a connection.
async fn large(settings: Settings) -> TestServer {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let rows: Vec<String> =
        (1..3000).map(|n| format!("\"{n}\": {{\"text\": \"{}\"}}", "x".repeat(1000))).collect();
    folders.put("pictures.json", &format!("{{\"_default\": {{{}}}}}", rows.join(", ")));
    TestServer::on(folders, settings).await
}

/// Waits until no backup is made.
async fn ended(server: &TestServer) {
    eventually("the end of the backup", async || {
        (Scrape::of(server).await.get("backups") == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_password_must_be_repeated() {
    let configure = |config: &mut Config| config.service.logins.per_account = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let admin = server.admin().await;
    let refused = async |body| -> Answer { admin.post("/admin/backup", body).await };
    assert_error(&refused(json!({"password": "wrong"})).await, 403, "WRONG_PASSWORD");
    assert_error(&refused(json!({"password": "wrong"})).await, 403, "WRONG_PASSWORD");
    assert_error(&refused(json!({"password": "wrong"})).await, 429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_server_makes_one_backup_at_a_time() {
    let server = large(Settings::default()).await;
    let mut wire = begin(&server).await;
    let admin = server.admin().await;
    let second = admin.post("/admin/backup", json!({"password": ADMIN_PASSWORD})).await;
    assert_error(&second, 409, "BACKUP_IN_PROGRESS");
    while wire.chunk().await.is_some() {}
    ended(&server).await;
    restored(&back_up(&admin).await);
}

#[tokio::test]
async fn a_backup_ends_when_its_client_disconnects() {
    let server = large(Settings::default()).await;
    begin(&server).await.vanish();
    ended(&server).await;
}

#[tokio::test]
async fn a_backup_ends_with_its_session() {
    let server = large(Settings::default()).await;
    let mut wire = Wire::with_small_window(&server).await;
    let session = Session::in_answer(&log_in(&server.nobody(), ADMIN, ADMIN_PASSWORD).await);
    wire.send(session.post("/admin/backup", &json!({"password": ADMIN_PASSWORD}))).await;
    assert_eq!(wire.head().await.status, 200);
    let logout = server.nobody().request(Method::POST, "/auth/logout");
    assert_eq!(send(logout.header("cookie", &session.cookie)).await.status, 204);
    let rest = wire.drain().await;
    assert!(!rest.ends_with(b"\r\n0\r\n\r\n"), "it looks complete");
    ended(&server).await;
}

#[tokio::test]
async fn a_backup_ends_if_its_client_is_too_slow() {
    let configure = |config: &mut Config| config.http.limits.write_timeout = Duration::from_secs(1);
    let server = large(Settings { configure, ..Settings::default() }).await;
    let wire = begin(&server).await;
    ended(&server).await;
    drop(wire);
}

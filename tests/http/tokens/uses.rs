//! How programs present their tokens, and what is recorded of it.

use goldstar::config::Config;
use goldstar::http::Monitoring;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, listed};
use crate::harness::{
    Events, Family, HOUR, Hand, PASSWORD, Settings, TestServer, assert_error, eventually, log_in,
    send, task_path,
};

#[tokio::test]
async fn only_a_bearer_token_counts() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let program = Program::of(&parent, server.nobody(), &["read"]).await;
    let secret = &program.secret;
    program.get("/children").await.expect(200);
    let nobody = server.nobody();
    for cookie in ["session", "session_device"] {
        let request = nobody.request(Method::GET, "/children");
        let answer = send(request.header("Cookie", format!("{cookie}={secret}"))).await;
        assert_error(&answer, 401, "UNAUTHENTICATED");
    }
    for name in ["token", "access_token", "secret", "authorization"] {
        let answer = nobody.get(&format!("/children?{name}={secret}")).await;
        assert!([400, 401].contains(&answer.status), "{}", answer.text);
    }
    let mut changed = secret.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == '0' { '1' } else { '0' });
    let unknown = "gs_10AOhycyamkKyENaw2sLSsN3q0V3WwhrB";
    for wrong in [&*changed, unknown, "gs_", &secret[..35], &secret.to_uppercase(), &secret[3..]] {
        let answer = send(nobody.request(Method::GET, "/children").bearer_auth(wrong)).await;
        assert_error(&answer, 401, "UNAUTHENTICATED");
    }
    // It takes precedence over a cookie, like each Bearer token.
    let request = parent.request(Method::GET, "/tokens").bearer_auth(secret);
    assert_error(&send(request).await, 403, "SESSION_REQUIRED");
}

#[tokio::test]
async fn a_page_of_another_origin_can_use_a_token_but_no_cookie() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let program = Program::of(&family.parent, server.nobody(), &["activate"]).await;
    let path = task_path(&family.child, &family.task, "activate");
    let request = server.nobody().request(Method::POST, &path);
    let request = request.header("Origin", "https://evil.example.org");
    send(request.bearer_auth(&program.secret)).await.expect(200);
}

#[tokio::test]
async fn the_last_use_and_its_address_are_listed() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    let program = Program::of(&parent, server.nobody(), &["read"]).await;
    let used = async || {
        let token = listed(&parent).await.remove(0);
        [&token["last_used_at"], &token["last_address"]].map(Value::clone)
    };
    assert_eq!(used().await, [Value::Null, Value::Null]);
    program.get("/children").await.expect(200);
    let first = eventually("the first use", async || {
        let [at, address] = used().await;
        (address == "127.0.0.1").then_some(at)
    })
    .await;
    assert_eq!(first, "2026-02-09T18:42:15.000000Z");
    clock.forward(HOUR);
    program.get("/children").await.expect(200);
    eventually("a later use", async || {
        (used().await[0] == "2026-02-09T19:42:15.000000Z").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_closes_when_its_token_is_revoked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let program = Program::of(&family.parent, server.nobody(), &["read"]).await;
    let request = server.nobody().request(Method::GET, "/events").bearer_auth(&program.secret);
    let mut stream = Events::open(request).await;
    family.event().await;
    stream.next_event().await;
    family.parent.delete(&format!("/tokens/{}", program.id)).await.expect(204);
    stream.assert_end().await;
    assert!(!program.is_live().await);
}

#[tokio::test]
async fn idempotency_keys_belong_to_the_token() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let Family { parent, child, task, .. } = &family;
    let scopes = ["activate"];
    let one = Program::of(parent, server.nobody(), &scopes).await;
    let other = Program::of(parent, server.nobody(), &scopes).await;
    let path = task_path(child, task, "activate");
    let send_as = async |program: &Program| {
        let request = server.nobody().request(Method::POST, &path);
        let request = request.header("Idempotency-Key", "k").bearer_auth(&program.secret);
        send(request).await.expect(200)["tracking_event"]["id"].clone()
    };
    let first = send_as(&one).await;
    assert_eq!(send_as(&one).await, first);
    assert_ne!(send_as(&other).await, first);
    let by_parent = parent.act_once(&path, "k").await.expect(200);
    assert_ne!(by_parent["tracking_event"]["id"], first);
    assert_eq!(parent.points(child).await, 50 + 3 * 5);
}

#[tokio::test]
async fn tokens_are_no_sessions_in_lists_and_limits() {
    let configure = |config: &mut Config| config.service.family.sessions = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let (parent, admin) = (server.parent().await, server.admin().await);
    let program = Program::of(&parent, server.nobody(), &["read"]).await;
    for _ in 0..4 {
        log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
    }
    assert!(program.is_live().await);
    log_in(&parent, &parent.email, PASSWORD).await.expect(200);
    let sessions = parent.get("/auth/sessions").await.expect(200);
    assert_eq!(sessions["total"], 2);
    let ids: Vec<_> = sessions["sessions"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert!(!ids.contains(&&json!(program.id)));
    let path = format!("/auth/sessions/{}", program.id);
    assert_error(&parent.delete(&path).await, 404, "NOT_FOUND");
    let account = admin.get(&format!("/admin/accounts/{}", parent.id)).await.expect(200);
    assert_eq!(account["sessions"], 2, "{account}");
    let all = admin.get("/admin/sessions").await.expect(200);
    assert_eq!(all["total"], 3, "with the administrator's: {all}");
}

#[tokio::test]
async fn a_token_of_an_administrator_reads_the_state_of_a_server_whose_monitoring_is_closed() {
    let configure = |config: &mut Config| {
        config.http.monitoring = Monitoring { is_open: false, token: None };
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let admin = server.admin().await;
    let program = Program::of(&admin, server.nobody(), &["admin:read"]).await;
    let other = Program::of(&admin, server.nobody(), &["read"]).await;
    assert_eq!(program.get("/metrics").await.status, 200);
    assert_error(&other.get("/metrics").await, 403, "SCOPE_REQUIRED");
    assert!(program.get("/health").await.expect(200)["projections"].is_array());
    assert_eq!(other.get("/health").await.expect(200), json!({"status": "ok"}));
}

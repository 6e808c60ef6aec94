//! Who may read the state of the server if monitoring is not open.

use std::io::ErrorKind;
use std::sync::Arc;

use goldstar::app::Machine;
use goldstar::config::Config;
use goldstar::http::{Monitoring, Secret};
use reqwest::Method;
use serde_json::json;

use crate::harness::person;
use crate::harness::{
    Answer, Client, Fails, FaultyDisk, Settings, TestServer, assert_error, eventually, send,
};

const TOKEN: &str = "a-token-of-32-characters-or-more";

fn protected(config: &mut Config) {
    let token = Some(Secret::new(TOKEN.to_owned()));
    config.http.monitoring = Monitoring { is_open: false, token };
}

fn protected_without_token(config: &mut Config) {
    config.http.monitoring = Monitoring { is_open: false, token: None };
}

fn open_with_token(config: &mut Config) {
    let token = Some(Secret::new(TOKEN.to_owned()));
    config.http.monitoring = Monitoring { is_open: true, token };
}

async fn get(client: &Client, path: &str, bearer: Option<&str>) -> Answer {
    let request = client.request(Method::GET, path);
    send(match bearer {
        Some(token) => request.header("Authorization", format!("Bearer {token}")),
        None => request,
    })
    .await
}

/// The roles, and the error code for each; `None` if it may read.
async fn ways(
    server: &TestServer,
    token_counts: bool,
) -> Vec<(Client, Option<&str>, RuleViolation)> {
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await.0;
    let parent = (*family.parent).clone();
    let admin = (**server.admin().await).clone();
    let unknown = Some((401, "UNAUTHENTICATED"));
    let no_admin = Some((403, "ADMIN_REQUIRED"));
    let with_token = if token_counts { None } else { unknown };
    vec![
        (server.nobody(), None, unknown),
        (server.nobody(), Some("wrong"), unknown),
        (server.nobody(), Some(""), unknown),
        (server.nobody(), Some(&TOKEN[1..]), unknown),
        (server.nobody(), Some(&TOKEN[..TOKEN.len() - 1]), unknown),
        (server.nobody(), Some("A-TOKEN-OF-32-CHARACTERS-OR-MORE"), unknown),
        (
            server.nobody(),
            Some("a-token-of-32-characters-or-morea-token-of-32-characters-or-more"),
            unknown,
        ),
        (server.nobody(), Some(TOKEN), with_token),
        (parent.clone(), None, no_admin),
        (parent, Some(TOKEN), with_token),
        (child, None, no_admin),
        (admin, None, None),
    ]
}

type RuleViolation = Option<(u16, &'static str)>;

async fn assert_protected(configure: fn(&mut Config), token_counts: bool) {
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    for (client, bearer, refusal) in ways(&server, token_counts).await {
        for (prefix, slash) in [("", ""), ("/api", ""), ("", "/")] {
            let metrics = get(&client, &format!("{prefix}/metrics{slash}"), bearer).await;
            match refusal {
                Some((status, code)) => _ = assert_error(&metrics, status, code),
                None => assert_eq!(metrics.status, 200, "{}", metrics.text),
            }
            let health = get(&client, &format!("{prefix}/health"), bearer).await.expect(200);
            match refusal {
                Some(_) => assert_eq!(health, json!({"status": "ok"})),
                None => assert_eq!(health["projections"].as_array().unwrap().len(), 10),
            }
        }
    }
}

#[tokio::test]
async fn protected_monitoring_is_for_administrators_and_the_token() {
    assert_protected(protected, true).await;
}

#[tokio::test]
async fn without_a_token_monitoring_is_for_administrators_only() {
    assert_protected(protected_without_token, false).await;
}

#[tokio::test]
async fn open_monitoring_is_for_anyone_with_any_token() {
    for configure in [|_: &mut Config| {}, open_with_token] {
        let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
        for bearer in [None, Some(TOKEN), Some("wrong")] {
            assert_eq!(get(&server.nobody(), "/metrics", bearer).await.status, 200);
            let health = get(&server.nobody(), "/health", bearer).await.expect(200);
            assert!(health["projections"].is_array(), "{health}");
        }
    }
}

#[tokio::test]
async fn everyone_learns_whether_a_protected_server_works() {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let settings = Settings { machine, configure: protected, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let family = server.family().await;
    disk.fail_writes("tracking_user_", ErrorKind::StorageFull);
    family.event().await;
    eventually("the backlog", async || {
        let health = server.nobody().get("/health").await.expect(200);
        (health == json!({"status": "degraded"})).then_some(())
    })
    .await;
    let detailed = get(&server.nobody(), "/health", Some(TOKEN)).await.expect(200);
    assert!(detailed["projections"][2]["last_error"].is_string(), "{detailed}");

    disk.fail_in("journal", Fails::Everything, ErrorKind::Other);
    let unknown = family.parent.activate(&family.child, &family.task).await;
    assert_error(&unknown, 503, "OUTCOME_UNKNOWN");
    let health = server.nobody().get("/health").await.expect(503);
    assert_eq!(health, json!({"status": "read_only"}));
    server.stop_broken().await;
}

#[tokio::test]
async fn the_monitoring_token_gives_no_other_access() {
    let server = TestServer::with(Settings { configure: protected, ..Settings::default() }).await;
    let nobody = server.nobody();
    for path in ["/admin/tracking", "/children", "/auth/me", "/events"] {
        assert_error(&get(&nobody, path, Some(TOKEN)).await, 401, "UNAUTHENTICATED");
    }
}

/// A child's session of an administrator is not an administrator's.
#[tokio::test]
async fn an_administrators_child_sees_nothing() {
    let server = TestServer::with(Settings { configure: protected, ..Settings::default() }).await;
    let admin = server.admin().await;
    let child = admin.child("Ben", 5).await;
    let browser = server.nobody();
    let login = person::log_in(&browser, "admin@example.org", "correct horse 0").await;
    let session = person::Session::in_answer(&login);
    let body = json!({"child_id": child});
    browser.post("/auth/child-session", body).await.expect(200);
    let answer = browser.get("/metrics").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(browser.get("/health").await.body["projections"].is_null());
    // The parent's session became the child's: the old token is no longer valid.
    assert!(
        !get(&server.nobody(), "/metrics", Some(&session.token)).await.text.contains("goldstar_")
    );
}

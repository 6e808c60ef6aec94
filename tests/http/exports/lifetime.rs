//! The end of an export: that of the history at its start, of its session, of its client, and of the
//! client's patience.

use std::time::Duration;

use goldstar::config::Config;
use reqwest::Method;

use super::home::{long_history, session};
use crate::harness::wire::Wire;
use crate::harness::{Answer, Scrape, Settings, TestServer, assert_error, eventually, send, text};

const PATHS: [&str; 3] = [
    "/admin/tracking/export?format=ndjson&order=asc",
    "/children/child-1/tracking/export",
    "/account/export",
];

/// Starts an export that does not end before its client reads it.
async fn begin(server: &TestServer, path: &str) -> Wire {
    let mut wire = Wire::with_small_window(server).await;
    wire.send(session(server).await.head("GET", path, &[])).await;
    let head = wire.head().await;
    assert_eq!((head.status, head.header("transfer-encoding")), (200, "chunked"), "{path}");
    wire
}

/// Waits until no export is in progress.
async fn ended(server: &TestServer) {
    eventually("the end of the export", async || {
        (Scrape::of(server).await.get("exports") == 0).then_some(())
    })
    .await;
}

async fn all_chunks(wire: &mut Wire) -> String {
    let mut body = String::new();
    while let Some(chunk) = wire.chunk().await {
        body.push_str(&chunk);
    }
    body
}

#[tokio::test]
async fn events_after_the_start_are_not_in_the_file() {
    let server = long_history(Settings::default()).await;
    let admin = server.admin().await;
    let task = admin.task("New", 5).await;
    for (recorded, path) in PATHS.into_iter().enumerate() {
        let mut wire = begin(&server, path).await;
        let event = admin.activate("child-1", &task).await.expect(200);
        let id = text(&event["tracking_event"]["id"]);
        let body = all_chunks(&mut wire).await;
        assert!(!body.contains(&id), "{path}");
        for n in 0..40 {
            assert!(body.contains(&format!("event-{n}")), "{path}: {n}");
        }
        assert_eq!(body.matches("activated").count(), 40 + recorded, "{path}");
        assert!(admin.get(path).await.text.contains(&id), "{path}");
    }
}

fn assert_refused(answer: &Answer) {
    let details = assert_error(answer, 429, "EXPORT_IN_PROGRESS");
    assert_eq!(details["retry_after"], 10);
    assert_eq!(answer.header("retry-after"), "10");
}

#[tokio::test]
async fn an_account_has_one_export_at_a_time() {
    let server = long_history(Settings::default()).await;
    let (admin, family) = (server.admin().await, server.family().await);
    for path in PATHS {
        let mut wire = begin(&server, path).await;
        assert_eq!(Scrape::of(&server).await.get("exports"), 1);
        for second in PATHS {
            assert_refused(&admin.get(second).await);
        }
        // Another account has its own.
        assert_eq!(family.parent.get("/account/export").await.status, 200);
        all_chunks(&mut wire).await;
        ended(&server).await;
        assert_eq!(admin.get("/children/child-1/tracking/export").await.status, 200);
    }
    let head = send(admin.request(Method::HEAD, PATHS[0])).await;
    assert_eq!((head.status, &*head.text), (200, ""));
    assert!(head.header("content-disposition").contains(".ndjson"));
    ended(&server).await;
    assert!(Scrape::of(&server).await.get("exported_events_total") >= 120);
}

#[tokio::test]
async fn an_export_ends_when_its_client_disconnects() {
    let server = long_history(Settings::default()).await;
    for path in PATHS {
        begin(&server, path).await.vanish();
        ended(&server).await;
    }
}

#[tokio::test]
async fn an_export_ends_with_its_session() {
    let server = long_history(Settings::default()).await;
    for path in PATHS {
        let mut wire = Wire::with_small_window(&server).await;
        let reader = session(&server).await;
        wire.send(reader.head("GET", path, &[])).await;
        assert_eq!(wire.head().await.status, 200);
        let logout = server.nobody().request(Method::POST, "/auth/logout");
        assert_eq!(send(logout.header("cookie", &reader.cookie)).await.status, 204);
        let rest = wire.drain().await;
        assert!(!rest.ends_with(b"\r\n0\r\n\r\n"), "{path}: it looks complete");
        assert!(rest.len() < 2 << 20, "{path}: all of it came");
        ended(&server).await;
    }
}

#[tokio::test]
async fn an_export_ends_if_its_client_is_too_slow() {
    let configure = |config: &mut Config| config.http.limits.write_timeout = Duration::from_secs(1);
    let server = long_history(Settings { configure, ..Settings::default() }).await;
    let wire = begin(&server, PATHS[0]).await;
    ended(&server).await;
    drop(wire);
}

#[tokio::test]
async fn an_export_that_ends_early_is_logged_without_names() {
    let mut server = long_history(Settings { binary: true, ..Settings::default() }).await;
    begin(&server, PATHS[1]).await.vanish();
    ended(&server).await;
    let admin = server.admin().await;
    assert_eq!(admin.get(PATHS[0]).await.status, 200);
    ended(&server).await;
    let (_, log) = server.stop_by("TERM");
    let lines: Vec<&str> =
        log.lines().filter(|line| line.contains("an export has ended")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains("is_complete=false"), "{}", lines[0]);
    assert!(
        lines[1].contains("is_complete=true") && lines[1].contains("events=40"),
        "{}",
        lines[1]
    );
    for name in ["admin-1", "child-1", "admin@example.org", "Ada"] {
        assert!(lines.iter().all(|line| !line.contains(name)), "{lines:?}");
    }
}

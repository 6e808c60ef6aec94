//! The metrics count successes and failures.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use goldstar::app::Machine;
use goldstar::config::Config;
use reqwest::Method;
use serde_json::json;

use crate::harness::{
    Fails, FaultyDisk, Scrape, Settings, TestServer, assert_error, eventually, hash_as_for_users,
    log_in, send,
};

async fn on_faulty_disk() -> (TestServer, FaultyDisk) {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    (TestServer::with(Settings { machine, ..Settings::default() }).await, disk)
}

#[tokio::test]
async fn a_scrape_has_a_format_of_prometheus() {
    let server = TestServer::start().await;
    for path in ["/metrics", "/api/metrics", "/metrics/"] {
        let answer = server.nobody().get(path).await;
        assert_eq!(answer.status, 200);
        let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), media_type);
        assert!(answer.text.ends_with("\n# EOF\n"), "{}", answer.text);
    }
    let request = server.nobody().request(Method::GET, "/metrics");
    let answer = request.header("Accept-Encoding", "gzip").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
}

#[tokio::test]
async fn open_and_refused_connections_are_counted() {
    let configure = |config: &mut Config| config.http.limits.max_connections = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let reader = server.nobody();
    let alone = Scrape::by(&reader).await;
    assert!((1..=2).contains(&alone.get("connections")), "the harness's may be open yet");
    let address = server.nobody().url("").replace("http://", "");
    let waiting: Vec<_> = (0..3).map(|_| TcpStream::connect(&address).unwrap()).collect();
    eventually("a connection to be refused", async || {
        let scrape = Scrape::by(&reader).await;
        let is_full = scrape.get("connections") == 3;
        (is_full && scrape.get("connections_refused_total") >= 1).then_some(())
    })
    .await;
    drop(waiting);
    eventually("the connections to be gone", async || {
        (Scrape::by(&reader).await.get("connections") <= 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn malformed_heads_are_counted() {
    let configure = |config: &mut Config| config.http.limits.head_timeout = Duration::from_secs(1);
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let long = "x".repeat(40 << 10);
    for (head, status) in [
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nX-Field: {long}\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 414),
        ("GET / HTTP/1.1\r\nHost".to_owned(), 408),
    ] {
        let mut raw = server.connect().await;
        raw.send(head).await;
        assert_eq!(raw.answer().await.status, status);
    }
    // An unused connection does not count.
    server.connect().await.assert_end().await;
    let scrape = Scrape::of(&server).await;
    for reason in ["malformed", "too_large", "uri_too_long", "timeout"] {
        let series = format!("heads_refused_total{{reason=\"{reason}\"}}");
        assert_eq!(scrape.get(&series), 1, "{reason}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_their_route_and_status() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let before = Scrape::of(&server).await;
    // Penalties earn no badge, whose commit would count, too.
    for _ in 0..3 {
        family.parent.activate(&family.child, &family.penalty).await.expect(200);
    }
    let other = server.family().await;
    let answer = other.parent.activate(&family.child, &family.task).await;
    assert_error(&answer, 404, "NOT_FOUND");
    server.nobody().get("/api/health/").await.expect(200);
    server.nobody().delete("/health?secret=1").await.expect(405);
    server.nobody().get("/no/such/route").await.expect(404);
    let unknown = Method::from_bytes(b"BREW").unwrap();
    send(server.nobody().request(unknown, "/health")).await.expect(405);
    let after = Scrape::of(&server).await;
    let grown = |series: &str| after.grown(series, &before);

    let activate = r#"method="POST",route="/children/{id}/tasks/{task_id}/activate""#;
    for (labels, count) in [
        (format!(r#"{activate},status="200""#), 3),
        (format!(r#"{activate},status="404""#), 1),
        (r#"method="GET",route="/health",status="200""#.to_owned(), 1),
        (r#"method="DELETE",route="/health",status="405""#.to_owned(), 1),
        (r#"method="GET",route="none",status="404""#.to_owned(), 1),
        (r#"method="other",route="/health",status="405""#.to_owned(), 1),
        (r#"method="GET",route="/metrics",status="200""#.to_owned(), 1),
    ] {
        assert_eq!(grown(&format!("http_requests_total{{{labels}}}")), count, "{labels}");
    }
    let durations = "http_request_duration_seconds";
    assert_eq!(grown(&format!("{durations}_count{{{activate}}}")), 4);
    assert!(after.seconds(&format!("{durations}_sum{{{activate}}}")) > 0.0);
    for series in after.series() {
        for id in [&family.child, &family.task, &family.parent.id] {
            assert!(!series.contains(id.as_str()), "{series}");
        }
    }
}

#[tokio::test]
async fn commits_are_counted_with_their_syncs() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let before = Scrape::of(&server).await;
    // Not a task, for which the job of the badges can commit an award meanwhile.
    for _ in 0..3 {
        family.parent.activate(&family.child, &family.penalty).await.expect(200);
    }
    let refused = family.parent.cancel(&family.child, &family.reward).await;
    assert_error(&refused, 409, "NO_PENDING_REQUEST");
    let after = Scrape::of(&server).await;
    let grown = |series: &str| after.grown(series, &before);
    assert_eq!(grown("commits_total"), 3);
    assert_eq!(grown("commit_batch_size_sum"), 4, "a refusal is a decision too");
    assert_eq!(grown("commit_batch_size_count"), 4, "one client: a batch each");
    // The notes of the maintenance thread are synced in the same way.
    assert!(grown("journal_sync_seconds_count") >= 3);
    let synced = |scrape: &Scrape| scrape.seconds("journal_sync_seconds_sum");
    assert!(synced(&after) > synced(&before));
    assert_eq!(after.get("read_only"), 0);
    for projection in ["tables", "tracking_events.json", "audit_log", "live"] {
        let backlog = format!("goldstar_projection_backlog{{projection=\"{projection}\"}}");
        assert!(after.series().any(|series| series == backlog), "{projection}");
    }
}

#[tokio::test]
async fn the_journal_is_as_large_as_its_files() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.event().await;
    eventually("the journal to be at rest", async || {
        let bytes = Scrape::of(&server).await.get("journal_bytes").cast_unsigned();
        let files = server.folders.data_files().into_iter();
        let segments = files.filter(|path| path.extension().is_some_and(|e| e == "journal"));
        let sizes = segments.map(|path| path.metadata().unwrap().len());
        (bytes == sizes.sum::<u64>()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn refused_logins_are_counted() {
    let configure = |config: &mut Config| {
        config.service.logins.per_account = 2;
        // A sign-up counts as an attempt, too.
        config.service.logins.per_address = 5;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let wrong = async |email: &str, status, code| {
        let answer = log_in(&server.nobody(), email, "wrong").await;
        assert_error(&answer, status, code);
    };
    for email in [parent.email.as_str(), "nobody@example.org"] {
        wrong(email, 401, "INVALID_CREDENTIALS").await;
        wrong(email, 401, "INVALID_CREDENTIALS").await;
    }
    wrong("somebody@example.org", 429, "TOO_MANY_ATTEMPTS").await;
    let scrape = Scrape::of(&server).await;
    let refused = |reason| scrape.get(&format!("logins_refused_total{{reason=\"{reason}\"}}"));
    assert_eq!((refused("credentials"), refused("address_limit")), (4, 1));
    assert_eq!(refused("account_limit"), 0);
}

#[tokio::test]
async fn logins_beyond_an_account_s_limit_are_counted_apart() {
    let configure = |config: &mut Config| config.service.logins.per_account = 1;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    for (status, code) in [(401, "INVALID_CREDENTIALS"), (429, "TOO_MANY_ATTEMPTS")] {
        let answer = log_in(&server.nobody(), "nobody@example.org", "wrong").await;
        assert_error(&answer, status, code);
    }
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.get(r#"logins_refused_total{reason="account_limit"}"#), 1);
    assert_eq!(scrape.get(r#"logins_refused_total{reason="credentials"}"#), 1);
}

#[tokio::test]
async fn open_streams_are_counted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let streams = (parent.events("/events").await, parent.events("/events").await);
    assert_eq!(Scrape::of(&server).await.get("sse_readers"), 2);
    drop(streams);
    eventually("the streams to be gone", async || {
        (Scrape::of(&server).await.get("sse_readers") == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_counted_too() {
    let settings = Settings { configure: hash_as_for_users, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let address = server.nobody().url("").replace("http://", "");
    let body = json!({"email": "nobody@example.org", "password": "wrong"}).to_string();
    let request = format!(
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // Checking a password takes much longer than disconnecting.
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    drop(connection);
    let series = r#"http_requests_total{method="POST",route="/auth/login",status="499"}"#;
    eventually("the request to be counted", async || {
        (Scrape::of(&server).await.get(series) == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_degraded_server_shows_in_health_and_in_the_metrics() {
    let (server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    disk.fail_writes("tracking_user_", ErrorKind::StorageFull);
    family.event().await;
    family.event().await;
    let backlog = r#"projection_backlog{projection="audit_log"}"#;
    let errors = r#"projection_errors_total{projection="audit_log"}"#;
    let degraded = eventually("the backlog", async || {
        let scrape = Scrape::of(&server).await;
        (scrape.get(backlog) == 2).then_some(scrape)
    })
    .await;
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded", "{health}");
    assert!(degraded.get(errors) >= 1);
    assert_eq!(degraded.get(r#"projection_backlog{projection="tables"}"#), 0);

    disk.repair();
    let recovered = eventually("the log to catch up", async || {
        let scrape = Scrape::of(&server).await;
        (scrape.get(backlog) == 0).then_some(scrape)
    })
    .await;
    assert!(recovered.get(errors) >= degraded.get(errors), "a failure stays counted");
}

#[tokio::test]
async fn failures_of_the_files_are_counted() {
    let (server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    for (file, projection) in
        [("tracking_events.json", "tracking_events.json"), ("children.json", "tables")]
    {
        let errors = format!("projection_errors_total{{projection=\"{projection}\"}}");
        assert_eq!(Scrape::of(&server).await.get(&errors), 0);
        disk.fail_writes(file, ErrorKind::Other);
        family.event().await;
        eventually("the failure to be counted", async || {
            (Scrape::of(&server).await.get(&errors) >= 1).then_some(())
        })
        .await;
        disk.repair();
    }
}

#[tokio::test]
async fn a_read_only_server_shows_in_health_and_in_the_metrics() {
    let (mut server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    disk.fail_in("journal", Fails::Writes, ErrorKind::StorageFull);
    let full = family.parent.activate(&family.child, &family.task).await;
    assert_error(&full, 507, "STORAGE_FULL");
    disk.repair();
    eventually("a write that succeeds", async || {
        (server.nobody().get("/health").await.status == 200).then_some(())
    })
    .await;
    disk.fail_in("journal", Fails::Everything, ErrorKind::Other);
    for code in ["OUTCOME_UNKNOWN", "READ_ONLY", "READ_ONLY"] {
        let answer = family.parent.activate(&family.child, &family.task).await;
        assert_error(&answer, 503, code);
    }
    let health = server.nobody().get("/health").await;
    assert_eq!((health.status, &health.body["status"]), (503, &json!("read_only")));
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.get("read_only"), 1);
    for (reason, count) in
        [("storage_full", 1), ("outcome_unknown", 1), ("read_only", 2), ("panicked", 0)]
    {
        let failures = format!("commit_failures_total{{reason=\"{reason}\"}}");
        assert_eq!(scrape.get(&failures), count, "{reason}");
    }
    server.stop_broken().await;
}

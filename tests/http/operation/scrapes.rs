//! The numbers that a scraper reads.

use goldstar::config::Config;

use super::prometheus::Metrics;
use crate::harness::person::{Session, head};
use crate::harness::wire::Wire;
use crate::harness::{Client, PASSWORD, Settings, TestServer, eventually, log_in};

async fn text(client: &Client) -> String {
    let answer = client.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

async fn metrics(client: &Client) -> Metrics {
    Metrics::parse(&text(client).await)
}

/// The number of a value that counts something.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is small and whole"
)]
fn whole(value: f64) -> u64 {
    assert!(value >= 0.0 && value.fract() == 0.0, "{value}");
    value as u64
}

/// The name of the one metric of that kind whose name has all of these parts.
fn named(metrics: &Metrics, kind: &str, parts: &[&str]) -> String {
    let mut fits = metrics.families.iter().filter(|(name, family)| {
        family.kind == kind && parts.iter().all(|part| name.contains(part))
    });
    let found = fits.next().map(|(name, _)| name.clone());
    found.unwrap_or_else(|| {
        panic!("no {kind} of {parts:?} among {:?}", metrics.families.keys().collect::<Vec<_>>())
    })
}

#[tokio::test]
async fn the_page_is_well_formed_and_explains_itself() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let _stream = family.parent.events("/events").await;
    family.event().await;
    log_in(&server.nobody(), "nobody@example.org", PASSWORD).await.expect(401);
    server.nobody().get("/nowhere").await.expect(404);
    let metrics = metrics(&server.nobody()).await;
    assert!(metrics.families.keys().all(|name| name.starts_with("goldstar_")));
    for (kind, parts) in [
        ("counter", &["request"][..]),
        ("histogram", &["request", "seconds"]),
        ("counter", &["commit"]),
        ("histogram", &["sync", "seconds"]),
        ("histogram", &["batch"]),
        ("gauge", &["journal", "bytes"]),
        ("gauge", &["projection", "backlog"]),
        ("counter", &["login", "refused"]),
    ] {
        let name = named(&metrics, kind, parts);
        assert!(metrics.family(&name).help.len() > 20);
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for n in 0..3 {
        family.parent.get(&format!("/api/tasks/none-{n}")).await.expect(404);
        family.parent.get(&format!("/tasks/{}", family.task)).await.expect(200);
    }
    let metrics = metrics(&server.nobody()).await;
    let requests = named(&metrics, "counter", &["request"]) + "_total";
    let durations = named(&metrics, "histogram", &["request", "seconds"]) + "_count";
    let count = |name: &str, values: &[&str]| whole(metrics.sum(name, values));
    assert_eq!(count(&requests, &["GET", "/tasks/{id}", "404"]), 3);
    assert_eq!(count(&requests, &["GET", "/tasks/{id}", "200"]), 3);
    assert_eq!(count(&durations, &["/tasks/{id}"]), 6);
}

/// Who asks for ever new things must not make the page grow.
#[tokio::test]
async fn strangers_add_no_series() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let ask = async |n: usize| {
        let mut wire = Wire::connect(&server).await;
        for request in [
            head("GET", &format!("/nowhere-{n}"), &[]),
            head("GET", &format!("/children/{n}"), &[]),
            head(&format!("BREW{n}"), "/children", &[]),
            head(&format!("BREW{n}"), &format!("/nowhere-{n}"), &[]),
            head("GET", "/health", &[&format!("Host: host-{n}.example")]),
        ] {
            wire.exchange(request).await;
        }
    };
    ask(0).await;
    // The page's own series begins with its first reading.
    metrics(&nobody).await;
    let before = metrics(&nobody).await.count();
    for n in 1..30 {
        ask(n).await;
    }
    let text = text(&nobody).await;
    assert_eq!(Metrics::parse(&text).count(), before);
    assert!(!text.contains("nowhere-") && !text.contains("BREW"), "{text}");
}

#[tokio::test]
async fn nothing_personal_is_on_the_page() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    family.event().await;
    family.parent.get(&format!("/children/{}", family.child)).await.expect(200);
    log_in(&server.nobody(), &family.parent.email, "wrong horse battery").await.expect(401);
    let text = text(&server.nobody()).await;
    for secret in [
        &family.parent.email,
        &family.parent.id,
        &family.child,
        &family.task,
        &session.token,
        "127.0.0.1",
        "horse",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn commits_are_counted() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let before = metrics(&server.nobody()).await;
    for _ in 0..5 {
        family.event().await;
    }
    let after = metrics(&server.nobody()).await;
    let commits = "goldstar_commits_total";
    let grown = |name: &str| after.sum(name, &[]) - before.sum(name, &[]);
    assert_eq!(whole(grown(commits)), 5);
    let syncs = named(&after, "histogram", &["sync", "seconds"]) + "_count";
    assert!(grown(&syncs) >= 5.0);
    let batches = named(&after, "histogram", &["batch"]);
    assert_eq!(whole(grown(&format!("{batches}_sum"))), 5);
    let backlog = named(&after, "gauge", &["projection", "backlog"]);
    for projection in ["tables", "tracking_events.json", "audit_log", "live"] {
        let samples = &after.family(&backlog).samples;
        let found = samples.iter().any(|sample| sample.labels.values().any(|l| l == projection));
        assert!(found, "{projection}: {samples:?}");
    }
}

#[tokio::test]
async fn readers_of_the_stream_are_counted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let readers = |metrics: &Metrics| {
        let of = |part| {
            let mut names = metrics.families.iter();
            names.find(|(name, family)| family.kind == "gauge" && name.contains(part))
        };
        let found = ["reader", "stream", "sse"].into_iter().find_map(of).expect("a gauge");
        whole(metrics.sum(found.0, &[]))
    };
    let nobody = server.nobody();
    assert_eq!(readers(&metrics(&nobody).await), 0);
    let streams = [
        parent.events("/events").await,
        parent.events("/events").await,
        parent.events("/events").await,
    ];
    assert_eq!(readers(&metrics(&nobody).await), 3);
    drop(streams);
    eventually("the readers to be gone", async || {
        (readers(&metrics(&nobody).await) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn refused_logins_are_counted() {
    let configure = |config: &mut Config| config.service.logins.per_account = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let nobody = server.nobody();
    let refused = async || {
        let metrics = metrics(&nobody).await;
        whole(metrics.sum(
            &(named(&metrics, "counter", &["login", "refused"]) + "_total"),
            &["account_limit"],
        ))
    };
    for _ in 0..2 {
        log_in(&nobody, "nobody@example.org", PASSWORD).await.expect(401);
    }
    let before = refused().await;
    for _ in 0..3 {
        log_in(&nobody, "nobody@example.org", PASSWORD).await.expect(429);
    }
    assert_eq!(refused().await - before, 3);
}

//! The format of the metrics page, and what it never contains.

use super::prometheus::Metrics;
use crate::harness::person::{Session, head};
use crate::harness::wire::Wire;
use crate::harness::{Client, PASSWORD, TestServer, log_in};

async fn text(client: &Client) -> String {
    let answer = client.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

async fn metrics(client: &Client) -> Metrics {
    Metrics::parse(&text(client).await)
}

/// The name of the only metric of that kind whose name has all of these parts.
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
async fn the_page_is_well_formed_and_has_help_texts() {
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
        assert!(metrics.family(&name).help.len() > 10);
    }
}

/// Requests with ever new paths must not make the page grow.
#[tokio::test]
async fn unknown_paths_and_methods_add_no_series() {
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
    // The series of the page itself is created when it is first read.
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

//! Goldstar behind nginx and Caddy, with the configurations of the operator's manual.

mod browser;
mod proxy;
mod trial;

use std::fs;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::harness::{Folders, Settings, TestServer, eventually, forbidden};
use browser::Browser;
use proxy::{Kind, Prefix, Proxy, SITE, block, put};

/// The address of the browsers, which is not the proxy's own.
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// A server as the manual sets it up behind a proxy, except for the flags, and that proxy.
async fn proxied(kind: Kind, prefix: Prefix, flags: &[&str]) -> Option<(TestServer, Proxy)> {
    if !kind.is_installed() {
        forbidden(&format!("{kind:?} in front of the server: it isn't installed"));
        return None;
    }
    let folders = Folders::new();
    fs::write(folders.root().join("goldstar.toml"), block("toml", 0)).unwrap();
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let upstream = server.nobody().url("");
    let proxy = Proxy::start(kind, prefix, upstream.trim_start_matches("http://")).await;
    Some((server, proxy))
}

/// The requests of a family, all through the proxy.
async fn a_family_lives_behind(kind: Kind, prefix: Prefix) {
    let Some((_server, proxy)) = proxied(kind, prefix, &[]).await else { return };
    let parent = Browser::new(&proxy, THERE);
    assert_eq!(parent.get("/").text, "the front end\n");
    let welcome = parent.sign_up("paula@example.org");
    welcome.expect(201);
    assert!(welcome.header("set-cookie").ends_with("; Secure"), "{}", welcome.head);
    let child = parent.post("/api/children", &json!({"name": "Mía"})).expect(201);
    let task = parent.post("/api/tasks", &json!({"name": "Homework", "points": 5})).expect(201);
    let (child, task) = (&child["child"]["id"], &task["task"]["id"]);
    let path = format!(
        "/api/children/{}/tasks/{}/activate",
        child.as_str().unwrap(),
        task.as_str().unwrap()
    );

    let mut stream = parent.events(None);
    for points in [5, 10] {
        let event = activate(&parent, &path);
        assert_eq!(event["points_after"], points);
        // The next event is created only after this one has arrived, so nothing waits for a full
        // buffer.
        let frame = stream.next();
        assert_eq!(frame.data["payload"]["tracking_event_id"], event["id"]);
        assert_eq!(frame.id, (points / 5).to_string());
    }
    drop(stream);

    let missed = activate(&parent, &path);
    let mut stream = parent.events(Some("2"));
    assert_eq!(stream.next().data["payload"]["tracking_event_id"], missed["id"]);
    let event = activate(&parent, &path);
    assert_eq!(stream.next().data["payload"]["tracking_event_id"], event["id"]);
}

fn activate(parent: &Browser<'_>, path: &str) -> Value {
    parent.act(path).expect(200)["tracking_event"].clone()
}

/// Each client has its own limit, whatever it writes into the proxy's header.
async fn clients_are_told_apart_behind(kind: Kind) {
    let flags = ["--logins-per-address=3", "--logins-per-account=0"];
    let Some((_server, proxy)) = proxied(kind, Prefix::Kept, &flags).await else { return };
    let (liar, other) = (Browser::new(&proxy, THERE), Browser::new(&proxy, ELSEWHERE));
    let elsewhere = ELSEWHERE.to_string();
    for forged in ["203.0.113.7", "127.0.0.1", &elsewhere] {
        liar.guess_password(Some(forged)).expect(401);
    }
    let refused = liar.guess_password(Some("203.0.113.9"));
    assert_eq!(refused.expect(429)["code"], "TOO_MANY_ATTEMPTS");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    other.guess_password(None).expect(401);
}

/// The proxy passes the host on, by which the server recognises its own pages without a setting.
async fn own_pages_are_known_behind(kind: Kind) {
    let Some((_server, proxy)) = proxied(kind, Prefix::Kept, &["--public-url="]).await else {
        return;
    };
    let parent = Browser::new(&proxy, THERE);
    parent.sign_up("paula@example.org").expect(201);
    let child = |origin: &str| {
        let origin = format!("Origin: https://{origin}");
        let json = "Content-Type: application/json";
        parent.send("/api/children", &["-H", &origin, "-H", json, "-d", r#"{"name": "Mía"}"#])
    };
    child(SITE).expect(201);
    assert_eq!(child("elsewhere.example.org").expect(403)["code"], "FOREIGN_ORIGIN");
}

/// If the browser disconnects, the stream also closes at the server.
async fn streams_are_given_back_behind(kind: Kind) {
    let flags = ["--streams-per-session=1"];
    let Some((_server, proxy)) = proxied(kind, Prefix::Kept, &flags).await else { return };
    let parent = Browser::new(&proxy, THERE);
    parent.sign_up("paula@example.org").expect(201);
    let stream = parent.events(None);
    assert_eq!(parent.get("/api/events").expect(429)["code"], "TOO_MANY_STREAMS");
    drop(stream);
    eventually("room for a stream", async || parent.try_events(None).ok()).await;
}

/// The limit in the manual, reduced: one client cannot use all of nginx's connections.
#[tokio::test]
async fn nginx_limits_the_requests_of_one_client() {
    if !Kind::Nginx.is_installed() {
        forbidden("nginx in front of the server: it isn't installed");
        return;
    }
    let server = TestServer::process().await;
    let site = put(
        block("nginx", 0),
        &[
            ("127.0.0.1:5000", &*server.socket_address().to_string()),
            ("limit_conn goldstar_under_way 500;", "limit_conn goldstar_under_way 1;"),
        ],
    );
    let proxy = Proxy::serve(Kind::Nginx, site, &[SITE]).await;
    let (greedy, other) = (Browser::new(&proxy, THERE), Browser::new(&proxy, ELSEWHERE));
    for (browser, email) in [(&greedy, "paula@example.org"), (&other, "other@example.org")] {
        browser.sign_up(email).expect(201);
    }
    let stream = greedy.events(None);
    assert_eq!(greedy.get("/api/auth/me").status, 503);
    other.get("/api/auth/me").expect(200);
    drop(stream);
    eventually("room", async || (greedy.get("/api/auth/me").status == 200).then_some(())).await;
}

#[tokio::test]
async fn nginx_with_the_prefix() {
    a_family_lives_behind(Kind::Nginx, Prefix::Kept).await;
}

#[tokio::test]
async fn nginx_without_the_prefix() {
    a_family_lives_behind(Kind::Nginx, Prefix::Stripped).await;
}

#[tokio::test]
async fn caddy_with_the_prefix() {
    a_family_lives_behind(Kind::Caddy, Prefix::Kept).await;
}

#[tokio::test]
async fn caddy_without_the_prefix() {
    a_family_lives_behind(Kind::Caddy, Prefix::Stripped).await;
}

#[tokio::test]
async fn nginx_passes_on_the_client_address() {
    clients_are_told_apart_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_passes_on_the_client_address() {
    clients_are_told_apart_behind(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_keeps_the_host() {
    own_pages_are_known_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_keeps_the_host() {
    own_pages_are_known_behind(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_closes_the_stream_of_a_disconnected_browser() {
    streams_are_given_back_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_closes_the_stream_of_a_disconnected_browser() {
    streams_are_given_back_behind(Kind::Caddy).await;
}

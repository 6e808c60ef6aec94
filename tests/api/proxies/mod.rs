//! Goldstar behind nginx and Caddy, each with the very configuration of the operator's manual.

mod browser;
mod proxy;

use std::fs;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::harness::{Folders, Settings, TestServer, forbidden};
use browser::Browser;
use proxy::{Kind, Prefix, Proxy, block};

/// A server as the manual sets it up behind a proxy, and that proxy.
async fn proxied(kind: Kind, prefix: Prefix) -> Option<(TestServer, Proxy)> {
    if !kind.is_installed() {
        forbidden(&format!("{kind:?} in front of the server: it isn't installed"));
        return None;
    }
    let folders = Folders::new();
    fs::write(folders.root().join("goldstar.toml"), block("toml", 0)).unwrap();
    let server = TestServer::on(folders, Settings { binary: true, ..Settings::default() }).await;
    let upstream = server.nobody().url("");
    let proxy = Proxy::start(kind, prefix, upstream.trim_start_matches("http://")).await;
    Some((server, proxy))
}

/// A family's day, all of it through the proxy.
async fn a_family_lives_behind(kind: Kind, prefix: Prefix) {
    let Some((_server, proxy)) = proxied(kind, prefix).await else { return };
    let parent = Browser::new(&proxy, Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(parent.get("/").text, "the front end\n");
    parent.sign_up("paula@example.org").expect(201);
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
        // The next event is only made once this one has come: nothing waits for a buffer to fill.
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

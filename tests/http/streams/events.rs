//! `GET /events`: new events, the events that a client has missed, and who receives which.

use reqwest::Method;
use serde_json::json;

use crate::harness::{
    Folders, Frame, PASSWORD, Parent, Settings, TestServer, activate_path, assert_error, log_in,
    text,
};

#[tokio::test]
async fn a_stream_has_the_headers_that_proxies_need() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let stream = family.parent.events("/events").await;
    let header = |name: &str| stream.headers[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/event-stream"));
    assert!(header("cache-control").contains("no-store"));
    assert_eq!(header("x-accel-buffering"), "no");
}

#[tokio::test]
async fn a_stream_starts_with_the_retry_time_and_an_id() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for _ in 0..3 {
        family.event().await;
    }
    let begin = async |path| {
        let mut response = family.parent.request(Method::GET, path).send().await.unwrap();
        response.chunk().await.unwrap().unwrap()
    };
    // If a stream breaks before its first event, the client must not miss any either.
    assert_eq!(begin("/events").await, "retry: 2000\nid: 3\n\n");
    let resumed = begin("/events?last_event_id=1").await;
    assert!(resumed.starts_with(b"retry: 2000\nid: 1\n\n"), "{resumed:?}");
}

#[tokio::test]
async fn events_come_in_commit_order_with_growing_ids() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/api/events").await;
    futures_util::future::join_all((0..20).map(|_| family.event())).await;
    let frames = stream.take(20).await;
    let rows = server.folders.rows("tracking_events.json");
    for (frame, (number, row)) in frames.iter().zip(&rows) {
        assert_eq!(frame.event, "tracking_event_created");
        assert_eq!(frame.id, number.to_string());
        assert_eq!(frame.event_id(), text(&row["id"]));
    }
}

#[tokio::test]
async fn a_stream_without_names_is_for_onmessage() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events?named=false").await;
    let event = family.event().await;
    let frame = stream.next().await;
    assert_eq!(frame.event, "message");
    assert_eq!(frame.event_id(), text(&event["id"]));
    assert_eq!(frame.data["type"], "tracking_event_created");
}

#[tokio::test]
async fn names_can_be_left_out_for_all() {
    let settings = Settings { named_events: false, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let family = server.family().await;
    let mut unnamed = family.parent.events("/events").await;
    let mut named = family.parent.events("/events?named=true").await;
    family.event().await;
    assert_eq!(unnamed.next().await.event, "message");
    assert_eq!(named.next().await.event, "tracking_event_created");
}

#[tokio::test]
async fn a_reconnect_gets_the_missed_events_and_then_new_ones() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    family.event().await;
    let last = stream.next().await.id;
    drop(stream);
    let (second, third) = (family.event().await, family.event().await);

    let by_header = family.parent.events_after(&last).await;
    let by_query = family.parent.events(&format!("/events?last_event_id={last}")).await;
    let fourth = family.event().await;
    for mut stream in [by_header, by_query] {
        for event in [&second, &third, &fourth] {
            assert_eq!(stream.next().await.event_id(), text(&event["id"]));
        }
    }
}

#[tokio::test]
async fn reconnects_under_load_have_no_gap_and_no_duplicate() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    family.event().await;
    let mut seen = stream.take(1).await;
    let writing = async {
        for _ in 0..60 {
            family.event().await;
        }
    };
    let reading = async {
        while seen.len() < 61 {
            let last = seen.last().unwrap().id.clone();
            let mut stream = family.parent.events_after(&last).await;
            let rest = 61 - seen.len();
            seen.extend(stream.take(rest.min(7)).await);
        }
    };
    tokio::join!(writing, reading);
    let ids: Vec<&str> = seen.iter().map(Frame::event_id).collect();
    let recorded = server.folders.events();
    let recorded: Vec<String> = recorded.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(ids, recorded);
}

#[tokio::test]
async fn a_stream_that_cannot_be_resumed_sends_resync() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.event().await;
    // The last one is an id of another epoch.
    for last in ["999999", "not-a-number", "-1", "7-1"] {
        let mut stream = family.parent.events_after(last).await;
        let frame = stream.next().await;
        assert_eq!(frame.event, "resync", "{last}");
        let event = family.event().await;
        let frame = stream.next().await;
        assert_eq!(frame.event_id(), text(&event["id"]), "one resync, then on");
    }
}

#[tokio::test]
async fn a_family_never_gets_events_of_another() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let mut live = family.parent.events("/events").await;
    other.event().await;
    let own = family.event().await;
    other.event().await;
    let second = family.event().await;
    let mut replayed = family.parent.events_after("0").await;
    for stream in [&mut live, &mut replayed] {
        for event in [&own, &second] {
            assert_eq!(stream.next().await.event_id(), text(&event["id"]));
        }
    }
}

#[tokio::test]
async fn a_child_gets_its_own_events_only() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Aarav", 50).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let mut live = child.events("/events").await;
    family.parent.activate(&sibling, &family.task).await.expect(200);
    let own = family.event().await;
    let mut replayed = child.events_after("0").await;
    for stream in [&mut live, &mut replayed] {
        assert_eq!(stream.next().await.event_id(), text(&own["id"]));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let browser = server.nobody();
    log_in(&browser, &family.parent.email, PASSWORD).await.expect(200);
    let mut ending = browser.events("/events").await;
    let mut staying = family.parent.events("/events").await;
    let status = browser.act("/auth/logout").await.status;
    assert!(status == 200 || status == 204, "{status}");
    ending.assert_end().await;
    let event = family.event().await;
    assert_eq!(staying.next().await.event_id(), text(&event["id"]));
}

#[tokio::test]
async fn a_password_change_ends_every_stream() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let browser = server.nobody();
    log_in(&browser, &family.parent.email, PASSWORD).await.expect(200);
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let own = family.parent.events("/events").await;
    let mut ending = [browser.events("/events").await, child.events("/events").await, own];
    let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    let answer = family.parent.put("/auth/password", change).await;
    assert!(answer.status == 200 || answer.status == 204, "{}", answer.text);
    for stream in &mut ending {
        stream.assert_end().await;
    }
    let mut own = family.parent.events("/events").await;
    let event = family.event().await;
    assert_eq!(own.next().await.event_id(), text(&event["id"]));
    let answer = browser.get("/events").await;
    assert_error(&answer, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_deleted_childs_streams_end() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let mut stream = child.events("/events").await;
    family.parent.delete(&format!("/children/{}", family.child)).await;
    stream.assert_end().await;
    assert_error(&child.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn streams_end_at_shutdown() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    family.event().await;
    stream.next().await;
    server.stop().await;
    stream.assert_end().await;
}

/// A family whose events have about 24 KB each, so that a few hundred fill every buffer between the
/// server and a client that does not read.
async fn family_with_long_ids() -> (TestServer, Parent, String) {
    let (child, task) = ("c".repeat(12_000), "t".repeat(12_000));
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let row = json!({"id": child, "user_id": "admin-1", "name": "Mía", "age": 6, "points": 0});
    folders.put("children.json", &json!({"_default": {"1": row}}).to_string());
    let row = json!({
        "id": task, "user_id": "admin-1", "name": "Homework", "points": 1, "is_good": true,
    });
    folders.put("tasks.json", &json!({"_default": {"1": row}}).to_string());
    let server = TestServer::on(folders, Settings::default()).await;
    let parent = server.admin().await.0;
    (server, parent, activate_path(&child, &task))
}

#[tokio::test]
async fn a_slow_subscriber_is_closed_and_resumes_by_its_id() {
    const COUNT: usize = 800;
    let (server, parent, path) = family_with_long_ids().await;
    let mut asleep = parent.events("/events").await;
    let mut awake = parent.events("/events").await;
    for _ in 0..COUNT / 16 {
        let all = (0..16).map(|_| parent.act(&path));
        for answer in futures_util::future::join_all(all).await {
            answer.expect(200);
        }
        awake.take(16).await;
    }

    let mut heard = Vec::new();
    while let Some(frame) = asleep.next_or_end().await {
        heard.push(frame);
    }
    assert!(heard.len() < COUNT, "it was never closed");
    let mut resumed = parent.events_after(&heard.last().unwrap().id).await;
    heard.extend(resumed.take(COUNT - heard.len()).await);
    let heard: Vec<&str> = heard.iter().map(Frame::event_id).collect();
    let recorded = server.folders.events();
    let recorded: Vec<String> = recorded.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(heard, recorded);
}

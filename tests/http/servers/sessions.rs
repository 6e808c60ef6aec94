//! Event streams on one server, whose sessions end on the other.

use std::time::{Duration, Instant};

use goldstar::config::Config;
use reqwest::{Method, Response};
use serde_json::json;

use crate::harness::cluster::execute;
use crate::harness::{Events, PASSWORD, Parent, Settings, TestServer, assert_error, text, within};
use crate::tokens::Program;

/// Heartbeats do not end a stream either.
fn without_heartbeats(config: &mut Config) {
    config.service.heartbeat = Duration::from_hours(1);
}

fn with_many_heartbeats(config: &mut Config) {
    config.service.heartbeat = Duration::from_millis(20);
}

async fn two(configure: fn(&mut Config)) -> [TestServer; 2] {
    TestServer::two(Settings { configure, ..Settings::default() }).await
}

async fn log_out(parent: &Parent) {
    parent.act("/auth/logout").await.expect(204);
}

async fn change_password(parent: &Parent) {
    let body = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    parent.put("/auth/password", body).await.expect(204);
}

async fn mark(parent: &Parent) {
    let body = json!({"password": PASSWORD});
    parent.post("/user/mark-for-deletion", body).await.expect(202);
}

async fn ends(end: impl AsyncFn(&Parent)) {
    let [one, other] = two(without_heartbeats).await;
    let (family, remaining) = (one.family().await, one.family().await);
    let mut stream = family.parent.at(other.socket_address()).events("/events").await;
    let mut open = remaining.parent.at(other.socket_address()).events("/events").await;
    let begun = Instant::now();
    end(&family.parent).await;
    stream.assert_end().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let event = remaining.event().await;
    assert_eq!(open.next().await.event_id(), text(&event["id"]));
}

#[tokio::test]
async fn a_logout_ends_the_stream_on_the_other_server() {
    ends(log_out).await;
}

#[tokio::test]
async fn a_password_change_ends_the_stream_on_the_other_server() {
    ends(change_password).await;
}

#[tokio::test]
async fn a_mark_for_deletion_ends_the_stream_on_the_other_server() {
    ends(mark).await;
}

#[tokio::test]
async fn a_revoked_api_token_is_refused_and_its_stream_ends_on_the_other_server() {
    let [one, other] = two(without_heartbeats).await;
    let family = one.family().await;
    let program = Program::of(&family.parent, other.nobody(), &["read"]).await;
    let request = other.nobody().request(Method::GET, "/events").bearer_auth(&program.secret);
    let mut stream = Events::open(request).await;
    let event = family.event().await;
    assert_eq!(stream.next().await.event_id(), text(&event["id"]));
    family.parent.delete(&format!("/tokens/{}", program.id)).await.expect(204);
    assert_error(&program.get("/children").await, 401, "UNAUTHENTICATED");
    stream.assert_end().await;
}

/// Makes a database unreachable by its URL. Returns the URL by which it can be reached.
fn hide(url: &str) -> String {
    let name = name(url);
    let hidden = format!("{name}_hidden");
    rename(url, name, &hidden);
    url.replacen(name, &hidden, 1)
}

fn name(url: &str) -> &str {
    let (_, name) = url.split_once("@/").unwrap();
    name.split_once('?').unwrap().0
}

fn rename(url: &str, from: &str, to: &str) {
    let administration = url.replacen(name(url), "postgres", 1);
    // A server may connect again in between.
    let rename = format!(
        "DO $$ BEGIN LOOP
            PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}';
            BEGIN
                ALTER DATABASE {from} RENAME TO {to};
                RETURN;
            EXCEPTION WHEN object_in_use THEN NULL;
            END;
        END LOOP; END $$"
    );
    execute(&administration, &rename);
}

/// Reads a stream until it contains a text.
async fn read_until(stream: &mut Response, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let chunk = within("a chunk", stream.chunk()).await.unwrap();
        let chunk = chunk.unwrap_or_else(|| panic!("the stream has ended after {read}"));
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_stays_open_while_the_database_is_away_and_continues_after() {
    let [one, other] = two(with_many_heartbeats).await;
    let url = one.folders.database.get().unwrap().clone();
    let family = one.family().await;
    let reader = family.parent.at(other.socket_address());
    let mut stream = reader.request(Method::GET, "/events").send().await.unwrap();
    let first = text(&family.event().await["id"]);
    read_until(&mut stream, &first).await;

    hide(&url);
    assert!(reader.get("/children").await.status >= 500);
    for _ in 0..5 {
        let read = read_until(&mut stream, ": heartbeat\n\n").await;
        assert!(!read.contains("data:"), "{read}");
    }
    rename(&url, &format!("{}_hidden", name(&url)), name(&url));

    let second = text(&family.event().await["id"]);
    let read = read_until(&mut stream, &second).await;
    // The message of a badge may follow in the same chunk.
    assert_eq!(read.matches("event: tracking_event_created\n").count(), 1, "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_while_the_database_was_away_has_no_stream_after() {
    let [one, other] = two(without_heartbeats).await;
    let url = one.folders.database.get().unwrap().clone();
    let family = one.family().await;
    let mut stream = family.parent.at(other.socket_address()).events("/events").await;
    let hidden = hide(&url);
    // Without a trace for servers that were connected.
    execute(&hidden, "DELETE FROM records WHERE kind = 'sessions'; DELETE FROM tokens");
    rename(&hidden, name(&hidden), name(&url));
    stream.assert_end().await;
}

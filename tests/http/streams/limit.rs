//! How many event streams a session may have open at once.

use crate::harness::{Client, PASSWORD, Settings, TestServer, assert_error, eventually, log_in};

async fn assert_full(client: &Client) {
    assert_error(&client.get("/events").await, 429, "TOO_MANY_STREAMS");
}

#[tokio::test]
async fn a_session_has_ten_streams_and_no_more() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(family.parent.events("/events").await);
    }
    assert_full(&family.parent).await;

    // The open ones go on, and another session of the account isn't concerned.
    let browser = server.nobody();
    log_in(&browser, &family.parent.email, PASSWORD).await.expect(200);
    streams.push(browser.events("/events").await);
    let event = family.event().await;
    for stream in &mut streams {
        assert_eq!(stream.next().await.event_id(), event["id"]);
    }
    assert_full(&family.parent).await;
}

#[tokio::test]
async fn a_stream_that_ends_makes_room() {
    let configure = |config: &mut goldstar::config::Config| config.service.streams_per_session = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let (kept, closed) = (parent.events("/events").await, parent.events("/events").await);
    assert_full(&parent).await;
    drop(closed);
    let path = "/events?named=false";
    let reopened = eventually("room for a stream", async || {
        let response = parent.request(reqwest::Method::GET, path).send().await.unwrap();
        response.status().is_success().then_some(response)
    });
    let reopened = reopened.await;
    assert_full(&parent).await;
    drop((kept, reopened));
}

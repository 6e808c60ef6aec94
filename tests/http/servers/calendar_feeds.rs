//! Calendar feeds that are created and deleted on another server.

use crate::harness::{Settings, TestServer, assert_error, text};

#[tokio::test]
async fn a_feed_begins_and_ends_on_all_servers_at_once() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let family = one.family().await;
    let path = format!("/children/{}/calendar-feeds", family.child);
    let feed = family.parent.act(&path).await.expect(201)["feed"].clone();
    let url = text(&feed["url"]);
    for server in [&one, &other, &one] {
        server.nobody().get(&url).await.expect(200);
    }
    let browser = family.parent.at(other.socket_address());
    browser.delete(&format!("{path}/{}", text(&feed["id"]))).await.expect(204);
    for server in [&one, &other] {
        assert_error(&server.nobody().get(&url).await, 404, "NOT_FOUND");
    }
}

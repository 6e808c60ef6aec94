//! Two servers award each badge once.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Settings, TestServer, text};
use crate::points::awards::{awards, messages};

#[tokio::test]
async fn of_64_activations_on_two_servers_one_crosses_the_threshold() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let family = one.family().await;
    let parents = [family.parent.beside(&other.nobody()), family.parent.beside(&one.nobody())];
    let all = (0..64).map(async |number| {
        let parent = &parents[number % 2];
        let event = parent.activate(&family.child, &family.task).await.expect(200);
        // The response contains what the client has seen, on either server.
        let found = awards(&parents[(number + 1) % 2], &family.child).await;
        assert!(found.iter().any(|it| it["id"] == "first-steps.1"));
        text(&event["tracking_event"]["id"])
    });
    assert_eq!(join_all(all).await.len(), 64);
    let found = awards(&family.parent, &family.child).await;
    for id in ["first-steps.1", "helping-hand.1", "helping-hand.2"] {
        assert_eq!(found.iter().filter(|it| it["id"] == json!(id)).count(), 1, "{id}");
    }
    assert_eq!(messages(&family.parent, "badge_awarded").await.len(), found.len());
}

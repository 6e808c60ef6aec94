//! Messages that one server commits reach the event streams of the other.

use serde_json::json;

use crate::harness::{Settings, TestServer};

#[tokio::test]
async fn messages_reach_the_streams_of_the_other_server() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let family = one.family().await;
    let mut stream = family.parent.at(other.socket_address()).events("/events").await;
    for points in 6..9 {
        let task = format!("/tasks/{}", family.task);
        family.parent.patch(&task, json!({"points": points})).await.expect(200);
        let frame = stream.next().await;
        assert_eq!(frame.event, "records_changed");
        assert_eq!(frame.data["payload"], json!({"kind": "task", "id": family.task}));
    }
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.redeem(&family.child, &family.reward).await.expect(200);
    let frames = stream.take(3).await;
    assert_eq!(frames[2].event, "request_ended", "{frames:?}");
}

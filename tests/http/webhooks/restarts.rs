//! A server that is killed while it delivers.

use serde_json::json;

use super::{Receiver, Reply, delivery, hook, hook_with};
use crate::harness::{Settings, TestServer, eventually};

async fn process() -> TestServer {
    let flags = vec!["--webhook-allow=127.0.0.1".to_owned()];
    TestServer::with(Settings { binary: true, flags, ..Settings::default() }).await
}

#[tokio::test]
async fn what_was_not_answered_before_a_kill_is_sent_again_with_its_id() {
    let mut server = process().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Status(204, ""), Reply::Silence]);
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    delivery(&family.parent, &webhook, "delivered", 1).await;
    family.event().await;
    program.after(2).await;
    server.kill();
    server.start_again().await;
    let received = program.after(3).await;
    assert_eq!((received[1].id(), &received[1].text), (received[2].id(), &received[2].text));
    assert_ne!(received[0].id(), received[1].id());
    delivery(&family.parent, &webhook, "delivered", 1).await;
    assert_eq!(program.received().len(), 3);
}

#[tokio::test]
async fn what_happened_just_before_a_kill_is_delivered() {
    let mut server = process().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let fields = json!({"url": program.url, "events": ["records.changed"]});
    hook_with(&family.parent, fields).await;
    let task = family.parent.task("Read", 3).await;
    server.kill();
    server.start_again().await;
    let expected = json!({"kind": "task", "id": task});
    eventually("the message about the task", async || {
        program.received().iter().any(|it| it.body["data"] == expected).then_some(())
    })
    .await;
}

//! A server that is killed while it delivers, or cannot store the result.

use std::io::ErrorKind;
use std::sync::Arc;

use goldstar::app::Machine;
use serde_json::json;

use super::{Receiver, Reply, delivery, hook, hook_with, permissive};
use crate::harness::database::is_on_postgres;
use crate::harness::{Fails, FaultyDisk, Hand, Settings, TestServer, eventually};

const SECOND: i64 = 1_000_000;

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

#[tokio::test]
async fn a_message_whose_result_cannot_be_stored_is_sent_again_with_growing_waits() {
    if is_on_postgres() {
        return;
    }
    let (clock, machine) = Hand::new();
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..machine };
    let server = TestServer::with(Settings { machine, ..permissive() }).await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Status(500, "")]);
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    delivery(&family.parent, &webhook, "retrying", 1).await;
    disk.fail_in("journal", Fails::Writes, ErrorKind::StorageFull);
    clock.forward(6 * SECOND);
    program.after(2).await;
    let mut seconds = 0;
    let passing = eventually("two more attempts", async || {
        clock.forward(SECOND);
        seconds += 1;
        (program.received().len() >= 4).then_some(())
    });
    passing.await;
    assert!(seconds >= 5 + 10, "{seconds}");
    disk.repair();
    eventually("the result", async || {
        clock.forward(SECOND);
        let page = family.parent.get(&format!("{}/deliveries", super::path(&webhook))).await;
        (page.body["deliveries"][0]["status"] == "delivered").then_some(())
    })
    .await;
    let received = program.received();
    assert!(received.iter().all(|it| it.id() == received[0].id()));
    assert_eq!(received.len(), 5);
}

//! What ends deliveries.

use serde_json::json;

use super::{Receiver, Reply, delivery, get, hook, on_a_clock, path, server};
use crate::harness::{DAY, PASSWORD, Settings, TestServer, eventually, log_in};

#[tokio::test]
async fn a_receiver_that_is_gone_disables_its_webhook() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    let mut stream = family.parent.events("/events").await;
    program.reply([Reply::Status(410, "")]);
    family.event().await;
    let disabled = eventually("the end of the webhook", async || {
        Some(get(&family.parent, &webhook).await).filter(|it| it["enabled"] == false)
    });
    assert_eq!(disabled.await["disabled_by"], "gone");
    // The family sees it.
    let changed = stream.next_named("records_changed").await;
    let payload = json!({"kind": "webhook", "id": webhook["id"]});
    assert_eq!(changed.data["payload"], payload);
    family.event().await;
    family.parent.patch(&path(&webhook), json!({"enabled": true})).await.expect(200);
    // It continues where it has stopped.
    assert_eq!(program.after(3).await.len(), 3);
    delivery(&family.parent, &webhook, "delivered", 1).await;
}

#[tokio::test]
async fn five_days_without_a_success_disable_a_webhook() {
    let (server, clock) = on_a_clock().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Status(500, ""), Reply::Status(500, "")]);
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    delivery(&family.parent, &webhook, "retrying", 1).await;
    clock.forward(5 * DAY);
    log_in(&family.parent, &family.parent.email, PASSWORD).await.expect(200);
    delivery(&family.parent, &webhook, "failed", 2).await;
    assert_eq!(get(&family.parent, &webhook).await["disabled_by"], "failing");
}

#[tokio::test]
async fn a_deleted_webhook_ends_what_is_being_sent() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    program.reply([Reply::Silence]);
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    program.after(1).await;
    family.parent.delete(&path(&webhook)).await.expect(204);
    program.abandoned().await;
    assert_eq!(program.received().len(), 1);
}

#[tokio::test]
async fn the_deletion_of_an_account_ends_deliveries_and_removes_their_records() {
    let (clock, machine) = crate::harness::Hand::new();
    let settings = Settings { machine, ..super::permissive() };
    let mut server = TestServer::with(settings).await;
    let admin = server.admin().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    delivery(&family.parent, &webhook, "delivered", 1).await;
    program.reply([Reply::Silence]);
    family.event().await;
    program.after(2).await;
    let mark = json!({"password": PASSWORD});
    family.parent.post("/user/mark-for-deletion", mark).await.expect(202);
    program.abandoned().await;
    clock.forward(40 * DAY);
    log_in(&admin, &admin.email, "correct horse 0").await.expect(200);
    eventually("the deletion", async || {
        let ran = admin.act("/admin/deletion-queue/run").await;
        let queue = admin.get("/admin/deletion-queue").await.body;
        (ran.status == 200 && !queue.to_string().contains(&family.parent.id)).then_some(())
    })
    .await;
    assert_eq!(program.received().len(), 2);
    server.stop().await;
    for name in ["webhooks.json", "webhook_deliveries.json"] {
        let text = std::fs::read_to_string(server.folders.data().join(name)).unwrap_or_default();
        assert!(!text.contains(&family.parent.id), "{name}: {text}");
    }
}

//! Webhooks: who has them, where they may lead, and what is delivered when. The rules of addresses, signatures and retries
//! are tested in `domain::webhooks`, the sender in `followers::webhooks`.

mod addresses;
mod deliveries;
mod endings;
mod examples;
mod receiver;
mod records;
pub(crate) mod restarts;
mod servers;
mod tls;

use serde_json::{Value, json};

use crate::harness::{Hand, Parent, Settings, TestServer, eventually, text};
use receiver::{Receiver, Reply};

/// The settings of a server that may send to this machine.
fn permissive() -> Settings {
    let configure = |config: &mut goldstar::config::Config| {
        assert!(config.service.webhook_allow.add("127.0.0.1"));
    };
    Settings { configure, ..Settings::default() }
}

async fn server() -> TestServer {
    TestServer::with(permissive()).await
}

async fn on_a_clock() -> (TestServer, Hand) {
    let (clock, machine) = Hand::new();
    (TestServer::with(Settings { machine, ..permissive() }).await, clock)
}

/// Creates a webhook for events; returns it with its secret.
async fn hook(parent: &Parent, receiver: &Receiver) -> Value {
    hook_with(parent, json!({"url": receiver.url, "events": ["tracking_event.created"]})).await
}

async fn hook_with(parent: &Parent, fields: Value) -> Value {
    parent.post("/webhooks", fields).await.expect(201)["webhook"].clone()
}

fn path(webhook: &Value) -> String {
    format!("/webhooks/{}", text(&webhook["id"]))
}

async fn get(parent: &Parent, webhook: &Value) -> Value {
    parent.get(&path(webhook)).await.expect(200)["webhook"].clone()
}

/// The deliveries of a webhook, the newest first.
async fn deliveries(parent: &Parent, webhook: &Value) -> Vec<Value> {
    let page = parent.get(&format!("{}/deliveries", path(webhook))).await.expect(200);
    page["deliveries"].as_array().unwrap().clone()
}

/// Waits until the newest delivery of a webhook has that status and was attempted that often.
async fn delivery(parent: &Parent, webhook: &Value, status: &str, attempts: u64) -> Value {
    eventually("a delivery", async || {
        let newest = deliveries(parent, webhook).await.into_iter().next()?;
        (newest["status"] == status && newest["attempts"] == attempts).then_some(newest)
    })
    .await
}

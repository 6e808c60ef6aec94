//! Where webhooks may lead.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use goldstar::app::Machine;
use goldstar::followers::webhooks::{Resolve, Resolved};
use serde_json::json;

use super::{Receiver, deliveries, delivery, hook_with, permissive, server};
use crate::harness::{Settings, TestServer, eventually};

/// A resolver whose answer the test changes.
#[derive(Clone, Debug)]
struct Changing(Arc<Mutex<&'static str>>);

impl Resolve for Changing {
    fn resolve(&self, _: &str) -> Resolved {
        let answer: io::Result<IpAddr> = self.0.lock().unwrap().parse().map_err(io::Error::other);
        Box::pin(async move { Ok(vec![answer?]) })
    }
}

fn changing(answer: &'static str) -> (Changing, Machine) {
    let resolver = Changing(Arc::new(Mutex::new(answer)));
    let machine = Machine { resolver: Arc::new(resolver.clone()), ..Machine::default() };
    (resolver, machine)
}

#[tokio::test]
async fn a_url_with_a_denied_address_is_refused() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for url in [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://192.168.1.10:8123/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fd00::1]/",
        "https://localhost/",
        "https://user:password@example.org/",
    ] {
        let fields = json!({"url": url, "events": ["task.due"]});
        let refused = family.parent.post("/webhooks", fields).await;
        assert_eq!(refused.status, 400, "{url}: {}", refused.text);
        assert!(refused.text.contains("`url`"), "{url}: {}", refused.text);
        let created = hook_with(
            &family.parent,
            json!({"url": "https://example.org/", "events": ["task.due"]}),
        );
        let path = super::path(&created.await);
        assert_eq!(family.parent.patch(&path, json!({"url": url})).await.status, 400, "{url}");
        family.parent.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn a_family_cannot_extend_what_the_operator_permits() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    for (url, status) in [
        (program.url.clone(), 201),
        (program.url.replace("127.0.0.1", "0x7f.1"), 201),
        (program.url.replace("127.0.0.1", "127.0.0.2"), 400),
        (program.url.replace("127.0.0.1", "localhost"), 400),
        (program.url.replace("127.0.0.1", "rebound.example"), 400),
    ] {
        let fields = json!({"url": url, "events": ["task.due"]});
        assert_eq!(family.parent.post("/webhooks", fields).await.status, status, "{url}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_denied_address_is_not_connected_to() {
    let (_resolver, machine) = changing("127.0.0.1");
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let url = program.url.replace("http://127.0.0.1", "https://rebound.example");
    let fields = json!({"url": url, "events": ["tracking_event.created"]});
    let webhook = hook_with(&family.parent, fields).await;
    family.event().await;
    let failed = delivery(&family.parent, &webhook, "retrying", 1).await;
    assert_eq!((&failed["error"], &failed["response_status"]), (&json!("forbidden"), &json!(null)));
    assert_eq!(program.connections(), 0);
}

#[tokio::test]
async fn a_resolver_that_changes_its_answer_leads_nowhere_else() {
    let (resolver, machine) = changing("127.0.0.1");
    let server = TestServer::with(Settings { machine, ..permissive() }).await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let url = program.url.replace("http://127.0.0.1", "https://rebound.example");
    let fields = json!({"url": url, "events": ["tracking_event.created"]});
    let webhook = hook_with(&family.parent, fields).await;
    family.event().await;
    // The operator permits the address: there is a connection, but it is not encrypted.
    let first = delivery(&family.parent, &webhook, "retrying", 1).await;
    assert_eq!((&first["error"], program.connections()), (&json!("tls"), 1));
    *resolver.0.lock().unwrap() = "127.0.0.2";
    family.parent.act(&format!("{}/test", super::path(&webhook))).await.expect(202);
    let second = eventually("the test message", async || {
        let found = deliveries(&family.parent, &webhook).await;
        found.into_iter().find(|it| it["type"] == "webhook.test")
    });
    assert_eq!(second.await["error"], "forbidden");
    assert_eq!(program.connections(), 1);
}

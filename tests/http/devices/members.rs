//! Devices in a family with several adults.

use goldstar::config::Config;
use serde_json::json;

use super::{device_path, devices_path, listed, pair, show_code};
use crate::harness::{PASSWORD, Settings, TestServer, assert_error};
use crate::households::{Household, accept, invite, with_password};

#[tokio::test]
async fn a_device_that_a_member_has_paired_belongs_to_the_family() {
    let server = TestServer::start().await;
    let Household { family, member } = Household::new(&server, "parent").await;
    let (owner, child, tablet) = (&family.parent, &family.child, server.nobody());
    let device = pair(&tablet, &member, child, "Tablet").await;
    let shown = tablet.get("/auth/me").await.expect(200);
    assert_eq!((&shown["scope"], &shown["family_id"]), (&json!("child"), &json!(owner.id)));
    assert_eq!(listed(owner, child).await[0]["id"], device["id"]);
    let own = member.get("/auth/sessions").await.expect(200);
    assert_eq!(own["total"], 1, "the device is not a session of the member");
    // It stays when the member changes the password or leaves.
    let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    member.put("/auth/password", change).await.expect(204);
    tablet.get("/auth/me").await.expect(200);
    member.act("/family/leave").await.expect(200);
    tablet.get("/auth/me").await.expect(200);
    assert_error(&member.get(&devices_path(child)).await, 404, "NOT_FOUND");
    owner.delete(&device_path(child, &device)).await.expect(204);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_transfer_of_the_family_keeps_its_devices() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let tablet = server.nobody();
    pair(&tablet, house.owner(), &house.family.child, "Tablet").await;
    let member_id = house.id_of("parent").await;
    let transfer = with_password(json!({"member_id": member_id}));
    house.owner().post("/family/transfer", transfer).await.expect(204);
    tablet.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn each_adult_has_attempts_at_codes_and_keys_of_its_own() {
    let configure = |config: &mut Config| config.service.logins.per_account = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let Household { family, member } = Household::new(&server, "parent").await;
    let (owner, path) = (&family.parent, devices_path(&family.child));
    for _ in 0..3 {
        let wrong = member.post(&path, json!({"user_code": "BCDF-GHJK"})).await;
        assert_error(&wrong, 400, "INVALID_DEVICE_CODE");
    }
    let (first, second) = (server.nobody(), server.nobody());
    let (first, second) = (show_code(&first, "First").await, show_code(&second, "Second").await);
    let refused = member.post(&path, json!({"user_code": first.user_code})).await;
    assert_error(&refused, 429, "TOO_MANY_ATTEMPTS");
    let paired = owner.post_once(&path, json!({"user_code": first.user_code}), "key").await;
    assert_eq!(paired.status, 201, "{}", paired.text);
    let other = server.parent().await;
    accept(&other, &invite(owner, "parent").await).await;
    let paired = other.post_once(&path, json!({"user_code": second.user_code}), "key").await;
    assert_eq!((paired.status, paired.header("idempotent-replayed")), (201, ""));
    assert_eq!(paired.body["device"]["name"], "Second");
}

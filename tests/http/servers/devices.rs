//! Devices that are paired and removed on another server.

use reqwest::Method;
use serde_json::json;

use crate::devices::{device_path, pair, show_code};
use crate::harness::{Settings, TestServer, assert_error, send};

#[tokio::test]
async fn a_code_of_one_server_is_confirmed_on_another() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let family = one.family().await;
    let tablet = one.nobody();
    let shown = show_code(&tablet, "Tablet").await;
    let parent = family.parent.beside(&other.nobody());
    let code = json!({"user_code": shown.user_code});
    parent.post("/device-codes/inspect", code.clone()).await.expect(200);
    let path = format!("/children/{}/devices", family.child);
    let device = parent.post(&path, code).await.expect(201)["device"].clone();
    shown.fetch(&tablet).await.expect(200);
    assert_error(&shown.fetch(&tablet.beside(&other.nobody())).await, 400, "INVALID_DEVICE_CODE");
    let elsewhere = tablet.beside(&other.nobody());
    elsewhere.get("/auth/me").await.expect(200);
    let mut stream = tablet.events("/events").await;
    let request = parent.request(Method::DELETE, &device_path(&family.child, &device));
    assert_eq!(send(request).await.status, 204);
    stream.assert_end().await;
    for tablet in [&tablet, &elsewhere] {
        assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn a_device_is_paired_with_several_children_on_several_servers() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let family = one.family().await;
    let leo = family.parent.child("Leo", 0).await;
    let tablet = one.nobody();
    pair(&tablet, &family.parent, &family.child, "Tablet").await;
    let elsewhere = tablet.beside(&other.nobody());
    pair(&elsewhere, &family.parent, &leo, "Tablet").await;
    let body = tablet.get("/auth/device-children").await.expect(200);
    assert_eq!(body["children"].as_array().unwrap().len(), 2);
}

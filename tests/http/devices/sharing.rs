//! A device that several children share.

use reqwest::Method;
use serde_json::{Value, json};

use super::{device_path, listed, pair};
use crate::harness::{Client, TestServer, assert_error, send, text};

async fn current(tablet: &Client) -> String {
    text(&tablet.get("/auth/me").await.expect(200)["child_id"])
}

async fn choose(tablet: &Client, child: &str) -> Value {
    tablet.post("/auth/device-child", json!({"child_id": child})).await.expect(200)
}

async fn children(tablet: &Client) -> Vec<(String, bool)> {
    let body = tablet.get("/auth/device-children").await.expect(200);
    let found = body["children"].as_array().unwrap().iter();
    found.map(|it| (text(&it["name"]), it["is_current"].as_bool().unwrap())).collect()
}

#[tokio::test]
async fn it_holds_one_session_for_each_child() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, mia, tablet) = (&family.parent, &family.child, server.nobody());
    let leo = parent.child("Leo", 0).await;
    assert_eq!(children(&tablet).await, []);
    pair(&tablet, parent, mia, "Tablet").await;
    pair(&tablet, parent, &leo, "Tablet").await;
    assert_eq!(current(&tablet).await, leo);
    let name = text(&parent.get(&format!("/children/{mia}")).await.expect(200)["child"]["name"]);
    assert_eq!(children(&tablet).await, [("Leo".to_owned(), true), (name.clone(), false)]);
    assert_eq!(choose(&tablet, mia).await["child_id"], **mia);
    assert_eq!(current(&tablet).await, **mia);
    assert_error(&tablet.get(&format!("/children/{leo}")).await, 404, "NOT_FOUND");
    assert_eq!(children(&tablet).await, [(name, true), ("Leo".to_owned(), false)]);
    // The same child again replaces its session.
    pair(&tablet, parent, &leo, "The same tablet").await;
    let devices = listed(parent, &leo).await;
    assert_eq!(devices.iter().map(|it| &it["name"]).collect::<Vec<_>>(), ["The same tablet"]);
    assert_eq!(children(&tablet).await.len(), 2);
}

#[tokio::test]
async fn only_the_children_of_the_device_can_be_chosen() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let (parent, mia, tablet) = (&family.parent, &family.child, server.nobody());
    let leo = parent.child("Leo", 0).await;
    pair(&tablet, parent, mia, "Tablet").await;
    for child in [&leo, &other.child] {
        let refused = tablet.post("/auth/device-child", json!({"child_id": child})).await;
        assert_error(&refused, 404, "NOT_FOUND");
    }
    // A cousin's family can share it, too.
    pair(&tablet, &other.parent, &other.child, "Tablet").await;
    assert_eq!(current(&tablet).await, *other.child);
    choose(&tablet, mia).await;
    assert_eq!(current(&tablet).await, **mia);
    assert_eq!(listed(&other.parent, &other.child).await.len(), 1);
}

#[tokio::test]
async fn nobody_becomes_another_child_when_a_session_ends() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, mia, tablet) = (&family.parent, &family.child, server.nobody());
    let leo = parent.child("Leo", 0).await;
    pair(&tablet, parent, mia, "Tablet").await;
    let device = pair(&tablet, parent, &leo, "Tablet").await;
    parent.delete(&device_path(&leo, &device)).await.expect(204);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let found = children(&tablet).await;
    assert!(found.len() == 1 && !found[0].1, "{found:?}");
    choose(&tablet, mia).await;
    assert_eq!(current(&tablet).await, **mia);
}

#[tokio::test]
async fn pages_of_other_origins_cannot_use_it() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let tablet = server.nobody();
    pair(&tablet, &family.parent, &family.child, "Tablet").await;
    let path = format!("/children/{}/rewards/{}/request", family.child, family.reward);
    let foreign = tablet.request(Method::POST, &path).header("Origin", "https://evil.example.org");
    let foreign = foreign.header("Sec-Fetch-Site", "cross-site");
    assert_error(&send(foreign).await, 403, "FOREIGN_ORIGIN");
    let form = tablet.request(Method::POST, &path).body("a=b");
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    assert_error(&send(form).await, 415, "UNSUPPORTED_MEDIA_TYPE");
}

//! The PINs of children, which protect the switch between them on a shared device.

use goldstar::config::Config;
use serde_json::{Value, json};

use super::pair;
use crate::harness::database::is_on_postgres;
use crate::harness::{
    Answer, Client, Family, PASSWORD, Settings, TestServer, assert_error, eventually, log_in, text,
};

fn pin_path(child: &str) -> String {
    format!("/children/{child}/pin")
}

async fn choose(tablet: &Client, child: &str, pin: Value) -> Answer {
    let body = json!({"child_id": child, "pin": pin});
    let without = json!({"child_id": child});
    tablet.post("/auth/device-child", if pin.is_null() { without } else { body }).await
}

/// A tablet of two children. The second one has the PIN 4711, and the first one is current.
async fn shared(server: &TestServer) -> (Family, String, Client) {
    let family = server.family().await;
    let (parent, tablet) = (&family.parent, server.nobody());
    let leo = parent.child("Leo", 0).await;
    pair(&tablet, parent, &leo, "Tablet").await;
    pair(&tablet, parent, &family.child, "Tablet").await;
    parent.put(&pin_path(&leo), json!({"pin": "4711"})).await.expect(204);
    (family, leo, tablet)
}

async fn current(tablet: &Client) -> String {
    text(&tablet.get("/auth/me").await.expect(200)["child_id"])
}

#[tokio::test]
async fn a_child_with_a_pin_is_chosen_with_it_only() {
    let mut server = TestServer::start().await;
    let (family, leo, tablet) = shared(&server).await;
    server.restart().await;
    for wrong in [Value::Null, json!(""), json!("4712"), json!("47110")] {
        assert_error(&choose(&tablet, &leo, wrong).await, 403, "WRONG_PIN");
    }
    assert_eq!(current(&tablet).await, family.child);
    choose(&tablet, &leo, json!("4711")).await.expect(200);
    assert_eq!(current(&tablet).await, leo);
    // The current child needs none, and a child without a PIN neither.
    choose(&tablet, &leo, Value::Null).await.expect(200);
    choose(&tablet, &family.child, Value::Null).await.expect(200);
    assert_error(&choose(&tablet, &leo, Value::Null).await, 403, "WRONG_PIN");
    let found = tablet.get("/auth/device-children").await.expect(200);
    let pins: Vec<&Value> =
        found["children"].as_array().unwrap().iter().map(|it| &it["has_pin"]).collect();
    assert_eq!(pins, [&json!(false), &json!(true)]);
    family.parent.delete(&pin_path(&leo)).await.expect(204);
    choose(&tablet, &leo, Value::Null).await.expect(200);
}

#[tokio::test]
async fn attempts_are_limited_for_each_child() {
    let configure = |config: &mut Config| config.service.logins.per_account = 4;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let (family, leo, tablet) = shared(&server).await;
    for n in 0..4 {
        assert_error(&choose(&tablet, &leo, json!(n.to_string())).await, 403, "WRONG_PIN");
    }
    for pin in ["4711", "0000"] {
        let refused = choose(&tablet, &leo, json!(pin)).await;
        assert_error(&refused, 429, "TOO_MANY_ATTEMPTS");
    }
    // The parent's login is another allowance.
    log_in(&server.nobody(), &family.parent.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_pin_is_four_to_eight_digits_of_a_childs_parents() {
    let server = TestServer::start().await;
    let (family, leo, tablet) = shared(&server).await;
    let parent = &family.parent;
    for wrong in [json!("123"), json!("123456789"), json!("12ab"), json!(4711), Value::Null] {
        let refused = parent.put(&pin_path(&leo), json!({"pin": wrong})).await;
        assert_error(&refused, 400, "VALIDATION_FAILED");
    }
    let has_pin = parent.get(&pin_path(&leo)).await.expect(200);
    assert_eq!(has_pin, json!({"has_pin": true}));
    assert_eq!(parent.get(&pin_path(&family.child)).await.expect(200), json!({"has_pin": false}));
    let other = server.family().await;
    let pin = json!({"pin": "0000"});
    assert_error(&other.parent.put(&pin_path(&leo), pin.clone()).await, 404, "NOT_FOUND");
    assert_error(&tablet.put(&pin_path(&family.child), pin).await, 403, "PARENT_REQUIRED");
    choose(&tablet, &leo, json!("4711")).await.expect(200);
}

#[tokio::test]
async fn no_response_contains_the_hash_and_other_changes_keep_it() {
    let server = TestServer::start().await;
    let (family, leo, _) = shared(&server).await;
    let (parent, path) = (&family.parent, format!("/children/{leo}"));
    parent.patch(&path, json!({"colour": "green"})).await.expect(200);
    parent.patch(&path, json!({"colour": null})).await.expect(200);
    parent.activate(&leo, &family.task).await.expect(200);
    assert_eq!(parent.get(&pin_path(&leo)).await.expect(200)["has_pin"], true);
    for path in [&path, "/children", "/account/export", &pin_path(&leo)] {
        let answer = parent.get(path).await;
        let is_shown = ["4711", "scrypt", "pin_hash"].iter().any(|it| answer.text.contains(it));
        assert!(answer.status == 200 && !is_shown, "{path}: {}", answer.text);
    }
    if is_on_postgres() {
        return;
    }
    eventually("the hash in its file", async || {
        let file = server.folders.data_file("child_details.json");
        std::fs::read_to_string(file).is_ok_and(|text| text.contains("pin_hash")).then_some(())
    })
    .await;
}

//! From the code on the device to its session.

use goldstar::config::Config;
use goldstar::http::Origin;
use reqwest::Method;
use serde_json::json;

use super::MINUTE;
use super::{devices_path, listed, pair, show_code};
use crate::harness::{Hand, Settings, TestServer, assert_error, send, text};

#[tokio::test]
async fn a_device_is_confirmed_by_a_parent_and_has_a_session_of_the_child() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    let shown = show_code(&tablet, "Kitchen tablet").await;
    assert_error(&shown.fetch(&tablet).await, 400, "AUTHORIZATION_PENDING");
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    // Case, dashes and spaces do not matter.
    let typed = shown.user_code.to_lowercase().replace('-', " ");
    let body = json!({"user_code": typed});
    let found = parent.post("/device-codes/inspect", body.clone()).await.expect(200);
    let expected = json!({"device_name": "Kitchen tablet", "expires_at": shown.body["expires_at"]});
    assert_eq!(found, expected);
    assert_error(&shown.fetch(&tablet).await, 400, "AUTHORIZATION_PENDING");
    let device = parent.post(&devices_path(child), body).await.expect(201)["device"].clone();
    assert_eq!((&device["name"], &device["child_id"]), (&json!("Kitchen tablet"), &json!(child)));
    assert_eq!(device["is_waiting"], true);
    assert_eq!(listed(parent, child).await, std::slice::from_ref(&device));
    let fetched = shown.fetch(&tablet).await;
    assert_eq!(fetched.status, 200, "{}", fetched.text);
    assert_eq!(fetched.body["scope"], "child");
    assert_eq!(fetched.body["child_id"], **child);
    let cookie = fetched.header("set-cookie");
    assert!(cookie.starts_with("session_device="), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=15552000"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    server.restart().await;
    assert_eq!(tablet.get("/auth/me").await.expect(200)["child_id"], **child);
    tablet.get(&format!("/children/{child}")).await.expect(200);
    assert_error(&tablet.get(&devices_path(child)).await, 403, "PARENT_REQUIRED");
    let now = &listed(parent, child).await[0];
    assert_eq!((&now["id"], &now["is_waiting"]), (&device["id"], &json!(false)));
}

#[tokio::test]
async fn codes_are_eight_consonants_in_an_address_and_in_a_qr_code() {
    let server = TestServer::start().await;
    let tablet = server.nobody();
    let shown = show_code(&tablet, "Tablet").await;
    let code = &shown.user_code;
    assert_eq!((code.len(), &code[4..5]), (9, "-"));
    let consonants = |code: &str| code.bytes().all(|c| b"BCDFGHJKLMNPQRSTVWXZ".contains(&c));
    assert!(consonants(&code.replace('-', "")), "{code}");
    assert_eq!(shown.device_code.len(), 64, "256 bits");
    let page = format!("{}/pair", tablet.url(""));
    assert_eq!(shown.body["verification_uri"], page);
    assert_eq!(shown.body["verification_uri_complete"], format!("{page}?code={code}"));
    assert_eq!((&shown.body["interval"], &shown.body["expires_in"]), (&json!(5), &json!(600)));
    let image = text(&shown.body["qr_svg"]);
    assert!(image.contains("<svg ") && !image.contains("style="), "{image}");
    let other = show_code(&tablet, "Tablet").await;
    assert_ne!((code, &shown.device_code), (&other.user_code, &other.device_code));
    let request = tablet.request(Method::POST, "/auth/device-codes");
    let request = request.json(&json!({"device_name": "Tablet"})).header("Host", "chores.lan");
    let body = send(request).await.expect(200);
    assert_eq!(body["verification_uri"], "http://chores.lan/pair");
    // No QR code has room for it.
    let request = tablet.request(Method::POST, "/auth/device-codes");
    let request = request.json(&json!({"device_name": "Tablet"})).header("Host", "a".repeat(5000));
    assert_eq!(send(request).await.expect(200)["verification_uri"], "/pair");
}

#[tokio::test]
async fn the_address_is_that_of_the_public_url() {
    let configure = |config: &mut Config| {
        config.http.public_origin = Origin::parse("https://chores.example.org");
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let shown = show_code(&server.nobody(), "Tablet").await;
    let complete = format!("https://chores.example.org/pair?code={}", shown.user_code);
    assert_eq!(shown.body["verification_uri_complete"], complete);
}

#[tokio::test]
async fn a_code_is_used_once_and_all_other_codes_have_one_response() {
    let (clock, machine) = Hand::new();
    let configure = |config: &mut Config| config.service.logins.per_account = 0;
    let settings = Settings { machine, configure, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let (family, other) = (server.family().await, server.family().await);
    let tablet = server.nobody();
    let used = show_code(&tablet, "Used").await;
    used.confirm(&family.parent, &family.child).await;
    used.fetch(&tablet).await.expect(200);
    let expired = show_code(&tablet, "Expired").await;
    let late = show_code(&tablet, "Late").await;
    late.confirm(&family.parent, &family.child).await;
    clock.forward(10 * MINUTE);
    let mut answers = Vec::new();
    for code in [used.user_code.as_str(), &expired.user_code, &late.user_code, "BCDF-GHJK", "?"] {
        for (parent, child) in [(&family.parent, &family.child), (&other.parent, &other.child)] {
            let body = json!({"user_code": code});
            answers.push(parent.post("/device-codes/inspect", body.clone()).await);
            answers.push(parent.post(&devices_path(child), body).await);
        }
    }
    for code in [&used, &expired, &late] {
        answers.push(code.fetch(&tablet).await);
    }
    for answer in &answers {
        assert_error(answer, 400, "INVALID_DEVICE_CODE");
        assert_eq!(answer.body, answers[0].body);
    }
    assert_eq!(listed(&family.parent, &family.child).await.len(), 1, "the late one has ended");
}

#[tokio::test]
async fn a_parent_can_repeat_the_confirmation_and_nobody_else_can() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    let shown = show_code(&tablet, "Tablet").await;
    let body = json!({"user_code": shown.user_code});
    let path = devices_path(child);
    let first = parent.post_once(&path, body.clone(), "key").await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""));
    // With or without the key.
    assert_eq!(parent.post(&path, body.clone()).await.expect(201), first.body);
    let stolen = other.parent.post(&devices_path(&other.child), body.clone()).await;
    assert_error(&stolen, 400, "INVALID_DEVICE_CODE");
    let sibling = parent.child("Leo", 0).await;
    let moved = parent.post(&devices_path(&sibling), body.clone()).await;
    assert_error(&moved, 400, "INVALID_DEVICE_CODE");
    shown.fetch(&tablet).await.expect(200);
    let again = parent.post_once(&path, body.clone(), "key").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.body["device"]["id"], first.body["device"]["id"]);
    assert_error(&parent.post(&path, body).await, 400, "INVALID_DEVICE_CODE");
    let reused = parent.post_once(&path, json!({"user_code": "BCDF-GHJK"}), "key").await;
    assert_error(&reused, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(listed(parent, child).await.len(), 1);
}

#[tokio::test]
async fn a_wrong_child_does_not_use_up_the_code() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let tablet = server.nobody();
    let shown = show_code(&tablet, "Tablet").await;
    let body = json!({"user_code": shown.user_code});
    let foreign = family.parent.post(&devices_path(&other.child), body).await;
    assert_error(&foreign, 404, "NOT_FOUND");
    shown.confirm(&family.parent, &family.child).await;
    shown.fetch(&tablet).await.expect(200);
}

#[tokio::test]
async fn no_file_list_or_export_contains_a_secret() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    let shown = show_code(&tablet, "Tablet").await;
    let waiting = show_code(&tablet, "Waiting").await;
    shown.confirm(parent, child).await;
    let fetched = shown.fetch(&tablet).await;
    let token = fetched.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    assert_eq!(token.len(), 64);
    assert!(!fetched.text.contains(&token), "in the cookie alone");
    let export = parent.get("/account/export").await;
    assert_eq!(export.status, 200, "{}", export.text);
    let sessions = export.body["sessions"].as_array().unwrap();
    let device = sessions.iter().find(|it| !it["device_name"].is_null()).unwrap();
    assert_eq!((&device["device_name"], &device["child_id"]), (&json!("Tablet"), &json!(child)));
    let own = parent.get("/auth/sessions").await;
    assert!(own.text.contains("\"device_name\":\"Tablet\""), "{}", own.text);
    let list = parent.get(&devices_path(child)).await;
    let mut texts = vec![export.text, own.text, list.text];
    for folder in [server.folders.data(), server.folders.logs()] {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    let codes = [&shown, &waiting].map(|it| [&it.device_code, &it.user_code]);
    for secret in codes.as_flattened().iter().copied().chain([&token]) {
        assert!(!texts.iter().any(|text| text.contains(secret.as_str())), "{secret}");
    }
}

#[tokio::test]
async fn a_child_has_a_limited_number_of_devices() {
    let configure = |config: &mut Config| config.service.logins.per_account = 0;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    for _ in 0..10 {
        pair(&server.nobody(), parent, child, "Tablet").await;
    }
    let shown = show_code(&server.nobody(), "Eleventh").await;
    let body = json!({"user_code": shown.user_code});
    let refused = parent.post(&devices_path(child), body).await;
    let details = assert_error(&refused, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(details["limit"], json!({"name": "devices", "most": 10}));
    shown.confirm(parent, &parent.child("Leo", 0).await).await;
}

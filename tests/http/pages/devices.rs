//! How a device becomes a child's, on pages.

use reqwest::Method;
use serde_json::json;

use super::{between, open, show, submit};
use crate::devices::{MINUTE, listed, pair, show_code};
use crate::harness::{Client, Hand, Settings, TestServer, send};
use crate::households::Household;

/// Lets a device show its code on the page.
async fn code_on(device: &Client) -> String {
    let page = submit(device, "/pair", &[("device_name", "Kitchen <tablet>")]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    between(&page.text, "id=\"code\">", "<").to_owned()
}

#[tokio::test]
async fn a_device_shows_a_code_until_a_parent_confirms_it() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    let page = show(&tablet, "/pair").await;
    assert!(page.contains("Connect this device"), "{page}");
    let code = code_on(&tablet).await;
    assert_eq!(code.len(), 9, "{code}");
    let waiting = show(&tablet, "/pair").await;
    assert!(waiting.contains(&code), "the code stays: {waiting}");
    assert!(waiting.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\">"), "{waiting}");
    assert!(waiting.contains("src=\"data:image/svg+xml;base64,"), "{waiting}");
    assert!(waiting.contains("data-refresh=\"5\""), "{waiting}");
    let confirm = show(parent, &format!("/pair?code={code}")).await;
    assert!(confirm.contains("Kitchen &#60;tablet&#62;"), "{confirm}");
    assert!(confirm.contains(&format!("value=\"{child}\" required checked")), "{confirm}");
    let key = between(&confirm, "name=\"key\" value=\"", "\"");
    let fields = [("key", key), ("user_code", code.as_str()), ("child", child.as_str())];
    let devices = submit(parent, "/pair/confirm", &fields).await;
    assert!(devices.text.contains("The device is confirmed."), "{}", devices.text);
    assert!(devices.text.contains("confirmed, and not opened yet"), "{}", devices.text);
    let page = show(&tablet, "/pair").await;
    assert!(page.contains("id=\"streak\""), "the page of the child: {page}");
    assert_eq!(tablet.get("/auth/me").await.expect(200)["child_id"], **child);
    let page = show(parent, &format!("/app/children/{child}/devices")).await;
    assert!(page.contains("last used"), "{page}");
}

#[tokio::test]
async fn the_secret_of_a_device_is_in_a_cookie_that_scripts_cannot_read() {
    let server = TestServer::start().await;
    let tablet = server.nobody();
    let request = tablet.request(Method::POST, "/pair").body("device_name=Tablet");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("sec-fetch-site", "same-origin");
    let page = send(request).await;
    assert!(!page.text.contains("device_code"), "{}", page.text);
    // The cookie of the redirect is with the client.
    let again = show(&tablet, "/pair").await;
    assert!(again.contains("id=\"code\""), "{again}");
    let page = submit(&tablet, "/pair/cancel", &[]).await;
    assert!(page.text.contains("name=\"device_name\""), "{}", page.text);
    assert!(
        page.header("set-cookie").is_empty() || !page.header("set-cookie").contains("pairing=")
    );
}

#[tokio::test]
async fn a_device_needs_a_name_and_an_expired_code_is_forgotten() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let tablet = server.nobody();
    let wrong = submit(&tablet, "/pair", &[("device_name", " ")]).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    assert!(wrong.text.contains("This field is empty."), "{}", wrong.text);
    code_on(&tablet).await;
    clock.forward(10 * MINUTE);
    let page = show(&tablet, "/pair").await;
    assert!(page.contains("The code is not valid any more."), "{page}");
    let page = show(&tablet, "/pair").await;
    assert!(!page.contains("The code is not valid any more."), "{page}");
}

#[tokio::test]
async fn a_scanned_code_waits_for_the_sign_in_and_only_parents_confirm() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let shown = show_code(&server.nobody(), "Tablet").await;
    let address = format!("/pair?code={}", shown.user_code);
    let page = open(&server.nobody(), &address).await;
    assert!(page.text.contains("<h1>Sign in</h1>"), "{}", page.text);
    let next = format!("value=\"{address}\"");
    assert!(page.text.contains(&next), "{}", page.text);
    assert_eq!(open(&house.member, &address).await.status, 403);
    let child = house.family.child.as_str();
    let fields = [("user_code", shown.user_code.as_str()), ("child", child)];
    assert_eq!(submit(&house.member, "/pair/confirm", &fields).await.status, 403);
    assert!(submit(&server.nobody(), "/pair/confirm", &fields).await.text.contains("Sign in"));
    let parent = &house.family.parent;
    let unknown = open(parent, "/pair?code=BCDF-GHJK").await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
    assert!(unknown.text.contains("There is no device with this code."), "{}", unknown.text);
    let nobody_chosen = submit(parent, "/pair/confirm", &fields[..1]).await;
    assert_eq!(nobody_chosen.status, 400, "{}", nobody_chosen.text);
    assert!(nobody_chosen.text.contains("Choose a child."), "{}", nobody_chosen.text);
    let other = server.family().await;
    let foreign = [("user_code", shown.user_code.as_str()), ("child", other.child.as_str())];
    assert_eq!(submit(parent, "/pair/confirm", &foreign).await.status, 404);
    assert!(listed(parent, child).await.is_empty());
}

#[tokio::test]
async fn a_parent_removes_a_device() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    let path = format!("/app/children/{child}/devices");
    let page = show(parent, &path).await;
    assert!(page.contains("No device is connected yet."), "{page}");
    let device = pair(&tablet, parent, child, "<b>Tablet</b>").await;
    let page = show(parent, &path).await;
    assert!(page.contains("&#60;b&#62;Tablet&#60;/b&#62;"), "{page}");
    assert_eq!(open(&other.parent, &path).await.status, 404);
    let fields = [("device_id", device["id"].as_str().unwrap())];
    let remove = format!("{path}/remove");
    assert_eq!(submit(&other.parent, &remove, &fields).await.status, 404);
    assert_eq!(submit(&tablet, &remove, &fields).await.status, 403);
    let page = submit(parent, &remove, &fields).await.text;
    assert!(page.contains("No device is connected yet."), "{page}");
    assert!(show(&tablet, "/app/child").await.contains("<h1>Sign in</h1>"));
}

#[tokio::test]
async fn children_that_share_a_device_switch_with_a_pin() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, mia, tablet) = (&family.parent, &family.child, server.nobody());
    let leo = parent.child("Leo", 7).await;
    pair(&tablet, parent, &leo, "Tablet").await;
    let alone = show(&tablet, "/app/child").await;
    assert!(!alone.contains("/app/child/switch"), "{alone}");
    pair(&tablet, parent, mia, "Tablet").await;
    parent.put(&format!("/children/{leo}/pin"), json!({"pin": "4711"})).await.expect(204);
    let today = show(&tablet, "/app/child").await;
    assert!(today.contains("/app/child/switch") && !today.contains("Leo"), "{today}");
    let page = show(&tablet, "/app/child/switch").await;
    assert_eq!(page.matches("name=\"pin\"").count(), 1, "{page}");
    let wrong = [("child_id", leo.as_str()), ("pin", "0000")];
    let page = submit(&tablet, "/app/child/switch", &wrong).await;
    assert_eq!(page.status, 403, "{}", page.text);
    assert!(page.text.contains("That is not the PIN."), "{}", page.text);
    let right = [("child_id", leo.as_str()), ("pin", "4711")];
    let page = submit(&tablet, "/app/child/switch", &right).await.text;
    assert!(page.contains("data-points=\"7\"") && page.contains("Leo"), "{page}");
    let back = [("child_id", mia.as_str())];
    let page = submit(&tablet, "/app/child/switch", &back).await.text;
    assert!(!page.contains("Leo"), "{page}");
    let stranger = server.family().await;
    let foreign = [("child_id", stranger.child.as_str())];
    assert_eq!(submit(&tablet, "/app/child/switch", &foreign).await.status, 404);
    let nobody = show(&server.nobody(), "/app/child/switch").await;
    assert!(nobody.contains("No child uses this device yet."), "{nobody}");
}

#[tokio::test]
async fn a_parent_hands_the_device_to_a_child() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let (parent, child) = (&house.family.parent, &house.family.child);
    let path = format!("/app/children/{child}/hand-over");
    assert_eq!(open(&house.member, &path).await.status, 403);
    assert_eq!(submit(&house.member, &path, &[]).await.status, 403);
    let stranger = server.parent().await;
    assert_eq!(open(&stranger, &path).await.status, 404);
    let page = show(parent, &path).await;
    assert!(page.contains("To return, sign in again."), "{page}");
    let page = submit(parent, &path, &[]).await.text;
    assert!(page.contains("id=\"streak\""), "{page}");
    assert_eq!(parent.get("/auth/me").await.expect(200)["scope"], "child");
}

//! What ends the session of a device, and what does not.

use serde_json::json;

use super::{device_path, listed, pair, show_code};
use crate::harness::{
    DAY, Hand, PASSWORD, Settings, TestServer, assert_error, eventually, log_in, text,
};

#[tokio::test]
async fn a_removed_device_has_no_session_and_its_stream_closes() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    let device = pair(&tablet, parent, child, "Tablet").await;
    let remaining = server.nobody();
    let kept = pair(&remaining, parent, child, "Phone").await;
    let mut stream = tablet.events("/events").await;
    let path = device_path(child, &device);
    assert_error(&other.parent.delete(&path).await, 404, "NOT_FOUND");
    let sibling = parent.child("Leo", 0).await;
    let of_sibling = device_path(&sibling, &device);
    assert_error(&parent.delete(&of_sibling).await, 404, "NOT_FOUND");
    assert_error(&tablet.delete(&path).await, 403, "PARENT_REQUIRED");
    parent.delete(&path).await.expect(204);
    stream.assert_end().await;
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    assert_error(&parent.delete(&path).await, 404, "NOT_FOUND");
    remaining.get("/auth/me").await.expect(200);
    let left = listed(parent, child).await;
    assert_eq!(left.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&kept["id"]]);
}

#[tokio::test]
async fn a_device_that_has_not_fetched_its_session_can_be_removed() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let tablet = server.nobody();
    let shown = show_code(&tablet, "Tablet").await;
    let device = shown.confirm(&family.parent, &family.child).await;
    family.parent.delete(&device_path(&family.child, &device)).await.expect(204);
    let answer = shown.fetch(&tablet).await;
    assert_ne!(answer.status, 200, "{}", answer.text);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_parents_login_takes_precedence_and_does_not_end_it() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    pair(&tablet, parent, child, "Tablet").await;
    let scope = async || text(&tablet.get("/auth/me").await.expect(200)["scope"]);
    assert_eq!(scope().await, "child");
    log_in(&tablet, &parent.email, PASSWORD).await.expect(200);
    assert_eq!(scope().await, "parent");
    log_in(&tablet, &parent.email, PASSWORD).await.expect(200);
    tablet.act("/auth/logout").await.expect(204);
    assert_eq!(scope().await, "child");
    assert_eq!(listed(parent, child).await.len(), 1);
    // A logout of the child ends its device.
    tablet.act("/auth/logout").await.expect(204);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    assert_eq!(listed(parent, child).await.len(), 0);
}

#[tokio::test]
async fn logins_beyond_the_limit_of_sessions_end_no_device() {
    let configure = |config: &mut goldstar::config::Config| config.service.family.sessions = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let family = server.family().await;
    let (parent, tablet) = (&family.parent, server.nobody());
    pair(&tablet, parent, &family.child, "Tablet").await;
    for _ in 0..4 {
        log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
    }
    tablet.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_session_lasts_180_days_from_its_last_use() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let (parent, child, tablet) = (&family.parent, &family.child, server.nobody());
    pair(&tablet, parent, child, "Tablet").await;
    for _ in 0..2 {
        log_in(parent, &parent.email, PASSWORD).await.expect(200);
        let before = text(&listed(parent, child).await[0]["last_used_at"]);
        clock.forward(170 * DAY);
        let renewed = tablet.get("/auth/me").await;
        assert_eq!(renewed.status, 200, "{}", renewed.text);
        let cookie = renewed.header("set-cookie");
        assert!(cookie.contains("session_device=") && cookie.contains("Max-Age=15552000"));
        // The use is written in the background.
        log_in(parent, &parent.email, PASSWORD).await.expect(200);
        eventually("the use of the device", async || {
            let last = text(&listed(parent, child).await[0]["last_used_at"]);
            (last > before).then_some(())
        })
        .await;
    }
    clock.forward(180 * DAY);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn it_ends_with_the_child_the_password_and_all_sessions() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let child = parent.child("Leo", 0).await;
    let tablet = server.nobody();
    pair(&tablet, parent, &child, "Tablet").await;
    parent.delete(&format!("/children/{child}")).await.expect(204);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    pair(&tablet, parent, &family.child, "Tablet").await;
    let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    parent.put("/auth/password", change).await.expect(204);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    pair(&tablet, parent, &family.child, "Tablet").await;
    parent.delete("/auth/sessions").await.expect(204);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn it_ends_with_the_mark_for_deletion() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, tablet) = (&family.parent, server.nobody());
    let late = show_code(&server.nobody(), "Late").await;
    late.confirm(parent, &family.child).await;
    pair(&tablet, parent, &family.child, "Tablet").await;
    let mut stream = tablet.events("/events").await;
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await.expect(202);
    stream.assert_end().await;
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
    assert_ne!(late.fetch(&server.nobody()).await.status, 200);
    let login = json!({"email": parent.email, "password": PASSWORD});
    server.nobody().post("/auth/restore", login).await.expect(200);
    assert_error(&tablet.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

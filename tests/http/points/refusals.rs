//! Mutations that fail, and that they change nothing.

use serde_json::json;

use crate::harness::{Client, Family, TestServer, assert_error, reward_path};

/// Checks that no file, log, stream or response shows a mutation.
async fn assert_untouched(server: &TestServer, family: &Family) {
    assert_eq!(family.parent.points(&family.child).await, 50);
    assert_eq!(server.folders.events(), [] as [serde_json::Value; 0]);
    assert!(server.folders.log_lines(&family.parent.id).is_empty());
}

#[tokio::test]
async fn a_second_request_is_refused() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    let again = family.parent.ask_for(&family.child, &family.reward).await;
    assert_error(&again, 409, "REWARD_ALREADY_REQUESTED");
    assert_eq!(server.folders.events().len(), 1);
}

#[tokio::test]
async fn a_reward_that_a_child_cannot_afford_is_an_error() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let dear = family.parent.reward("Bicycle", 51).await;
    let asked = family.parent.ask_for(&family.child, &dear).await;
    let redeemed = family.parent.redeem(&family.child, &dear).await;
    for answer in [asked, redeemed] {
        let details = assert_error(&answer, 409, "INSUFFICIENT_POINTS");
        assert_eq!(details["points_needed"], 1);
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn a_cancel_without_a_request_leaves_no_entry() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child, reward) = (&family.parent, &family.child, &family.reward);
    let refused = parent.cancel(child, reward).await;
    assert_error(&refused, 409, "NO_PENDING_REQUEST");
    assert_untouched(&server, &family).await;

    parent.ask_for(child, reward).await.expect(200);
    parent.redeem(child, reward).await.expect(200);
    let after_redeem = parent.cancel(child, reward).await;
    assert_error(&after_redeem, 409, "NO_PENDING_REQUEST");

    parent.ask_for(child, reward).await.expect(200);
    parent.cancel(child, reward).await.expect(200);
    let again = parent.cancel(child, reward).await;
    assert_error(&again, 409, "NO_PENDING_REQUEST");
    assert_eq!(server.folders.events().len(), 4);
}

#[tokio::test]
async fn another_familys_ids_do_not_exist() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let parent = &other.parent;
    for answer in [
        parent.activate(&family.child, &other.task).await,
        parent.activate(&other.child, &family.task).await,
        parent.ask_for(&family.child, &other.reward).await,
        parent.ask_for(&other.child, &family.reward).await,
        parent.redeem(&family.child, &other.reward).await,
        parent.redeem(&other.child, &family.reward).await,
        parent.cancel(&family.child, &other.reward).await,
        parent.get(&format!("/children/{}", family.child)).await,
        parent.get(&format!("/children/{}/rewards", family.child)).await,
        parent.get(&format!("/children/{}/tracking", family.child)).await,
        parent.delete(&format!("/children/{}", family.child)).await,
        parent.patch(&format!("/children/{}", family.child), json!({})).await,
        parent.get(&format!("/tasks/{}", family.task)).await,
        parent.delete(&format!("/tasks/{}", family.task)).await,
        parent.delete(&format!("/rewards/{}", family.reward)).await,
        parent.post("/auth/child-session", json!({"child_id": family.child})).await,
    ] {
        assert_error(&answer, 404, "NOT_FOUND");
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn missing_records_are_not_found() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, missing) = (&family.parent, "00000000-0000-4000-8000-000000000000");
    for answer in [
        parent.activate(missing, &family.task).await,
        parent.activate(&family.child, missing).await,
        parent.ask_for(&family.child, missing).await,
        parent.redeem(missing, &family.reward).await,
        parent.cancel(&family.child, missing).await,
        parent.activate(&family.child, "not-even-a-uuid").await,
    ] {
        assert_error(&answer, 404, "NOT_FOUND");
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn a_child_may_request_and_cancel_for_itself_and_nothing_else() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Aarav", 50).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    for answer in [
        child.activate(&family.child, &family.task).await,
        child.redeem(&family.child, &family.reward).await,
        child.post("/children", json!({"name": "Me again"})).await,
        child.post("/tasks", json!({"name": "Breathe", "points": 9, "is_good": true})).await,
        child.delete(&format!("/tasks/{}", family.penalty)).await,
        child.post("/rewards", json!({"name": "Pony", "cost": 1})).await,
        child.patch(&format!("/rewards/{}", family.reward), json!({"cost": 1})).await,
        child.delete(&format!("/children/{sibling}")).await,
        child.post("/auth/child-session", json!({"child_id": sibling})).await,
        child.put("/auth/password", json!({"current_password": "x", "new_password": "y"})).await,
    ] {
        assert_error(&answer, 403, "PARENT_REQUIRED");
    }
    let admin_only = child.get("/admin/tracking").await;
    assert_error(&admin_only, 403, "ADMIN_REQUIRED");
    assert_error(&child.ask_for(&sibling, &family.reward).await, 404, "NOT_FOUND");
    assert_error(&child.get(&format!("/children/{sibling}/tracking")).await, 404, "NOT_FOUND");
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn without_a_session_nothing_happens() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let nobody = server.nobody();
    for answer in [
        nobody.activate(&family.child, &family.task).await,
        nobody.ask_for(&family.child, &family.reward).await,
        nobody.redeem(&family.child, &family.reward).await,
        nobody.cancel(&family.child, &family.reward).await,
        nobody.get("/children").await,
        nobody.get("/tasks").await,
        nobody.get("/rewards").await,
        nobody.get("/rewards/pending").await,
        nobody.get("/events").await,
        nobody.get("/auth/me").await,
        nobody.act("/auth/logout").await,
        nobody.get("/admin/tracking").await,
    ] {
        assert_error(&answer, 401, "UNAUTHENTICATED");
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn points_do_not_overflow() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let most = 9_007_199_254_740_991_i64;
    let mut server = server;
    server.stop().await;
    let mut children = server.folders.json("children.json");
    children["_default"]["1"]["points"] = most.into();
    server.folders.put("children.json", &children.to_string());
    server.start_again().await;
    let refused = family.parent.activate(&family.child, &family.task).await;
    assert_error(&refused, 409, "POINTS_OUT_OF_RANGE");
    assert_eq!(family.parent.points(&family.child).await, most);
    assert_takes_a_penalty(&family.parent, &family).await;
}

async fn assert_takes_a_penalty(parent: &Client, family: &Family) {
    let answer = parent.activate(&family.child, &family.penalty).await;
    assert_eq!(answer.expect(200)["tracking_event"]["delta"], -8);
}

#[tokio::test]
async fn an_unknown_verb_is_an_unknown_route() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = reward_path(&family.child, &family.reward, "gift");
    assert_error(&family.parent.act(&path).await, 404, "NOT_FOUND");
}

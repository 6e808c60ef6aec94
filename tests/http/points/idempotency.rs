//! `Idempotency-Key`: a repeat returns the first event and changes nothing.

use futures_util::future::join_all;

use crate::harness::{Family, TestServer, activate_path, assert_error, reward_path};

async fn once(family: &Family, key: &str) -> crate::harness::Answer {
    let path = activate_path(&family.child, &family.task);
    family.parent.act_once(&path, key).await
}

#[tokio::test]
async fn a_repeat_returns_the_first_event_again() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let first = once(&family, "click 1").await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let first = first.expect(200);
    for restarted in [false, true] {
        if restarted {
            server.restart().await;
        }
        let again = once(&family, "click 1").await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        let again = again.expect(200);
        assert_eq!(again["tracking_event"], first["tracking_event"]);
        assert_eq!(again["child"]["points"], 55);
    }
    let other = once(&family, "click 2").await.expect(200);
    assert_ne!(other["tracking_event"], first["tracking_event"]);
    assert_eq!(server.folders.events().len(), 2);
}

#[tokio::test]
async fn one_click_sent_many_times_at_once_counts_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let answers = join_all((0..16).map(|_| once(&family, "impatient"))).await;
    let replayed =
        |answer: &&crate::harness::Answer| answer.header("idempotent-replayed") == "true";
    assert_eq!(answers.iter().filter(replayed).count(), 15);
    for answer in answers {
        assert_eq!(answer.expect(200)["child"]["points"], 55);
    }
    assert_eq!(server.folders.events().len(), 1);
}

#[tokio::test]
async fn a_key_of_another_mutation_is_an_error() {
    let server = TestServer::start().await;
    let family = server.family().await;
    once(&family, "k").await.expect(200);
    let sibling = family.parent.child("Aarav", 50).await;
    for path in [
        activate_path(&family.child, &family.penalty),
        activate_path(&sibling, &family.task),
        reward_path(&family.child, &family.reward, "request"),
    ] {
        let answer = family.parent.act_once(&path, "k").await;
        assert_error(&answer, 422, "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(server.folders.events().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_account() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    once(&family, "k").await.expect(200);
    let answer = once(&other, "k").await;
    assert_eq!(answer.header("idempotent-replayed"), "");
    assert_eq!(answer.expect(200)["child"]["points"], 55);
}

#[tokio::test]
async fn an_error_is_not_remembered() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let dear = family.parent.reward("Cinema", 52).await;
    let path = reward_path(&family.child, &dear, "redeem");
    let refused = family.parent.act_once(&path, "k").await;
    assert_error(&refused, 409, "INSUFFICIENT_POINTS");
    family.event().await;
    let answer = family.parent.act_once(&path, "k").await;
    assert_eq!(answer.header("idempotent-replayed"), "");
    assert_eq!(answer.expect(200)["child"]["points"], 3);
}

#[tokio::test]
async fn a_repeat_succeeds_after_its_task_was_deleted() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let first = once(&family, "k").await.expect(200);
    let path = format!("/tasks/{}", family.task);
    assert_eq!(family.parent.delete(&path).await.status, 204);
    let again = once(&family, "k").await.expect(200);
    assert_eq!(again["tracking_event"], first["tracking_event"]);
}

#[tokio::test]
async fn a_repeat_after_its_child_was_deleted_is_not_found() {
    let server = TestServer::start().await;
    let family = server.family().await;
    once(&family, "k").await.expect(200);
    let path = format!("/children/{}", family.child);
    assert_eq!(family.parent.delete(&path).await.status, 204);
    let again = once(&family, "k").await;
    assert_error(&again, 404, "NOT_FOUND");
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!(server.folders.events().len(), 1, "the first one stays");
}

#[tokio::test]
async fn keys_are_bounded() {
    let server = TestServer::start().await;
    let family = server.family().await;
    once(&family, &"k".repeat(255)).await.expect(200);
    for bad in ["", &"k".repeat(256)] {
        let refused = once(&family, bad).await;
        let details = assert_error(&refused, 400, "VALIDATION_FAILED");
        assert_eq!(details["field"], "Idempotency-Key");
    }
    assert_eq!(server.folders.events().len(), 1);
}

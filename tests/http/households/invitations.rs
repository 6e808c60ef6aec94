//! How adults join a family.

use serde_json::json;

use super::{accept, id_of, invite, members, secret_of};
use crate::harness::{DAY, Hand, PASSWORD, Settings, TestServer, assert_error, text};

#[tokio::test]
async fn an_invitation_is_used_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let secret = invite(&family.parent, "helper").await;
    let nobody = server.nobody();
    let body = json!({"secret": secret});
    let shown = nobody.post("/auth/invitation", body.clone()).await.expect(200);
    assert_eq!((&shown["role"], &shown["owner"]), (&json!("helper"), &json!("Zoë")));
    let first = server.parent().await;
    accept(&first, &secret).await;
    assert_eq!(members(&family.parent).await.len(), 2);
    let second = server.parent().await;
    for path in ["/auth/invitation", "/auth/invitation/accept"] {
        assert_error(&second.post(path, body.clone()).await, 403, "INVALID_INVITATION");
    }
    assert_eq!(members(&family.parent).await.len(), 2);
    // The secret is stored nowhere.
    for file in server.folders.data_files() {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
}

#[tokio::test]
async fn an_invitation_is_made_once_for_a_key() {
    let server = TestServer::start().await;
    let owner = server.parent().await;
    let offer = || json!({"role": "helper"});
    let first = owner.post_once("/family/invitations", offer(), "key").await.expect(201);
    let again = owner.post_once("/family/invitations", offer(), "key").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let again = again.expect(201);
    assert_eq!((&again["invitation"], &again["link"]), (&first["invitation"], &json!(null)));
    let other = owner.post_once("/family/invitations", json!({"role": "parent"}), "key").await;
    assert_error(&other, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(owner.get("/family/invitations").await.expect(200)["total"], 1);
}

#[tokio::test]
async fn invitations_are_listed_revoked_and_expire() {
    let (hand, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let owner = server.parent().await;
    let [old, new] = [invite(&owner, "parent").await, invite(&owner, "helper").await];
    let list = owner.get("/family/invitations").await.expect(200);
    let listed = list["invitations"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(!list.to_string().contains(&old) && !list.to_string().contains(&new));
    let helper = listed.iter().find(|it| it["role"] == "helper").unwrap();
    let path = format!("/family/invitations/{}", text(&helper["id"]));
    owner.delete(&path).await.expect(204);
    assert_error(&owner.delete(&path).await, 404, "NOT_FOUND");
    let person = server.parent().await;
    let answer = person.post("/auth/invitation/accept", json!({"secret": new})).await;
    assert_error(&answer, 403, "INVALID_INVITATION");
    hand.forward(7 * DAY);
    let answer = person.post("/auth/invitation/accept", json!({"secret": old})).await;
    assert_error(&answer, 403, "INVALID_INVITATION");
    assert_eq!(owner.get("/family/invitations").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn an_invitation_may_be_for_one_address() {
    let server = TestServer::start().await;
    let (owner, person) = (server.parent().await, server.parent().await);
    let offer = json!({"role": "parent", "email": person.email.to_uppercase()});
    let secret = secret_of(&owner.post("/family/invitations", offer).await.expect(201));
    let other = server.parent().await;
    let answer = other.post("/auth/invitation/accept", json!({"secret": secret})).await;
    assert_error(&answer, 403, "INVALID_INVITATION");
    accept(&person, &secret).await;
}

#[tokio::test]
async fn only_an_account_with_an_empty_family_joins() {
    let server = TestServer::start().await;
    let owner = server.parent().await;
    let secret = invite(&owner, "parent").await;
    let body = json!({"secret": secret});
    let answer = owner.post("/auth/invitation/accept", body.clone()).await;
    assert_error(&answer, 403, "INVALID_INVITATION");
    let other = server.family().await;
    let answer = other.parent.post("/auth/invitation/accept", body.clone()).await;
    assert_error(&answer, 409, "FAMILY_NOT_EMPTY");
    // Nor one whose children are deleted: the events are theirs.
    other.parent.activate(&other.child, &other.task).await.expect(200);
    for path in [
        format!("/children/{}", other.child),
        format!("/tasks/{}", other.task),
        format!("/tasks/{}", other.penalty),
        format!("/rewards/{}", other.reward),
    ] {
        other.parent.delete(&path).await.expect(204);
    }
    let answer = other.parent.post("/auth/invitation/accept", body.clone()).await;
    assert_error(&answer, 409, "FAMILY_NOT_EMPTY");
    let member = server.parent().await;
    let own = invite(&member, "parent").await;
    accept(&member, &secret).await;
    // Nobody joins the family that the member has left empty.
    let answer =
        server.parent().await.post("/auth/invitation/accept", json!({"secret": own})).await;
    assert_error(&answer, 403, "INVALID_INVITATION");
    let other = server.parent().await;
    let second = invite(&other, "parent").await;
    let answer = member.post("/auth/invitation/accept", json!({"secret": second})).await;
    assert_error(&answer, 409, "ALREADY_A_MEMBER");
}

#[tokio::test]
async fn a_person_signs_up_with_an_invitation_where_sign_up_is_closed() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let secret = invite(&family.parent, "helper").await;
    server.reconfigure(Settings { signup_open: false, ..Settings::default() });
    server.restart().await;
    let account = |invitation: Option<&str>, email: &str| {
        let mut account = json!({
            "first_name": "Oma", "last_name": "Example", "email": email, "password": PASSWORD,
        });
        if let Some(invitation) = invitation {
            account["invitation"] = invitation.into();
        }
        account
    };
    let nobody = server.nobody();
    let answer = nobody.post("/auth/signup", account(None, "oma@example.org")).await;
    assert_error(&answer, 403, "SIGNUP_CLOSED");
    let answer = nobody.post("/auth/signup", account(Some("wrong"), "oma@example.org")).await;
    assert_error(&answer, 403, "INVALID_INVITATION");
    let taken = account(Some(&secret), &family.parent.email);
    assert_error(&nobody.post("/auth/signup", taken).await, 409, "EMAIL_TAKEN");
    let joined = nobody.post("/auth/signup", account(Some(&secret), "oma@example.org")).await;
    assert_eq!(joined.expect(201)["user"]["verified"], true);
    let me = nobody.get("/auth/me").await.expect(200);
    assert_eq!(
        (&me["family_id"], &me["family_role"]),
        (&json!(family.parent.id), &json!("helper"))
    );
    nobody.activate(&family.child, &family.task).await.expect(200);
    assert!(!id_of(&family.parent, "helper").await.is_empty());
}

//! What ends a token, and what does not.

use reqwest::Method;
use serde_json::json;

use super::{Program, listed};
use crate::harness::{
    ADMIN, DAY, Hand, PASSWORD, Parent, Settings, TestServer, assert_error, log_in,
};
use crate::households::{Household, with_password};

async fn reader(adult: &Parent, server: &TestServer) -> Program {
    let program = Program::of(adult, server.nobody(), &["read"]).await;
    assert!(program.is_live().await);
    program
}

#[tokio::test]
async fn each_adult_revokes_its_own_tokens() {
    let mut server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    let [of_owner, of_member] = [reader(owner, &server).await, reader(member, &server).await];
    for (adult, program) in [(owner, &of_member), (member, &of_owner)] {
        let path = format!("/tokens/{}", program.id);
        assert_error(&adult.delete(&path).await, 404, "NOT_FOUND");
        assert_eq!(listed(adult).await.len(), 1);
    }
    let path = format!("/tokens/{}", of_member.id);
    member.delete(&path).await.expect(204);
    assert_error(&member.delete(&path).await, 404, "NOT_FOUND");
    assert_error(&of_member.get("/children").await, 401, "UNAUTHENTICATED");
    server.restart().await;
    assert!(!of_member.is_live().await && of_owner.is_live().await);
}

#[tokio::test]
async fn it_ends_at_the_chosen_time_however_often_it_is_used() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    // Ten days after the start of the clock.
    let fields = json!({"scopes": ["read"], "expires_at": "2026-02-19T18:42:15Z"});
    let program = Program::with(&parent, server.nobody(), fields).await;
    assert_eq!(listed(&parent).await[0]["expires_at"], "2026-02-19T18:42:15.000000Z");
    for _ in 0..9 {
        clock.forward(DAY);
        assert!(program.is_live().await);
    }
    clock.forward(DAY - 1);
    assert!(program.is_live().await);
    clock.forward(1);
    assert_error(&program.get("/children").await, 401, "UNAUTHENTICATED");
    assert_eq!(listed(&parent).await.len(), 0);
    let late = json!({"name": "Late", "scopes": ["read"], "expires_at": "2027-02-21T18:42:15Z"});
    let answer = parent.post("/tokens", with_password(late)).await;
    assert_error(&answer, 400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn one_without_an_end_ends_a_year_after_its_last_use() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    let program = reader(&parent, &server).await;
    let unused = Program::of(&parent, server.nobody(), &["read"]).await;
    clock.forward(365 * DAY);
    let recorded = async || {
        log_in(&parent, &parent.email, PASSWORD).await.expect(200);
        let tokens = listed(&parent).await;
        let used = tokens.iter().find(|it| it["id"] == json!(program.id)).unwrap();
        let at = used["last_used_at"].as_str().unwrap_or_default();
        at.starts_with("2027-02-09").then_some(())
    };
    assert!(program.is_live().await);
    crate::harness::eventually("the use", recorded).await;
    clock.forward(DAY);
    assert!(!unused.is_live().await);
    clock.forward(364 * DAY);
    assert!(program.is_live().await);
}

#[tokio::test]
async fn it_ends_with_all_sessions_and_the_password() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let new = "battery staple";
    let (owner, member) = (house.owner(), &house.member);
    for (adult, other) in [(owner, member), (member, owner)] {
        let others = reader(other, &server).await;
        let program = reader(adult, &server).await;
        // A logout ends one session.
        let again = Parent::log_in(server.nobody(), &adult.email, PASSWORD).await;
        again.act("/auth/logout").await.expect(204);
        assert!(program.is_live().await);
        adult.delete("/auth/sessions").await.expect(204);
        assert!(!program.is_live().await);
        log_in(adult, &adult.email, PASSWORD).await.expect(200);
        let program = reader(adult, &server).await;
        let change = json!({"current_password": PASSWORD, "new_password": new});
        adult.put("/auth/password", change).await.expect(204);
        assert!(!program.is_live().await);
        assert!(others.is_live().await);
    }
}

#[tokio::test]
async fn it_ends_with_the_membership() {
    let server = TestServer::start().await;
    for leaves in [true, false] {
        let house = Household::new(&server, "parent").await;
        let (owner, member) = (house.owner(), &house.member);
        let fields = json!({"scopes": ["read"], "child_id": house.family.child});
        let of_child = Program::with(member, server.nobody(), fields).await;
        let (program, owners) = (reader(member, &server).await, reader(owner, &server).await);
        if leaves {
            member.act("/family/leave").await.expect(200);
        } else {
            let id = house.id_of("parent").await;
            owner.delete(&format!("/family/members/{id}")).await.expect(204);
        }
        assert!(!program.is_live().await && !of_child.is_live().await);
        assert!(owners.is_live().await);
    }
}

#[tokio::test]
async fn a_transfer_ends_those_of_both_accounts() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    let [of_owner, of_member] = [reader(owner, &server).await, reader(member, &server).await];
    let body = with_password(json!({"member_id": house.id_of("parent").await}));
    owner.post("/family/transfer", body).await.expect(204);
    assert!(!of_owner.is_live().await && !of_member.is_live().await);
    for adult in [owner, member] {
        log_in(adult, &adult.email, PASSWORD).await.expect(200);
        assert_eq!(listed(adult).await.len(), 0);
    }
}

#[tokio::test]
async fn it_ends_with_the_mark_for_deletion_and_does_not_come_back() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    let [of_owner, of_member] = [reader(owner, &server).await, reader(member, &server).await];
    let body = with_password(json!({"delete_family": true}));
    owner.post("/user/mark-for-deletion", body).await.expect(202);
    assert!(!of_owner.is_live().await && !of_member.is_live().await);
    let restore = json!({"email": owner.email, "password": PASSWORD});
    owner.post("/auth/restore", restore).await.expect(200);
    assert!(!of_owner.is_live().await);
    let body = with_password(json!({"delete_family": true}));
    log_in(owner, &owner.email, PASSWORD).await.expect(200);
    let last = reader(owner, &server).await;
    owner.post("/user/mark-for-deletion", body).await.expect(202);
    let path = format!("/admin/deletion-queue/{}/run", owner.id);
    admin.act(&path).await.expect(200);
    assert!(!last.is_live().await && !of_member.is_live().await);
    let left = server.folders.json("sessions.json").to_string();
    assert!(!left.contains("token-"), "{left}");
}

#[tokio::test]
async fn a_changed_role_keeps_it_and_a_demotion_ends_that_of_an_administrator() {
    let server = TestServer::start().await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    let ordinary = reader(&parent, &server).await;
    let promote = format!("/admin/accounts/{}/promote", parent.id);
    admin.act(&promote).await.expect(200);
    assert!(ordinary.is_live().await);
    log_in(&parent, &parent.email, PASSWORD).await.expect(200);
    let scopes = ["read", "admin:read", "admin:write"];
    let administrative = Program::of(&parent, server.nobody(), &scopes).await;
    administrative.get("/admin/stats").await.expect(200);
    assert_error(&ordinary.get("/admin/stats").await, 403, "SCOPE_REQUIRED");
    admin.act(&format!("/admin/accounts/{}/demote", parent.id)).await.expect(200);
    assert!(!administrative.is_live().await && ordinary.is_live().await);
    // An administrator can end it, as a session.
    admin.act(&format!("/admin/accounts/{}/end-sessions", parent.id)).await.expect(204);
    assert!(!ordinary.is_live().await);
}

#[tokio::test]
async fn a_token_administers_what_is_logged_as_its_owners() {
    let server = TestServer::start().await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    let program = Program::of(&admin, server.nobody(), &["admin:read", "admin:write"]).await;
    program.act(&format!("/admin/accounts/{}/end-sessions", parent.id)).await.expect(204);
    assert_error(&parent.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let log = program.get("/admin/log").await.expect(200);
    assert_eq!(log["actions"][0]["action"], "sessions_ended", "{log}");
    // Not with the password either.
    let password = json!({"password": ADMIN.1});
    for path in ["/admin/backup".to_owned(), format!("/admin/accounts/{}/reset-link", parent.id)] {
        let answer = program.send(Method::POST, &path, Some(password.clone())).await;
        assert_error(&answer, 403, "SESSION_REQUIRED");
    }
}

//! Tests each route with each scope, and each role with tokens of all scopes.

use reqwest::Method;
use serde_json::json;

use super::Program;
use super::table::{Need, rows};
use crate::access::home::{everything, server};
use crate::access::roles::{answer_to, request_of};
use crate::access::table::{IDS, Row};
use crate::harness::{Answer, Client, Parent, TestServer, assert_error};

/// The password of every account of the fixture.
const PASSWORD: &str = "correct horse";
pub(super) const FAMILY_SCOPES: [&str; 4] = ["read", "activate", "requests", "manage"];
const ADMIN_SCOPES: [&str; 2] = ["admin:read", "admin:write"];
/// The columns of the table of roles.
const OWNER: usize = 2;
const ANOTHER_PARENT: usize = 3;
const ADMIN: usize = 4;
const MEMBER: usize = 5;
const HELPER: usize = 6;
const ANOTHER_MEMBER: usize = 7;

async fn logged_in(server: &TestServer, account: &str) -> Parent {
    let email = format!("{account}@example.org");
    Parent::log_in(server.nobody(), &email, PASSWORD).await
}

async fn ask(server: &TestServer, program: &Program, row: &Row, is_allowed: bool) -> Answer {
    let request = request_of(server, row, is_allowed, "", &IDS).await;
    answer_to(row, request.bearer_auth(&program.secret)).await
}

/// A token of the account with each scope alone.
async fn programs(server: &TestServer, adult: &Client, scopes: &[&str]) -> Vec<(String, Program)> {
    let mut programs = Vec::new();
    for scope in scopes {
        let program = Program::of(adult, server.nobody(), &[scope]).await;
        // Its first use is recorded, so that later ones write nothing.
        assert!(program.is_live().await);
        programs.push(((*scope).to_owned(), program));
    }
    programs
}

#[tokio::test]
async fn every_other_scope_is_refused_on_every_route() {
    let mut server = server().await;
    let (owner, admin) = (logged_in(&server, "first").await, logged_in(&server, "admin").await);
    let mut programs = programs(&server, &owner, &FAMILY_SCOPES).await;
    programs.extend(self::programs(&server, &admin, &ADMIN_SCOPES).await);
    programs.push(("all".to_owned(), {
        let all = [&FAMILY_SCOPES[..], &ADMIN_SCOPES].concat();
        Program::of(&admin, server.nobody(), &all).await
    }));
    assert!(programs.last().unwrap().1.is_live().await);
    server.restart().await;
    let before = everything(&server.folders);
    let mut tried = 0;
    for (row, need) in rows() {
        for (scope, program) in &programs {
            let code = match need {
                Need::Nothing | Need::AnyToken => continue,
                Need::Session => "SESSION_REQUIRED",
                _ if scope == "all" || need.scope() == Some(scope) => continue,
                _ => "SCOPE_REQUIRED",
            };
            let answer = ask(&server, program, row, false).await;
            assert_eq!(answer.status, 403, "{} with {scope}: {}", row.0, answer.text);
            tried += 1;
            if row.path() == "/events" {
                continue; // Only its head is read.
            }
            let details = assert_error(&answer, 403, code);
            if let Some(needed) = need.scope() {
                assert_eq!(details, json!({"scope": needed}), "{}", row.0);
            }
        }
    }
    assert!(tried > 600, "only {tried}");
    assert!(everything(&server.folders) == before, "a refused request has changed a file");
}

#[tokio::test]
async fn the_scope_of_a_route_is_enough() {
    let server = server().await;
    let (owner, admin) = (logged_in(&server, "first").await, logged_in(&server, "admin").await);
    let family = programs(&server, &owner, &FAMILY_SCOPES).await;
    let administration = programs(&server, &admin, &ADMIN_SCOPES).await;
    for (row, need) in rows() {
        let programs = family.iter().chain(&administration);
        for (scope, program) in programs {
            if need != Need::AnyToken && need.scope() != Some(scope) {
                continue;
            }
            let column = if scope.starts_with("admin") { ADMIN } else { OWNER };
            prepare(&admin, row).await;
            let answer = ask(&server, program, row, true).await;
            assert_eq!(answer.status, row.2[column], "{} with {scope}: {}", row.0, answer.text);
        }
    }
}

/// Marks the account that a row restores, which no token can do.
async fn prepare(admin: &Client, row: &Row) {
    if row.0 == "POST /admin/accounts/{sleeper}/unmark" {
        admin.act("/admin/accounts/sleeper/mark-for-deletion").await.expect(202);
    }
}

/// A token with the scopes of a family that belongs to the role of that column.
async fn program_of(server: &TestServer, column: usize) -> Program {
    let account = match column {
        OWNER => "first",
        ANOTHER_PARENT => "second",
        ADMIN => "admin",
        MEMBER => "member",
        HELPER => "helper",
        _ => "other-member",
    };
    if column != HELPER {
        let adult = logged_in(server, account).await;
        return Program::of(&adult, server.nobody(), &FAMILY_SCOPES).await;
    }
    // A helper can't create a token, but a parent who becomes a helper keeps it.
    let owner = logged_in(server, "first").await;
    let role = async |role: &str| {
        owner.patch("/family/members/first-helper", json!({"role": role})).await.expect(204);
    };
    role("parent").await;
    let adult = logged_in(server, account).await;
    let program = Program::of(&adult, server.nobody(), &FAMILY_SCOPES).await;
    role("helper").await;
    program
}

#[tokio::test]
async fn a_token_does_only_what_the_current_role_of_its_owner_allows() {
    for column in [OWNER, ANOTHER_PARENT, ADMIN, MEMBER, HELPER, ANOTHER_MEMBER] {
        let server = server().await;
        let program = program_of(&server, column).await;
        for (row, need) in rows() {
            if !need.scope().is_some_and(|scope| FAMILY_SCOPES.contains(&scope)) {
                continue;
            }
            let status = row.2[column];
            let answer = ask(&server, &program, row, status < 400).await;
            assert_eq!(answer.status, status, "{} for {column}: {}", row.0, answer.text);
        }
        let removed = program.send(Method::GET, "/auth/me", None).await;
        assert_eq!(removed.status, 200, "{}", removed.text);
    }
}

//! Tokens in files, exports and backups.

use std::fs;
use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Program;
use crate::access::home::{self, everything};
use crate::harness::database::is_on_postgres;
use crate::harness::{ADMIN, Folders, Settings, TestServer, assert_error, goldstar, send, within};
use crate::households::Household;

fn run(folders: &Folders, arguments: &[&str]) -> Output {
    let done = goldstar(folders.root()).args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    done
}

#[tokio::test]
async fn an_export_has_the_own_tokens_without_their_secrets() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    let fields = json!({"scopes": ["read"], "child_id": house.family.child});
    let programs = [
        Program::with(owner, server.nobody(), fields).await,
        Program::of(member, server.nobody(), &["manage"]).await,
    ];
    for (adult, program) in [(owner, &programs[0]), (member, &programs[1])] {
        let export = adult.get("/account/export").await;
        assert!(programs.iter().all(|it| !export.text.contains(&it.secret[7..])));
        let export = export.expect(200);
        let listed = adult.get("/tokens").await.expect(200);
        assert_eq!(export["api_tokens"], listed["tokens"]);
        assert_eq!(listed["tokens"][0]["id"], json!(program.id));
        let sessions = export["sessions"].as_array().unwrap();
        assert!(sessions.iter().all(|it| it["child_id"].is_null()), "{sessions:?}");
    }
}

#[tokio::test]
async fn a_restore_ends_all_tokens() {
    let server = TestServer::start().await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    let program = Program::of(&parent, server.nobody(), &["read"]).await;
    assert!(program.is_live().await);
    let request = admin.request(Method::POST, "/admin/backup").json(&json!({"password": ADMIN.1}));
    let archive = within("a response", request.send()).await.unwrap();
    let archive = within("a backup", archive.bytes()).await.unwrap();
    let text = String::from_utf8_lossy(&archive);
    assert!(text.contains(&parent.email) && !text.contains("token-"));
    let copy = Folders::new();
    fs::write(copy.root().join("backup.tar"), &archive).unwrap();
    let place = ["--data-dir", "data", "--log-dir", "logs"];
    run(&copy, &[&["restore", "backup.tar", "--no-erasures"], &place[..]].concat());
    let restored = TestServer::on(copy, Settings::default()).await;
    let request = restored.nobody().request(Method::GET, "/auth/me");
    assert_error(&send(request.bearer_auth(&program.secret)).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn no_log_contains_a_secret() {
    let flags = vec!["--server-log=trace".to_owned()];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let parent = server.parent().await;
    let program = Program::of(&parent, server.nobody(), &["read", "manage"]).await;
    program.get("/children").await.expect(200);
    program.post("/children", json!({"name": "Leo"})).await.expect(201);
    let (status, said) = server.stop_by("TERM");
    assert!(status.success() && said.contains("route=/tokens"), "{said}");
    assert!(!said.contains(&program.secret[7..]), "{said}");
    for (path, bytes) in everything(&server.folders) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(&program.secret[7..]), "{}", path.display());
    }
}

/// A token whose row another program has written.
const SECRET: &str = "gs_10AOhycyamkKyENaw2sLSsN3q0V3WwhrB";

/// The fixture with a row of [`SECRET`] that has these fields, too.
fn with_row(fields: &Value) -> Folders {
    let folders = Folders::new();
    home::put(&folders);
    let digest = Sha256::digest(SECRET);
    let hash = digest.iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    let mut row = json!({
        "token_sha256": format!("token-{hash}"), "user_id": "first", "child_id": null,
        "created_at": 1_770_662_535, "last_used_at": 1_770_662_535, "expires_at": 9_999_999_999_i64,
    });
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let text = fs::read_to_string(folders.data_file("sessions.json")).unwrap();
    let mut sessions: Value = serde_json::from_str(&text).unwrap();
    sessions["_default"]["999999"] = row;
    folders.put("sessions.json", &sessions.to_string());
    folders
}

#[tokio::test]
async fn a_row_that_has_lost_fields_gives_no_access() {
    if is_on_postgres() {
        return; // An import leaves out all sessions.
    }
    for (fields, path, code) in [
        (json!({}), "/children", "SCOPE_REQUIRED"),
        (json!({"token_scopes": "read"}), "/children", "SCOPE_REQUIRED"),
        (json!({"token_scopes": ["everything", "Read"]}), "/children", "SCOPE_REQUIRED"),
        // The role is that of the account, whatever the scopes are.
        (json!({"token_scopes": ["admin:read"]}), "/admin/stats", "ADMIN_REQUIRED"),
        (json!({"token_scopes": ["read"]}), "/account/export", "SESSION_REQUIRED"),
    ] {
        let server = TestServer::on(with_row(&fields), Settings::default()).await;
        let request = server.nobody().request(Method::GET, path).bearer_auth(SECRET);
        assert_error(&send(request).await, 403, code);
    }
    let known = json!({"token_scopes": ["everything", "read"]});
    let server = TestServer::on(with_row(&known), Settings::default()).await;
    let request = server.nobody().request(Method::GET, "/children").bearer_auth(SECRET);
    send(request).await.expect(200);
}

#[tokio::test]
async fn check_reports_a_token_of_a_child_that_does_not_exist() {
    if is_on_postgres() {
        return; // A database has constraints instead.
    }
    let folders = with_row(&json!({"child_id": "nobody", "token_scopes": ["read"]}));
    let done = goldstar(folders.root()).args(["check", "data"]).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(text.contains("sessions.json") && text.contains("nobody"), "{text}");
    let before = everything(&folders);
    let server = TestServer::on(folders, Settings::default()).await;
    let request = server.nobody().request(Method::GET, "/children").bearer_auth(SECRET);
    assert_error(&send(request).await, 401, "UNAUTHENTICATED");
    assert!(!before.is_empty());
}

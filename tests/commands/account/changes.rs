//! What the commands change, and what they print.

use std::path::Path;

use serde_json::json as value;

use super::{account, command, json, refused, said};
use crate::harness::{
    Folders, PASSWORD, Parent, Settings, TestServer, assert_error, goldstar, log_in, python,
    run_with_input,
};

#[tokio::test]
async fn accounts_are_listed_with_and_without_a_server() {
    let mut server = TestServer::process().await;
    let paula = server.parent().await;
    let folders = server.folders.clone();
    let listed = json(&folders, &["list"]);
    assert_eq!(listed["total"], 2, "{listed}");
    assert_eq!(listed["accounts"][1]["email"], value!(paula.email), "{listed}");
    assert!(!listed.to_string().contains("password"), "{listed}");
    let found = json(&folders, &["list", "--search", &paula.email.to_uppercase()]);
    assert_eq!(found["accounts"][0]["id"], value!(paula.id));
    assert_eq!(json(&folders, &["list", "--state", "marked"])["total"], 0);
    let shown = json(&folders, &["show", &paula.email]);
    assert_eq!(shown["sessions"], 1, "{shown}");
    assert_eq!(json(&folders, &["show", &paula.id]), shown);
    let text = said(&folders, &["list", "--limit", "1", "--offset", "1"]);
    assert!(text.contains(&paula.id) && text.ends_with("1 of 2 accounts\n"), "{text}");
    assert!(server.stop_by("TERM").0.success());
    assert_eq!(json(&folders, &["list"]), listed);
    assert_eq!(json(&folders, &["show", &paula.id]), shown);
    let text = said(&folders, &["show", &paula.id]);
    assert!(text.contains(&paula.email) && text.contains("active"), "{text}");
}

#[tokio::test]
async fn a_change_by_a_command_takes_effect_in_the_running_server() {
    let server = TestServer::process().await;
    let (folders, paula) = (server.folders.clone(), server.parent().await);
    let mut stream = paula.events("/events").await;
    said(&folders, &["end-sessions", &paula.email]);
    stream.assert_end().await;
    assert_error(&paula.get("/children").await, 401, "UNAUTHENTICATED");

    let marked = json(&folders, &["mark", &paula.email, "--yes"]);
    assert_eq!((&marked["deletion_status"], &marked["sessions"]), (&value!("pending"), &value!(0)));
    let login = log_in(&server.nobody(), &paula.email, PASSWORD).await;
    assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    let again = json(&folders, &["mark", &paula.email, "--yes"]);
    assert_eq!(again, marked, "the first mark stays");
    let text = said(&folders, &["unmark", &paula.id]);
    assert!(text.contains("can be used again"), "{text}");
    log_in(&server.nobody(), &paula.email, PASSWORD).await.expect(200);
    let error = refused(&folders, &["unmark", &paula.id], 1);
    assert!(error.contains("NOT_MARKED_FOR_DELETION"), "{error}");

    let text = said(&folders, &["delete", &paula.email, "--yes"]);
    assert!(text.contains("is deleted"), "{text}");
    let login = log_in(&server.nobody(), &paula.email, PASSWORD).await;
    assert_error(&login, 401, "INVALID_CREDENTIALS");
    let error = refused(&folders, &["show", &paula.email], 1);
    assert!(error.contains("no account"), "{error}");
}

#[tokio::test]
async fn a_link_resets_a_password_with_and_without_a_server() {
    let mut server = TestServer::process().await;
    let (folders, paula) = (server.folders.clone(), server.parent().await);
    let reset = async |server: &TestServer, link: &str, password: &str| {
        let secret = link.split_once("/reset#").unwrap().1;
        let body = value!({"secret": secret, "new_password": password});
        server.nobody().post("/auth/reset", body).await.expect(204);
        log_in(&server.nobody(), &paula.email, password).await.expect(200);
    };
    let created = json(&folders, &["reset-link", &paula.email]);
    reset(&server, created["link"].as_str().unwrap(), "second horse").await;
    assert!(server.stop_by("TERM").0.success());
    let text = said(&folders, &["reset-link", &paula.id]);
    assert!(text.contains("once") && text.contains("public_url"), "{text}");
    server.start_again().await;
    reset(&server, text.lines().next().unwrap(), "third horse").await;
    let error = refused(&folders, &["reset-link", "nobody@example.org"], 1);
    assert!(error.contains("no account"), "{error}");
}

#[tokio::test]
async fn commands_are_logged_with_and_without_a_server() {
    let mut server = TestServer::process().await;
    let (folders, paula) = (server.folders.clone(), server.parent().await);
    said(&folders, &["promote", &paula.email]);
    assert!(server.stop_by("TERM").0.success());
    said(&folders, &["demote", &paula.email]);
    let log = json(&folders, &["log"]);
    let actions = log["actions"].as_array().unwrap();
    let names: Vec<_> = actions.iter().map(|action| action["action"].as_str().unwrap()).collect();
    assert_eq!(names, ["account_demoted", "account_promoted"]);
    for action in actions {
        assert_eq!((&action["actor"], &action["actor_email"]), (&value!(null), &value!(null)));
        assert_eq!(action["account_email"], value!(paula.email));
    }
    said(&folders, &["delete", &paula.email, "--yes"]);
    let text = said(&folders, &["log", "--limit", "1", "--offset", "1"]);
    assert!(text.contains("account_demoted") && text.contains("operator"), "{text}");
    assert!(!text.contains(&paula.email) && text.ends_with("1 of 3 actions\n"), "{text}");
    let check = goldstar(folders.root()).args(["check", "--json"]).output().unwrap();
    let check = String::from_utf8(check.stdout).unwrap();
    let table = r#"{"file":"administration.json","state":"present","rows":3}"#;
    assert!(check.contains(table) && !check.contains("\"severity\":\"damage\""), "{check}");
}

/// Runs a command whose standard input is a password.
fn with_password(folders: &Folders, arguments: &[&str], password: &str) -> String {
    let output = run_with_input(command(folders, arguments), &format!("{password}\n"));
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && !text.contains(password), "{text}");
    text
}

#[tokio::test]
async fn an_account_is_created_and_changed_with_and_without_a_server() {
    let mut server = TestServer::process().await;
    let folders = server.folders.clone();
    for (n, old, new) in [(0, "first horse", "second horse"), (1, "third horse", "fourth horse")] {
        let (email, renamed) = (format!("new{n}@example.org"), format!("renamed{n}@example.org"));
        let names = ["--first-name", "Nora", "--last-name", "New"];
        let create = [&["create", "--email", &email][..], &names].concat();
        with_password(&folders, &create, old);
        said(&folders, &["rename", &email, "--first-name", "Noëlle"]);
        said(&folders, &["set-email", &email, &renamed]);
        let shown = json(&folders, &["show", &renamed]);
        assert_eq!(
            (&shown["first_name"], &shown["last_name"]),
            (&value!("Noëlle"), &value!("New"))
        );
        with_password(&folders, &["set-password", &renamed], new);
        assert_eq!(json(&folders, &["promote", &renamed])["role"], "admin");
        assert_eq!(json(&folders, &["demote", &renamed])["role"], "parent");
        let error = refused(&folders, &["demote", "admin-1"], 1);
        assert!(error.contains("LAST_ADMINISTRATOR"), "{error}");
        let other = json(&folders, &["show", "admin-1"])["email"].clone();
        let error = refused(&folders, &["set-email", &renamed, other.as_str().unwrap()], 1);
        assert!(error.contains("EMAIL_TAKEN"), "{error}");
        if n == 0 {
            assert!(server.stop_by("TERM").0.success());
        }
    }
    server.start_again().await;
    for (email, password) in
        [("renamed0@example.org", "second horse"), ("renamed1@example.org", "fourth horse")]
    {
        log_in(&server.nobody(), email, password).await.expect(200);
    }
    let login = log_in(&server.nobody(), "renamed0@example.org", "first horse").await;
    assert_error(&login, 401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn an_account_is_deleted_without_a_server() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    family.event().await;
    let (folders, id) = (server.folders.clone(), family.parent.id.clone());
    assert!(!folders.log_lines(&id).is_empty());
    assert!(server.stop_by("TERM").0.success());
    let run = json(&folders, &["delete", &id, "--yes"]);
    assert_eq!(run["results"][0]["outcome"], "deleted", "{run}");
    assert!(!folders.log_path(&id).exists());
    for file in folders.data_files() {
        let text = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(&id) && !text.contains(&family.parent.email), "{}", file.display());
    }
    let check = goldstar(folders.root()).arg("check").arg(folders.data()).output().unwrap();
    assert!(check.status.success(), "{check:?}");
}

#[tokio::test]
async fn a_deletion_needs_a_confirmation_and_leaves_the_last_administrator() {
    let server = TestServer::process().await;
    let (folders, paula) = (server.folders.clone(), server.parent().await);
    for action in ["delete", "mark"] {
        let error = refused(&folders, &[action, &paula.email], 2);
        assert!(error.contains("--yes"), "{error}");
        let error = refused(&folders, &[action, "admin-1", "--yes"], 1);
        assert!(error.contains("LAST_ADMINISTRATOR"), "{error}");
    }
    let answered = |answer: &str| {
        let program = Path::new(env!("CARGO_BIN_EXE_goldstar"));
        let words = ["account", "delete", &paula.email, "--data-dir"].map(Path::new);
        let data = folders.data();
        let arguments = [&[program], &words[..], &[&data]].concat();
        let shown = python("answer.py", &arguments, answer).stdout;
        String::from_utf8(shown).unwrap()
    };
    let declined = answered("n\n");
    assert!(declined.contains("nothing was changed"), "{declined}");
    assert_eq!(json(&folders, &["show", &paula.id])["deletion_status"], value!(null));
    let confirmed = answered("y\n");
    assert!(confirmed.contains("is deleted"), "{confirmed}");
    assert_eq!(account(&folders, &["show", &paula.id]).status.code(), Some(1));
}

#[tokio::test]
async fn the_commands_work_on_a_database() {
    let [mut server, _other] = TestServer::two(Settings::default()).await;
    let folders = server.folders.clone();
    let (paula, other) = (server.parent().await, server.parent().await);
    assert_eq!(json(&folders, &["list"])["total"], 3);
    said(&folders, &["end-sessions", &paula.email]);
    assert_error(&paula.get("/children").await, 401, "UNAUTHENTICATED");
    said(&folders, &["mark", &paula.email, "--yes"]);
    let login = log_in(&server.nobody(), &paula.email, PASSWORD).await;
    assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    said(&folders, &["unmark", &paula.email]);
    let paula = Parent::log_in(server.nobody(), &paula.email, PASSWORD).await;
    paula.get("/children").await.expect(200);
    server.stop().await;
    let run = account(&folders, &["delete", &other.id, "--yes", "--json"]);
    // The stopped server must confirm that it has removed the logs of the account.
    assert_eq!(run.status.code(), Some(3), "{run:?}");
    server.start_again().await;
    let gone = async || account(&folders, &["show", &other.id]).status.code() == Some(1);
    crate::harness::eventually("the deletion", async || gone().await.then_some(())).await;
}

//! `goldstar settings`, `sessions`, `stats` and `events`, with a server on the data directory and without one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Family, Folders, TestServer, goldstar, python, reward_path, text};

fn command(folders: &Folders, arguments: &[&str]) -> Command {
    let mut command = goldstar(folders.root());
    command.args(arguments).arg("--data-dir").arg(folders.data());
    command.arg("--log-dir").arg(folders.logs());
    command
}

/// What a command prints that must succeed.
fn said(folders: &Folders, arguments: &[&str]) -> String {
    let output = command(folders, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(folders: &Folders, name: &str) -> Value {
    serde_json::from_str(&said(folders, &[name, "--json"])).unwrap()
}

#[tokio::test]
async fn the_commands_print_what_there_is_with_and_without_a_server() {
    let mut server = TestServer::process().await;
    let (folders, family) = (server.folders.clone(), server.family().await);
    let event = family.event().await;
    let seen = |is_running: bool| {
        let stats = json_of(&folders, "stats");
        assert_eq!((&stats["accounts"], &stats["events"]), (&json!(2), &json!(1)), "{stats}");
        let table = said(&folders, &["stats"]);
        assert!(table.contains("children            1\n"), "{table}");
        let sessions = said(&folders, &["sessions"]);
        assert!(sessions.contains(&family.parent.email), "{sessions}");
        assert!(sessions.ends_with("1 of 1 sessions\n"), "{sessions}");
        let settings = said(&folders, &["settings"]);
        // The settings of the server, not those of the command.
        let is_servers = settings.contains("# --changes-per-account");
        assert_eq!(is_servers, is_running, "{settings}");
        let events = said(&folders, &["events", "--last", "5"]);
        assert!(events.contains(&family.child) && !events.contains('\u{1b}'), "{events}");
        let line: Value = serde_json::from_str(&said(&folders, &["events", "--json"])).unwrap();
        assert_eq!(line, event);
    };
    seen(true);
    assert!(server.stop_by("TERM").0.success());
    seen(false);
    let output = command(&folders, &["events", "--follow"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("nothing to follow"), "{error}");
}

#[tokio::test]
async fn points_have_colours_on_a_terminal() {
    let server = TestServer::process().await;
    let (folders, family) = (server.folders.clone(), server.family().await);
    family.event().await;
    let Family { parent, child, penalty, reward, .. } = &family;
    parent.activate(child, penalty).await.expect(200);
    parent.act(&reward_path(child, reward, "request")).await.expect(200);
    let shown = |more: &[&str]| {
        let program = env!("CARGO_BIN_EXE_goldstar").to_owned();
        let data = folders.data().display().to_string();
        let words = [&[&*program, "events", "--data-dir", &*data], more].concat();
        let words: Vec<&Path> = words.into_iter().map(Path::new).collect();
        String::from_utf8(python("answer.py", &words, "\n").stdout).unwrap()
    };
    let lines = shown(&[]);
    for (colour, action) in
        [("32", "task activated"), ("31", "penalty activated"), ("2", "reward requested")]
    {
        assert!(lines.contains(&format!("\u{1b}[{colour}m{action}")), "{action}: {lines:?}");
    }
    let lines = shown(&["--json"]);
    assert!(lines.contains("penalty") && !lines.contains('\u{1b}'), "{lines:?}");
}

#[tokio::test]
async fn events_are_followed_as_they_happen() {
    let server = TestServer::process().await;
    let (folders, family) = (server.folders.clone(), server.family().await);
    let old = family.event().await;
    let mut follow = command(&folders, &["events", "--follow", "--json"]);
    let mut follower = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Some(Ok(line)) = lines.next() {
            let event: Value = serde_json::from_str(&line).unwrap();
            if sender.send(text(&event["id"])).is_err() {
                break;
            }
        }
    });
    let mut next = async || crate::harness::within("an event", receiver.recv()).await.unwrap();
    assert_eq!(next().await, text(&old["id"]));
    for _ in 0..3 {
        let event = family.event().await;
        assert_eq!(next().await, text(&event["id"]), "each once, in order");
    }
    follower.kill().unwrap();
    follower.wait().unwrap();
}

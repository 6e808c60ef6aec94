//! Names that could forge lines of a log, or paths outside of a folder.

use std::fs;

use serde_json::{Value, json};

use super::home::{By, everything, put, server, shown};
use crate::harness::{Folders, Settings, TestServer, assert_error, log_in, logfmt, names};

/// Texts that start a line, move a terminal's cursor, or end a text in some program.
const HOSTILE: [&str; 11] = [
    "a\rb",
    "a\nb",
    "a\r\nb",
    "a\u{2028}b",
    "a\u{2029}b",
    "a\u{85}b",
    "a\u{1b}[2Jb",
    "a\0b",
    "a\u{8}b",
    "a\u{7f}b",
    "a\u{202e}b",
];

#[tokio::test]
async fn a_name_with_a_line_break_or_a_control_character_is_refused() {
    let server = server().await;
    let before = everything(&server.folders);
    let user = json!({
        "first_name": "N", "last_name": "N", "email": "n@example.org", "password": "correct horse",
    });
    for (path, whole, field) in [
        ("/auth/signup", user.clone(), "first_name"),
        ("/auth/signup", user.clone(), "last_name"),
        ("/auth/signup", user, "email"),
        ("/children", json!({"name": "N"}), "name"),
        ("/children", json!({"name": "N"}), "image_id"),
        ("/tasks", json!({"name": "N", "points": 5}), "name"),
        ("/tasks", json!({"name": "N", "points": 5}), "image_id"),
        ("/rewards", json!({"name": "N", "cost": 5}), "name"),
        ("/rewards", json!({"name": "N", "cost": 5}), "image_id"),
    ] {
        for name in HOSTILE {
            let mut body: Value = whole.clone();
            body[field] = name.into();
            let request = server.nobody().request(reqwest::Method::POST, path).json(&body);
            let answer = crate::harness::send(shown(request, "parent", 0, By::Bearer)).await;
            let details = assert_error(&answer, 400, "VALIDATION_FAILED");
            assert!(details.to_string().contains(field), "{path} {field} {name:?}: {details}");
        }
    }
    let after = everything(&server.folders);
    let differ = |(path, bytes): &(&std::path::PathBuf, &Vec<u8>)| after.get(*path) != Some(bytes);
    let changed: Vec<_> = before.iter().filter(differ).map(|(path, _)| path).collect();
    assert!(after == before, "a refused request has changed {changed:?}");
}

/// Older files may contain such names: they are returned, and forge nothing.
#[tokio::test]
async fn a_stored_name_forges_no_line_of_a_log() {
    let folders = Folders::new();
    put(&folders);
    let hostile = HOSTILE.concat() + " level=ERROR\" event_id=forged";
    for file in ["users.json", "children.json", "tasks.json", "rewards.json"] {
        let mut table = folders.json(file);
        for row in table["_default"].as_object_mut().unwrap().values_mut() {
            for name in ["name", "first_name", "last_name"] {
                if row.get(name).is_some() {
                    row[name] = hostile.clone().into();
                }
            }
        }
        folders.put(file, &table.to_string());
    }
    let flags = ["--server-log=trace", "--server-log-format=json"].map(str::to_owned).to_vec();
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    for path in [
        "/children/first-child/tasks/first-task/activate",
        "/children/first-child/rewards/first-reward/request",
        "/children/first-child/rewards/first-reward/redeem",
        "/nowhere/%0a%0d%1b%5b2J%e2%80%a8?a=%0a%1b",
        "/children/%0aERROR%20forged/tasks/x/activate",
    ] {
        let request = server.nobody().request(reqwest::Method::POST, path);
        let request = request.header("User-Agent", "a\tb").header("X-Request-Id", "x level=ERROR");
        crate::harness::send(shown(request, "parent", 0, By::Bearer)).await;
    }
    log_in(&server.nobody(), &hostile, &hostile).await.expect(401);
    let (status, said) = server.stop_by("TERM");
    assert!(status.success(), "{said}");
    assert!(said.lines().count() > 5, "{said}");
    for line in said.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("forged: {line}"));
        assert!(parsed.is_object() && !line.contains("forged"), "{line}");
    }
    let lines = server.folders.log_lines("first");
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        let is_bad = |c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c);
        assert!(!line.contains(is_bad), "{line:?}");
        assert_ne!(logfmt(&line)["event_id"], "forged");
    }
}

/// The id of this account is a path. Its log stays in the log directory, and its deletion removes
/// nothing else.
#[tokio::test]
async fn an_id_that_is_a_path_stays_in_the_folder() {
    for id in
        ["../x", "../../data/users.json", "a\0b", "\0", ".", "", &"x".repeat(300), "con\u{2028}"]
    {
        let folders = Folders::new();
        put(&folders);
        for file in ["users.json", "children.json", "tasks.json", "rewards.json", "sessions.json"] {
            let mut table = folders.json(file);
            for row in table["_default"].as_object_mut().unwrap().values_mut() {
                for name in ["id", "user_id"] {
                    if row[name] == "first" {
                        row[name] = id.into();
                    }
                }
            }
            folders.put(file, &table.to_string());
        }
        fs::write(folders.root().join("x"), "not Goldstar's").unwrap();
        let mut server = TestServer::on(folders, Settings::default()).await;
        let path = "/children/first-child/tasks/first-task/activate";
        let request = server.nobody().request(reqwest::Method::POST, path);
        let answer = crate::harness::send(shown(request, "parent", 0, By::Bearer)).await;
        assert_eq!(answer.status, 200, "{id:?}: {}", answer.text);
        server.stop().await;
        assert_eq!(names(server.folders.root()), ["data", "logs", "x"], "{id:?}");
        assert_eq!(fs::read_to_string(server.folders.root().join("x")).unwrap(), "not Goldstar's");
        let logs = names(&server.folders.logs());
        assert!(logs.len() == 1 && logs[0].starts_with("tracking_user_"), "{id:?}: {logs:?}");
    }
}

//! The server log: its destinations, its formats, and what it must never contain.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use goldstar::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Folders, PASSWORD, Process, Settings, TestServer, activate_path, log_in, names, send,
};

fn logging(folder: &Path, flags: &[&str]) -> Settings {
    let folder = format!("--server-log-dir={}", folder.display());
    let flags = flags.iter().map(|flag| (*flag).to_owned()).chain([folder]);
    Settings { binary: true, flags: flags.collect(), ..Settings::default() }
}

/// Stops the server; returns its complete standard error output.
fn stop(server: &mut TestServer) -> String {
    let (status, said) = server.stop_by("TERM");
    assert!(status.success(), "{status}");
    said
}

/// The text of the only daily file.
fn daily_file(folder: &Path) -> String {
    let names = names(folder);
    let [name] = &names[..] else { panic!("{names:?}") };
    let date = name.strip_prefix("goldstar.").and_then(|rest| rest.strip_suffix(".log"));
    let date = date.unwrap_or_else(|| panic!("{name}"));
    assert!(date.len() == 10 && date.split('-').count() == 3, "{name}");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The session's token in a response.
fn token(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    let (_, rest) = cookie.split_once("session=").unwrap_or_else(|| panic!("{cookie}"));
    rest.split(';').next().unwrap().to_owned()
}

/// Sends requests of every kind that involves a secret; returns the secrets.
async fn secrets_of_a_day(server: &TestServer) -> Vec<String> {
    let email = "secret.person@example.org";
    let mut secrets = vec![email.to_owned(), "secret.person".to_owned(), PASSWORD.to_owned()];
    let browser = server.nobody();
    let account = json!({
        "first_name": "Secretname", "last_name": "Family", "email": email, "password": PASSWORD,
    });
    let signed_up = browser.post("/auth/signup", account).await;
    secrets.extend(["Secretname".to_owned(), token(&signed_up)]);
    let user_id = signed_up.body["user"]["id"].as_str().unwrap().to_owned();
    for (email, password) in [(email, "wrong guess 1"), ("unknown@example.org", "wrong guess 2")] {
        log_in(&server.nobody(), email, password).await.expect(401);
        secrets.extend([email.to_owned(), password.to_owned()]);
    }
    let session = token(&log_in(&server.nobody(), email, PASSWORD).await);
    let request = server.nobody().request(Method::GET, "/auth/me");
    send(request.header("Authorization", format!("Bearer {session}"))).await.expect(200);
    let request = server.nobody().request(Method::GET, "/auth/me");
    let unknown = "0123456789abcdef-unknown-token";
    send(request.header("Authorization", format!("Bearer {unknown}"))).await.expect(401);
    secrets.extend([session, unknown.to_owned()]);

    let change = json!({"current_password": PASSWORD, "new_password": "another secret word"});
    browser.put("/auth/password", change).await.expect(204);
    secrets.push("another secret word".to_owned());
    let child = browser.post("/children", json!({"name": "Secretchild"})).await.expect(201);
    let child = child["child"]["id"].as_str().unwrap();
    let task = browser.post("/tasks", json!({"name": "Secrettask", "points": 5})).await.expect(201);
    let task = task["task"]["id"].as_str().unwrap();
    // Its audit log cannot be written, which is logged, too.
    fs::create_dir_all(server.folders.log_path(&user_id)).unwrap();
    let key = "idempotency-key-1";
    browser.act_once(&activate_path(child, task), key).await.expect(200);
    let mut stream = browser.events("/events?last_event_id=0").await;
    stream.next().await;
    let rows = "/events?last_event_id=secret-event-id";
    browser.events(rows).await.next().await;
    let feed = browser.act(&format!("/children/{child}/calendar-feeds")).await.expect(201);
    let url = feed["feed"]["url"].as_str().unwrap();
    browser.get(url).await.expect(200);
    browser.get("/calendar/unknown-feed-secret.ics").await.expect(404);
    browser.get("/api/calendar/unknown-feed-secret").await.expect(404);
    secrets.push(url["/api/calendar/".len()..].trim_end_matches(".ics").to_owned());
    secrets.push("unknown-feed-secret".to_owned());
    let session = browser.post("/auth/child-session", json!({"child_id": child})).await;
    secrets.push(token(&session));
    browser.act("/auth/logout").await.expect(204);
    let path = format!("/nowhere/{user_id}?secret=secret-parameter");
    browser.get(&path).await.expect(404);
    secrets.extend(["Secretchild", "Secrettask", key, "secret-event-id"].map(str::to_owned));
    secrets.extend(["secret-parameter".to_owned(), child.to_owned(), task.to_owned(), user_id]);
    secrets
}

async fn assert_secrets_are_kept(format: &str) {
    let folders = Folders::new();
    let log_folder = folders.data().with_file_name("server-logs");
    let settings = logging(&log_folder, &["--server-log=trace", format]);
    TestServer::put_admin(&folders);
    let mut server = TestServer::on(folders, settings).await;
    let secrets = secrets_of_a_day(&server).await;
    let output = stop(&mut server);
    let file = daily_file(&log_folder);
    for text in [&output, &file] {
        assert!(text.lines().count() > 10, "nothing to find anything in: {text}");
        assert!(text.contains("an audit log can't be written"), "{text}");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in {text}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_the_text_form() {
    assert_secrets_are_kept("--server-log-format=text").await;
}

#[tokio::test]
async fn no_secret_is_in_the_json_form() {
    assert_secrets_are_kept("--server-log-format=json").await;
}

#[tokio::test]
async fn nothing_is_lost_at_the_end_and_both_places_have_the_same() {
    let folders = Folders::new();
    // The folder and its parent are created.
    let log_folder = folders.data().with_file_name("var").join("server-logs");
    let mut server = TestServer::on(folders, logging(&log_folder, &[])).await;
    for _ in 0..200 {
        server.nobody().get("/health").await.expect(200);
    }
    let output = stop(&mut server);
    assert_eq!(daily_file(&log_folder), output);
    let requests = output.lines().filter(|line| line.contains(" answered method=GET "));
    // The harness itself sends one request.
    assert_eq!(requests.count(), 201);
    assert!(output.trim_end().ends_with("stopped"), "{output}");
    assert!(!output.contains('\u{1b}'), "no escape codes where there is no terminal");
    let mode = fs::metadata(&log_folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_line_of_json_is_an_object_with_the_request_s_id() {
    let folders = Folders::new();
    let log_folder = folders.data().with_file_name("server-logs");
    let settings = logging(&log_folder, &["--server-log-format=json"]);
    let mut server = TestServer::on(folders, settings).await;
    let answer = server.nobody().get("/children/x").await;
    stop(&mut server);
    let file = daily_file(&log_folder);
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let own = lines.iter().find(|line| line["span"]["id"] == answer.header("x-request-id"));
    let own = own.unwrap_or_else(|| panic!("{lines:#?}"));
    for (field, value) in [
        ("level", json!("INFO")),
        ("message", json!("answered")),
        ("method", json!("GET")),
        ("route", json!("/children/{id}")),
        ("status", json!(401)),
        ("client", json!("127.0.0.1")),
    ] {
        assert_eq!(own[field], value, "{own}");
    }
    assert!(own["duration_ms"].is_f64(), "{own}");
}

#[tokio::test]
async fn a_limited_number_of_daily_files_is_kept() {
    let folders = Folders::new();
    let log_folder = folders.data().with_file_name("server-logs");
    fs::create_dir_all(&log_folder).unwrap();
    for day in 1..=5 {
        fs::write(log_folder.join(format!("goldstar.2026-01-0{day}.log")), "old\n").unwrap();
    }
    let others = ["goldstar.access.log", "goldstar.log", "goldstar2.log", "notes.txt"];
    for other in others {
        fs::write(log_folder.join(other), "another's\n").unwrap();
    }
    for files in [3, 1] {
        // The second start on a day appends to its file, and removes none.
        for start in 1..=2 {
            let settings = logging(&log_folder, &[&format!("--server-log-files={files}")]);
            let mut server = TestServer::on(folders.clone(), settings).await;
            stop(&mut server);
            let mut names = names(&log_folder);
            names.retain(|name| !others.contains(&&**name));
            assert_eq!(names.len(), files, "{names:?}");
            let today = fs::read_to_string(log_folder.join(&names[files - 1])).unwrap();
            let starts = today.lines().filter(|line| line.contains(" serving ")).count();
            assert_eq!(starts, if files == 3 { start } else { 2 + start });
        }
    }
    for other in others {
        assert_eq!(fs::read_to_string(log_folder.join(other)).unwrap(), "another's\n");
    }
}

#[tokio::test]
async fn a_daily_file_that_cannot_be_written_is_reported_once() {
    let folders = Folders::new();
    let log_folder = folders.data().with_file_name("server-logs");
    fs::create_dir_all(&log_folder).unwrap();
    let now = Clock::system().now();
    // Midnight may pass in the meantime.
    for moment in [now, now.after(Duration::from_hours(24))] {
        let date = &moment.to_string()[..10];
        symlink("/dev/full", log_folder.join(format!("goldstar.{date}.log"))).unwrap();
    }
    let mut server = TestServer::on(folders, logging(&log_folder, &[])).await;
    for _ in 0..5 {
        server.nobody().get("/health").await.expect(200);
    }
    let output = stop(&mut server);
    let said: Vec<_> = output.lines().filter(|line| line.contains("can't be written")).collect();
    assert!(
        matches!(*said, [line] if line.contains("ERROR") && line.contains("space")),
        "{output}"
    );
    assert!(output.lines().filter(|line| line.contains(" answered ")).count() >= 5, "{output}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named_at_the_start() {
    let folders = Folders::new();
    let blocked = folders.data().with_file_name("blocked");
    fs::write(&blocked, "").unwrap();
    for folder in [blocked.clone(), blocked.join("below")] {
        let flag = format!("--server-log-dir={}", folder.display());
        let Err(output) = Process::start(&folders, &[flag]) else { panic!("it started") };
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&*folder.to_string_lossy()), "{said}");
    }
}

//! Secrets do not occur in files, logs or responses, and the files are private.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use super::home::{By, everything, put, shown};
use super::table::{IDS, ROLES, TABLE, filled};
use crate::harness::{Folders, Process, Settings, TestServer, activate_path, send};

const PIN: &str = "4711-the-pin";
const CODE: &str = "the-reset-code";

/// One server gets every request, with or without permission. Its output, files and responses
/// contain no secret, except for the data files, which contain hashes and codes.
#[tokio::test]
async fn no_secret_is_in_any_response_or_log() {
    let folders = Folders::new();
    put(&folders);
    let mut users = folders.json("users.json");
    for user in users["_default"].as_object_mut().unwrap().values_mut() {
        user["pin"] = PIN.into();
        user["reset_code"] = CODE.into();
    }
    folders.put("users.json", &users.to_string());
    let hash = users["_default"]["1"]["password"].as_str().unwrap().to_owned();
    let digest = hash.rsplit('$').next().unwrap().to_owned();
    let flags = vec!["--server-log=trace".to_owned()];
    let mut server =
        TestServer::on(folders, Settings { binary: true, flags, ..Settings::default() }).await;
    let mut answers = String::new();
    for row in
        TABLE.iter().filter(|row| row.path() != "/events" && !row.path().starts_with("/docs"))
    {
        for (n, role) in ROLES.iter().enumerate() {
            let request = server.nobody().request(row.method(), &filled(row.path(), &IDS));
            let request = request.header("content-type", "application/json");
            let request = request.body(row.body().map_or(String::new(), |body| filled(body, &IDS)));
            let by = if n % 2 == 0 { By::Cookie } else { By::Bearer };
            answers += &send(shown(request, role, n, by)).await.text;
        }
    }
    for path in ["/health", "/metrics", "/admin/tracking", "/admin/deletion-queue"] {
        let request = server.nobody().request(Method::GET, path);
        answers += &send(shown(request, "admin", 59, By::Bearer)).await.text;
    }
    let (status, said) = server.stop_by("TERM");
    assert!(status.success() && said.lines().count() > 100, "{said}");
    let files = everything(&server.folders);
    let is_record = |path: &PathBuf| {
        let names = ["users.json", "sessions.json"];
        path.file_name().is_some_and(|name| names.contains(&name.to_str().unwrap()))
    };
    let kept: Vec<_> = files.iter().filter(|(path, _)| !is_record(path)).collect();
    assert!(kept.iter().any(|(path, _)| path.ends_with("tracking_events.json")), "{kept:?}");
    let tokens = ["parent-1", "parent-2", "admin-4", "another-parent-3"];
    let secrets = [PIN, CODE, &*hash, &*digest, "correct horse", "battery staple"];
    for secret in secrets.into_iter().chain(tokens) {
        // `docs` and the OpenAPI document contain an example of a password; no other response does.
        assert!(!answers.contains(secret) || secret == "correct horse", "{secret} was answered");
        assert!(!said.contains(secret), "{secret} is in the server's log");
        for (path, bytes) in &kept {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(secret), "{secret} is in {}", path.display());
        }
    }
}

/// A service manager may start the server with any umask.
#[tokio::test]
async fn files_are_private_whatever_the_umask() {
    let folders = Folders::new();
    let server_logs = folders.root().join("server-logs");
    let flag = format!("--server-log-dir={}", server_logs.display());
    let process = Process::start_after("umask 000", &folders, &[flag]).unwrap();
    let client = reqwest::Client::builder().cookie_store(true).no_proxy().build().unwrap();
    let post = async |path: &str, body: Value| -> Value {
        let request = client.post(format!("{}{path}", process.address)).json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    };
    let user = json!({
        "first_name": "N", "last_name": "N", "email": "n@example.org", "password": "correct horse",
    });
    post("/auth/signup", user).await;
    let child = post("/children", json!({"name": "N"})).await["child"]["id"].take();
    let task = post("/tasks", json!({"name": "N", "points": 5})).await["task"]["id"].take();
    let (child, task) = (child.as_str().unwrap(), task.as_str().unwrap());
    post(&activate_path(child, task), json!({})).await;
    post("/user/mark-for-deletion", json!({"password": "correct horse"})).await;
    let check = || {
        let mut waiting = vec![folders.data(), folders.logs(), server_logs.clone()];
        let mut count = 0;
        while let Some(path) = waiting.pop() {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, wanted, "{}: {mode:o}", path.display());
            if path.is_dir() {
                waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            count += 1;
        }
        assert!(count > 8, "only {count}");
    };
    check();
    assert!(process.stop("TERM").success());
    check();
}

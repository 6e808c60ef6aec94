//! What follows an export: a Flask service starts on it, and a deletion on the database stays one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::check::check;
use super::{exported, imported, run};
use crate::check::directory::flask;
use crate::harness::{DAY, Folders, Hand, Parent, Settings, TestServer, python_command, text};

/// Stands in for the Flask service; it is killed when this is dropped.
struct FlaskService(Child);

impl Drop for FlaskService {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

#[tokio::test]
async fn a_flask_service_starts_on_an_export() {
    let copy = exported(&imported(&flask()).0);
    let mut command = python_command("flask_stand_in.py");
    let child = command.arg(copy.data()).stdout(Stdio::piped()).spawn().unwrap();
    let mut service = FlaskService(child);
    let mut port = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let address = format!("http://127.0.0.1:{}/api", port.trim());
    let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let credentials = json!({"email": "parent1@example.org", "password": "correct horse 1"});
    let login = browser.post(format!("{address}/login")).json(&credentials).send().await.unwrap();
    assert_eq!(login.status(), 200);
    let children = browser.get(format!("{address}/children")).send().await.unwrap();
    let points = children.json::<Value>().await.unwrap()["points"].take();
    let (child, before) = points.as_object().unwrap().iter().next().unwrap();
    let (_, task) = copy.rows("tasks.json").swap_remove(0);
    let path = format!("{address}/child/{child}/trigger-task");
    let body = json!({"task_id": task["id"]});
    let answer = browser.post(path).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let after = copy.record("children.json", child)["points"].as_i64().unwrap();
    let added = if task["is_good"] == true { 1 } else { -1 } * task["points"].as_i64().unwrap();
    assert_eq!(after, before.as_i64().unwrap() + added);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_account_that_was_deleted_on_the_database_is_in_no_file() {
    let folders = flask();
    let before = folders.events();
    let (url, _) = imported(&folders);
    let (clock, machine) = Hand::new();
    let on_database = Folders::new();
    on_database.database.set(url.clone()).unwrap();
    let settings = Settings { machine, ..Settings::default() };
    let mut server = TestServer::on(on_database, settings).await;
    let parent = Parent::log_in(server.nobody(), "parent1@example.org", "correct horse 1").await;
    let password = json!({"password": "correct horse 1"});
    parent.post("/user/mark-for-deletion", password).await.expect(202);
    clock.forward(31 * DAY);
    let admin = Parent::log_in(server.nobody(), "parent0@example.org", "correct horse 0").await;
    let run_now = admin.act("/admin/deletion-queue/run").await.expect(200);
    assert_eq!(run_now["results"][0]["outcome"], "deleted", "{run_now}");
    server.stop().await;

    let (code, report) = check(&url);
    assert_eq!(code, 0, "{report:#}");
    let copy = exported(&url);
    let (code, report, error) = run(&copy, &["check", "data"]);
    assert_eq!(code, 0, "{report}{error}");
    for path in copy.data_files() {
        let file = std::fs::read_to_string(&path).unwrap();
        assert!(!file.contains(&parent.id) && !file.contains(&parent.email), "{}", path.display());
    }
    let anonymous = before.into_iter().map(|mut event| {
        if event["user_id"] == *parent.id {
            event["user_id"] = Value::Null;
        }
        text(&event["id"]) + &event.to_string()
    });
    let (mut expected, mut found): (Vec<_>, Vec<_>) = (
        anonymous.collect(),
        copy.events().iter().map(|event| text(&event["id"]) + &event.to_string()).collect(),
    );
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(expected.iter().any(|event| event.contains("\"user_id\":null")));
}

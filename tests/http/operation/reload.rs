//! SIGHUP makes a server without a terminal read its settings again.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;

use crate::harness::{
    Answer, Client, Folders, PASSWORD, Parent, Process, assert_error, eventually, names, send,
};

/// A server with a file of settings and daily files of its log.
struct Reloaded {
    folders: Folders,
    process: Process,
}

impl Reloaded {
    /// Starts it in a session of its own, so that it has no terminal, even if the test has one.
    fn start(settings: &str) -> Self {
        let folders = Folders::new();
        write(&folders, settings);
        let logs = format!("--server-log-dir={}", folders.root().join("server-log").display());
        let process = Process::start_after("exec setsid \"$0\" \"$@\"", &folders, &[logs]);
        Self { folders, process: process.expect("it starts") }
    }

    fn browser(&self) -> Client {
        Client::new(Arc::new(Mutex::new(self.process.address.clone())))
    }

    async fn sign_up(&self, email: &str) -> Answer {
        let account = json!({
            "first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD,
        });
        self.browser().post("/auth/signup", account).await
    }

    /// The newest daily file of its log.
    fn daily_file(&self) -> PathBuf {
        let folder = self.folders.root().join("server-log");
        let names = names(&folder);
        let name = names.iter().rfind(|name| name.starts_with("goldstar."));
        folder.join(name.expect("a daily file"))
    }

    /// Makes it read these settings, and waits until its log contains `said` once more.
    async fn reload(&self, settings: &str, said: &str) {
        write(&self.folders, settings);
        let count = || fs::read_to_string(self.daily_file()).unwrap().matches(said).count();
        let before = count();
        self.process.signal("HUP");
        eventually(said, async || (count() > before).then_some(())).await;
    }
}

fn write(folders: &Folders, settings: &str) {
    fs::write(folders.root().join("goldstar.toml"), settings).unwrap();
}

async fn allowed_origin(client: &Client) -> String {
    let request = client.request(Method::GET, "/health").header("Origin", "https://a.example.org");
    send(request).await.header("access-control-allow-origin").to_owned()
}

const READ: &str = "the settings were read again";
const REFUSED: &str = "the settings could not be read again";

#[tokio::test]
async fn settings_are_read_again_while_the_server_runs() {
    let server = Reloaded::start("server_log = \"info\"\n");
    let parent = Parent::sign_up(server.browser()).await;
    let (child, task) = (parent.child("Mía", 5).await, parent.task("Task", 5).await);
    let mut stream = parent.events("/events").await;
    assert_eq!(allowed_origin(&parent).await, "");

    let settings = "signup = \"closed\"\nchildren_per_family = 1\nlog_backups = 3\n\
                    allowed_origins = [\"https://a.example.org\"]\n";
    server.reload(settings, READ).await;
    assert_error(&server.sign_up("b@example.org").await, 403, "SIGNUP_CLOSED");
    let another = parent.post("/children", json!({"name": "Leo"})).await;
    assert_error(&another, 409, "FAMILY_LIMIT_REACHED");
    // This client's connections, and its stream, are older than the new settings.
    assert_eq!(allowed_origin(&parent).await, "https://a.example.org");
    parent.activate(&child, &task).await.expect(200);
    assert_eq!(stream.next().await.event, "tracking_event_created");
    eventually("the warning", async || {
        let log = fs::read_to_string(server.daily_file()).unwrap();
        log.contains("need_restart=[\"log_backups\"]").then_some(())
    })
    .await;

    write(&server.folders, "server_log = \"error\"\n");
    server.process.signal("HUP");
    eventually("open sign-ups", async || {
        (server.sign_up("c@example.org").await.status == 201).then_some(())
    })
    .await;
    parent.get("/rewards").await.expect(200);
    let path = server.daily_file();
    let (status, _) = server.process.stop_and_read("TERM");
    assert!(status.success());
    // The file is complete after the stop.
    let log = fs::read_to_string(path).unwrap();
    assert!(log.contains("route=/tasks") && !log.contains("route=/rewards"), "{log}");
}

#[tokio::test]
async fn a_wrong_setting_changes_nothing() {
    let server = Reloaded::start("signup = \"closed\"\n");
    for wrong in [
        "signup = \"open\"\nchildren_per_family = -1\n",
        "signup = \"open\"\nno_such_setting = 1\n",
        "signup = \"open\"\nlog_backups = \"many\"\n",
        "signup = ",
    ] {
        server.reload(wrong, REFUSED).await;
        assert_error(&server.sign_up("b@example.org").await, 403, "SIGNUP_CLOSED");
    }
    server.reload("signup = \"open\"\n", READ).await;
    server.sign_up("b@example.org").await.expect(201);
}

#[tokio::test]
async fn a_changed_limit_of_attempts_counts_from_zero() {
    let server = Reloaded::start("logins_per_address = 1\n");
    let log_in = async || {
        let body = json!({"email": "a@example.org", "password": PASSWORD});
        server.browser().post("/auth/login", body).await.status
    };
    assert_eq!([log_in().await, log_in().await], [401, 429]);
    server.reload("logins_per_address = 1\nsignup = \"closed\"\n", READ).await;
    assert_eq!(log_in().await, 429, "an unchanged limit");
    server.reload("logins_per_address = 2\n", READ).await;
    assert_eq!([log_in().await, log_in().await, log_in().await], [401, 401, 429]);
}

#[tokio::test]
async fn the_log_continues_in_a_new_file_if_its_file_was_moved() {
    let server = Reloaded::start("");
    let path = server.daily_file();
    fs::rename(&path, path.with_file_name("moved")).unwrap();
    server.process.signal("HUP");
    let read = || fs::read_to_string(&path).unwrap_or_default();
    eventually("the new file", async || read().contains(READ).then_some(())).await;
}

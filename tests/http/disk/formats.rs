//! The directory of an older version without `format.json`, and that of a newer one.

use std::fs;
use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Client, Events, Folders, HOUR, Hand, Settings, TestServer, activate_path, event_ids, goldstar,
    log_in, names, reward_path, send, text,
};

/// The directory that Goldstar 0.1.0 left when it was killed, and its responses.
fn older_directory() -> (Folders, Value) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/older-directory");
    let folders = Folders::new();
    for folder in ["data", "data/journal", "logs"] {
        fs::create_dir(folders.root().join(folder)).unwrap();
        for name in names(&fixture.join(folder)) {
            let (from, to) = (fixture.join(folder).join(&name), folders.root().join(folder));
            if from.is_file() {
                fs::copy(from, to.join(name)).unwrap();
            }
        }
    }
    let expected = fs::read_to_string(fixture.join("expected.json")).unwrap();
    (folders, serde_json::from_str(&expected).unwrap())
}

/// A server on it, some minutes after the kill: idempotency keys are valid for a day, the session
/// for 30.
async fn on_older_directory() -> (TestServer, Value) {
    const KILLED_AT: i64 = 1_795_867_901_565_887;
    let (hand, machine) = Hand::new();
    hand.jump(KILLED_AT - machine.clock.now().as_micros() + HOUR / 10);
    let (folders, expected) = older_directory();
    let server = TestServer::on(folders, Settings { machine, ..Settings::default() }).await;
    (server, expected)
}

/// A browser with a session of the older version.
struct Browser {
    client: Client,
    cookie: String,
}

impl Browser {
    fn of(server: &TestServer, expected: &Value) -> Self {
        Self { client: server.nobody(), cookie: text(&expected["cookie"]) }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, path).header("Cookie", &self.cookie)
    }

    async fn get(&self, path: &str) -> Value {
        send(self.request(Method::GET, path)).await.expect(200)
    }

    async fn events_after(&self, id: &str) -> Events {
        Events::open(self.request(Method::GET, "/events").header("Last-Event-ID", id)).await
    }
}

#[tokio::test]
async fn an_older_directory_opens_with_all_its_records() {
    let (mut server, expected) = on_older_directory().await;
    let browser = Browser::of(&server, &expected);
    let mut user = browser.get("/auth/me").await["user"].take();
    assert_eq!(user.as_object_mut().unwrap().remove("language"), Some(Value::Null));
    assert_eq!(user, expected["user"]);
    let child = text(&expected["child"]["id"]);
    let mut children = browser.get("/children").await["children"].take();
    let fields = children[0].as_object_mut().unwrap();
    for field in ["colour", "goal_reward_id"] {
        assert_eq!(fields.remove(field), Some(Value::Null), "{field}");
    }
    let reward = browser.get("/rewards").await["rewards"][0].take();
    assert_eq!(fields.remove("reserved"), Some(reward["cost"].clone()), "of its request");
    assert_eq!(children, json!([expected["child"]]));
    let tracking = browser.get(&format!("/children/{child}/tracking?order=asc")).await;
    assert_eq!(tracking["tracking_events"], expected["events"]);
    let tasks = browser.get("/tasks").await;
    assert_eq!(tasks["tasks"][0]["id"], expected["task_id"]);
    assert_eq!(tasks["tasks"][1]["id"], expected["penalty_id"]);
    assert_eq!(browser.get("/rewards").await["rewards"][0]["id"], expected["reward_id"]);
    let pending = browser.get("/rewards/pending").await;
    assert_eq!(pending["pending_rewards"][0]["reward_id"], expected["reward_id"]);

    let (email, password) = (text(&expected["user"]["email"]), text(&expected["password"]));
    log_in(&server.nobody(), &email, &password).await.expect(200);
    server.stop().await;
    let format = server.folders.json("journal/format.json");
    assert_eq!(format, json!({"format": 2, "version": env!("CARGO_PKG_VERSION")}));
    let events = expected["events"].as_array().unwrap();
    assert_eq!(&server.folders.events(), events);
    let ids: Vec<String> = events.iter().map(|event| text(&event["id"])).collect();
    let logged = server.folders.log_lines(&text(&expected["user"]["id"]));
    assert_eq!(event_ids(&logged), ids, "each event has its line once, in order");
}

#[tokio::test]
async fn stream_ids_and_keys_of_an_older_version_stay_valid() {
    let (server, expected) = on_older_directory().await;
    let browser = Browser::of(&server, &expected);
    let events = expected["events"].as_array().unwrap();
    let mut stream = browser.events_after("2").await;
    for (position, frame) in (2..).zip(stream.take(3).await) {
        assert_eq!(frame.id, (position + 1).to_string());
        assert_eq!(frame.event_id(), text(&events[position]["id"]));
    }

    let child = text(&expected["child"]["id"]);
    let activate = activate_path(&child, &text(&expected["task_id"]));
    let penalty = activate_path(&child, &text(&expected["penalty_id"]));
    let key = text(&expected["key"]);
    let once = async |path: &str, key: &str| {
        send(browser.request(Method::POST, path).header("Idempotency-Key", key)).await
    };
    let repeated = once(&activate, &key).await;
    assert_eq!(repeated.header("Idempotent-Replayed"), "true");
    let event = &repeated.expect(200)["tracking_event"];
    assert_eq!(event, &expected["keyed"]["tracking_event"]);
    let repeated = once(&penalty, &text(&expected["older_key"])).await;
    assert_eq!(repeated.header("Idempotent-Replayed"), "true");
    assert_eq!(repeated.expect(200)["tracking_event"], events[1]);
    assert_eq!(once(&penalty, &key).await.expect(422)["code"], "IDEMPOTENCY_KEY_REUSED");

    let reward = text(&expected["reward_id"]);
    let redeemed = send(browser.request(Method::POST, &reward_path(&child, &reward, "redeem")));
    let redeemed = redeemed.await.expect(200);
    assert_eq!(redeemed["child"]["points"], 20);
    let frame = stream.next().await;
    assert_eq!(frame.id, "6");
    assert_eq!(frame.event_id(), text(&redeemed["tracking_event"]["id"]));
}

/// Runs a command to its end, and checks that it changes nothing in the data directory.
fn refused(folders: &Folders, arguments: &[&str]) -> (Option<i32>, String) {
    let contents = || folders.data_files().into_iter().map(|path| (fs::read(&path).unwrap(), path));
    let is_locked = |path: &Path| path.ends_with(".goldstar.lock");
    let unlocked = || contents().filter(|(_, path)| !is_locked(path)).collect::<Vec<_>>();
    let before = unlocked();
    let Output { status, stderr, .. } = goldstar(folders.root()).args(arguments).output().unwrap();
    assert_eq!(unlocked(), before, "{arguments:?} changed something");
    (status.code(), String::from_utf8(stderr).unwrap())
}

const COMMANDS: [(&[&str], i32); 4] = [
    (&["serve", "--data-dir", "data", "--log-dir", "logs", "--listen", "127.0.0.1:0"], 78),
    (&["checkpoint", "--data-dir", "data"], 78),
    (&["check", "data"], 1),
    (&["salvage", "data", "--out", "new"], 1),
];

#[test]
fn a_newer_format_is_refused_and_named() {
    let (folders, _) = older_directory();
    folders.put("journal/format.json", r#"{"format": 3, "version": "7.3.0", "since": "2031"}"#);
    for (arguments, code) in COMMANDS {
        let (status, error) = refused(&folders, arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {error}");
        let own = concat!("Goldstar ", env!("CARGO_PKG_VERSION"), ", which reads formats up to 2");
        for part in ["format 3, which Goldstar 7.3.0 wrote", own, "Start Goldstar 7.3.0"] {
            assert!(error.contains(part), "{arguments:?}: {error}");
        }
        assert!(!folders.root().join("new").exists());
    }
}

#[test]
fn an_unreadable_format_is_damage() {
    for contents in ["", "{\"format\": 1", "{\"format\": \"1\"}"] {
        let (folders, _) = older_directory();
        folders.put("journal/format.json", contents);
        let (status, error) = refused(&folders, COMMANDS[0].0);
        assert_eq!(status, Some(78), "{error}");
        assert!(error.contains("format.json is damaged from byte 0 on"), "{error}");
        let output = goldstar(folders.root()).args(["check", "data", "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(78));
        assert_eq!(report["findings"][0]["code"], "format_unreadable");
        assert_eq!(report["findings"][0]["file"], "journal/format.json");
        let mut salvage = goldstar(folders.root());
        salvage.args(["salvage", "data", "--out", "new"]);
        assert!(matches!(salvage.status().unwrap().code(), Some(0 | 3)));
    }
}

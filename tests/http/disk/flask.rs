//! The directory of a real Flask service: it needs no conversion, and TinyDB and werkzeug can read
//! it afterwards.

use serde_json::{Value, json};

use crate::harness::{
    Folders, PASSWORD, Parent, Settings, TestServer, activate_path, hash_as_for_users, python, text,
};

const TABLES: [&str; 8] = [
    "users.json",
    "children.json",
    "tasks.json",
    "rewards.json",
    "pending_rewards.json",
    "tracking_events.json",
    "sessions.json",
    "idempotency_keys.json",
];

pub(super) async fn on_flask_data() -> TestServer {
    let folders = Folders::new();
    folders.put_flask_data();
    TestServer::on(folders, Settings { configure: hash_as_for_users, ..Settings::default() }).await
}

pub(super) async fn parent(server: &TestServer, n: usize) -> Parent {
    let (email, password) = (format!("parent{n}@example.org"), format!("correct horse {n}"));
    Parent::log_in(server.nobody(), &email, &password).await
}

/// Every row of every file, as TinyDB reads it.
fn tables(folders: &Folders) -> Value {
    let output = python("read_tables.py", &[&folders.data()], "");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn everyone_can_log_in_with_werkzeugs_hashes() {
    let server = on_flask_data().await;
    for n in 0..3 {
        let parent = parent(&server, n).await;
        let children = parent.get("/children").await.expect(200);
        assert!(!children["children"].as_array().unwrap().is_empty());
    }
    let admin = parent(&server, 0).await;
    let found = admin.get("/admin/tracking").await.expect(200);
    assert_eq!(found["total"], server.folders.events().len());
}

/// The older service's field `timezone` is the default, and stays as it is.
#[tokio::test]
async fn a_family_keeps_its_time_zone() {
    let mut server = on_flask_data().await;
    let parent = parent(&server, 1).await;
    let path = "/family/settings";
    let found = parent.get(path).await.expect(200);
    assert_eq!(found["time_zone"], "Europe/Berlin");
    let change =
        json!({"time_zone": "Asia/Tokyo", "pauses": [{"from": "2026-08-01", "to": "2026-08-14"}]});
    let changed = parent.put(path, change.clone()).await.expect(200);
    assert_eq!(
        (&changed["time_zone"], &changed["default_time_zone"]),
        (&json!("Asia/Tokyo"), &json!("Europe/Berlin"))
    );
    server.stop().await;
    let row = server.folders.record("user_details.json", &parent.id);
    assert_eq!((&row["time_zone"], &row["pauses"]), (&change["time_zone"], &change["pauses"]));
    assert_eq!(server.folders.record("users.json", &parent.id)["timezone"], "Europe/Berlin");
    server.start_again().await;
    assert_eq!(parent.get(path).await.expect(200), changed);
}

#[tokio::test]
async fn a_start_and_a_stop_change_no_row() {
    let folders = Folders::new();
    folders.put_flask_data();
    let before = tables(&folders);
    let mut server = TestServer::on(folders, Settings::default()).await;
    server.stop().await;
    let after = tables(&server.folders);
    for (name, rows) in before.as_object().unwrap() {
        assert_eq!(&after[name], rows, "{name}");
    }
}

#[tokio::test]
async fn tinydb_reads_every_file_after_a_stop() {
    let mut server = on_flask_data().await;
    let before = tables(&server.folders);
    let parent = parent(&server, 1).await;
    let own = parent.get("/children").await.expect(200);
    let child = text(&own["children"][0]["id"]);
    let task = parent.task("Zähne putzen \u{1faa5}", 5).await;
    let path = activate_path(&child, &task);
    let answer = parent.act_once(&path, "a key").await.expect(200);
    server.stop().await;

    let after = tables(&server.folders);
    for name in TABLES {
        assert!(after.get(name).is_some(), "{name} is no TinyDB file");
    }
    let numbers = |tables: &Value, name: &str| -> Vec<u64> {
        let rows = tables[name]["_default"].as_object().unwrap();
        rows.keys().map(|number| number.parse().unwrap()).collect()
    };
    let events = numbers(&after, "tracking_events.json");
    let last = numbers(&before, "tracking_events.json").into_iter().max().unwrap();
    let row = &after["tracking_events.json"]["_default"][(last + 1).to_string()];
    assert_eq!(row, &answer["tracking_event"]);
    assert_eq!(events.len(), numbers(&before, "tracking_events.json").len() + 1);
    let children = after["children.json"]["_default"].as_object().unwrap();
    let row = children.values().find(|row| row["id"] == *child).unwrap();
    assert_eq!(row["points"], answer["child"]["points"]);
    assert_eq!(row["favourite_colour"], "green", "a field of another program");
    let images = &after["images.json"];
    assert_eq!(images, &before["images.json"]);
}

#[tokio::test]
async fn flask_can_continue_and_then_goldstar() {
    let mut server = on_flask_data().await;
    let user = parent(&server, 1).await;
    let own = user.get("/children").await.expect(200);
    let child = text(&own["children"][0]["id"]);
    let task = user.task("Homework", 15).await;
    user.activate(&child, &task).await.expect(200);
    server.stop().await;

    let mut event = server.folders.events().pop().unwrap();
    event["id"] = "written-by-flask".into();
    event["occurred_at"] = "2031-01-01T00:00:00Z".into();
    event["created_at"] = "2031-01-01T00:00:00Z".into();
    let file = server.folders.data_file("tracking_events.json");
    let output = python("append_event.py", &[&file], &event.to_string());
    assert!(output.status.success());
    let number: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();

    server.start_again().await;
    let admin = parent(&server, 0).await;
    let newest = admin.get_with("/admin/tracking", &[("limit", "1")]).await.expect(200);
    assert_eq!(newest["tracking_events"], json!([event]));
    user.activate(&child, &task).await.expect(200);
    let (last, _) = server.folders.rows("tracking_events.json").pop().unwrap();
    assert_eq!(last, number + 1);
}

#[tokio::test]
async fn werkzeug_verifies_a_new_password() {
    let mut server = on_flask_data().await;
    let signed_up = server.parent().await;
    let changed = parent(&server, 2).await;
    let change = json!({"current_password": "correct horse 2", "new_password": "żółw i kot"});
    let answer = changed.put("/auth/password", change).await;
    assert!(matches!(answer.status, 200 | 204), "{}", answer.text);
    server.stop().await;
    for (id, password) in [(&signed_up.id, PASSWORD), (&changed.id, "żółw i kot")] {
        let hash = text(&server.folders.record("users.json", id)["password"]);
        let check =
            |password: &str| python("check_password.py", &[], &format!("{hash}\n{password}"));
        assert!(check(password).status.success(), "{hash}");
        assert!(!check("another password").status.success(), "{hash}");
    }
}

#[tokio::test]
async fn pending_requests_of_an_older_file_can_be_redeemed() {
    let server = on_flask_data().await;
    let user = parent(&server, 0).await;
    let pending = user.get("/rewards/pending").await.expect(200);
    let request = &pending["pending_rewards"][0];
    let (child, reward) = (text(&request["child_id"]), text(&request["reward_id"]));
    assert_eq!(request["child_name"], "Mía");
    let answer = user.redeem(&child, &reward).await.expect(200);
    assert_eq!(answer["child"]["points"], 43, "63 less 20");
    let pending = user.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"], json!([]));
}

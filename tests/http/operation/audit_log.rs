//! The audit log: one line per event, one file per account, rotated by size.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Map, json};
use sha2::{Digest, Sha256};

use crate::harness::{
    Folders, Settings, TestServer, activate_path, event_ids, eventually, forbidden, logfmt, names,
    send, text,
};

#[tokio::test]
async fn each_event_has_one_line_in_its_accounts_file() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(text(&family.event().await["id"]));
        other.event().await;
    }
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), own);
    assert_eq!(server.folders.log_lines(&other.parent.id).len(), 3);
    assert_eq!(names(&server.folders.logs()).len(), 2);
    let path = server.folders.log_path(&family.parent.id);
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_line_has_its_fields_in_the_documented_order() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let event = family.event().await;
    let line = server.folders.log_lines(&family.parent.id).remove(0);
    let mut words = line.split(' ');
    assert_eq!(words.next().unwrap(), text(&event["created_at"]));
    assert_eq!(words.next().unwrap(), "INFO");
    let keys: Vec<&str> = words.map(|word| word.split('=').next().unwrap()).collect();
    let documented = [
        "event_id",
        "user_id",
        "child_id",
        "entity_type",
        "entity_id",
        "action",
        "points_before",
        "points_after",
        "delta",
        "occurred_at",
    ];
    assert_eq!(keys, documented, "{line}");
}

#[tokio::test]
async fn a_log_is_rotated_before_it_reaches_the_size() {
    let settings = Settings { log_max_bytes: 2000, log_backups: 3, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let family = server.family().await;
    for _ in 0..30 {
        family.event().await;
    }
    server.folders.log_lines(&family.parent.id);
    let name = format!("tracking_user_{}.log", family.parent.id);
    let expected: Vec<String> = ["", ".1", ".2", ".3"].map(|end| format!("{name}{end}")).into();
    assert_eq!(names(&server.folders.logs()), expected);
    for name in expected {
        let size = fs::metadata(server.folders.logs().join(&name)).unwrap().len();
        assert!(size < 2000, "{name} has {size} bytes");
    }
    // The oldest lines were removed with the oldest file; the others are complete and in order.
    let kept = event_ids(&server.folders.log_lines(&family.parent.id));
    let all: Vec<String> = server.folders.events().iter().map(|event| text(&event["id"])).collect();
    assert!(kept.len() < all.len());
    assert_eq!(kept, all[all.len() - kept.len()..]);
}

#[tokio::test]
async fn rotation_continues_after_a_restart_and_loses_no_line() {
    let settings = Settings { log_max_bytes: 1500, log_backups: 50, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let family = server.family().await;
    for _ in 0..4 {
        for _ in 0..5 {
            family.event().await;
        }
        server.restart().await;
    }
    let all: Vec<String> = server.folders.events().iter().map(|event| text(&event["id"])).collect();
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), all);
    assert!(names(&server.folders.logs()).len() > 3);
}

/// An account, a child and a task with ids that could be paths or forge lines.
fn put_hostile_family(folders: &Folders, id: &str) {
    TestServer::put_admin(folders);
    let mut users = folders.json("users.json");
    let mut user = users["_default"]["1"].clone();
    (user["id"], user["email"]) = (id.into(), "mallory@example.org".into());
    users["_default"]["2"] = user;
    folders.put("users.json", &users.to_string());
    let child = json!({"id": "c", "user_id": id, "name": "a\nb", "age": 1, "points": 0});
    folders.put("children.json", &json!({"_default": {"1": child}}).to_string());
    let task = json!({"id": "t", "user_id": id, "name": "x\r\ny", "points": 5, "is_good": true});
    folders.put("tasks.json", &json!({"_default": {"1": task}}).to_string());
}

#[tokio::test]
async fn hostile_ids_stay_in_the_folder_and_in_their_line() {
    for id in [
        "../../../escaped",
        "..",
        "/absolute",
        "a/b",
        "line\nbreak\r\u{1b}[31m delta=9",
        "\u{2028}\u{85}\"quote\\",
        &"long".repeat(100),
    ] {
        let folders = Folders::new();
        put_hostile_family(&folders, id);
        let server = TestServer::on(folders, Settings::default()).await;
        let browser = server.nobody();
        let (email, password) = ("mallory@example.org", "correct horse 0");
        crate::harness::log_in(&browser, email, password).await.expect(200);
        browser.activate("c", "t").await.expect(200);

        let files = eventually("the line", async || {
            let files = names(&server.folders.logs());
            let path = server.folders.logs().join(files.first()?);
            fs::read_to_string(path).unwrap().ends_with('\n').then_some(files)
        })
        .await;
        assert_eq!(files.len(), 1, "{id:?}: {files:?}");
        assert!(files[0].starts_with("tracking_user_"), "{files:?}");
        let root = server.folders.data();
        assert_eq!(names(root.parent().unwrap()), ["data", "logs"], "{id:?}");
        let log = fs::read_to_string(server.folders.logs().join(&files[0])).unwrap();
        let line = log.strip_suffix('\n').unwrap();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let fields = logfmt(line);
        assert_eq!((&*fields["user_id"], &*fields["delta"]), (id, "5"));
    }
}

/// Creates `count` accounts, each with a child, a task and a session whose token is its number.
fn put_accounts(folders: &Folders, count: u64) {
    let (mut users, mut children) = (Map::new(), Map::new());
    let (mut tasks, mut sessions) = (Map::new(), Map::new());
    for n in 0..count {
        let (row, user_id) = ((n + 1).to_string(), format!("user-{n}"));
        let user = json!({
            "id": user_id, "first_name": "Zoë", "last_name": "Example", "role": "parent",
            "email": format!("{n}@example.org"), "password": "",
        });
        users.insert(row.clone(), user);
        let child = json!({"id": format!("c{n}"), "user_id": user_id, "name": "Mía", "points": 0});
        children.insert(row.clone(), child);
        let task = json!({
            "id": format!("t{n}"), "user_id": user_id, "name": "Homework", "points": 5,
            "is_good": true,
        });
        tasks.insert(row.clone(), task);
        let digest = Sha256::digest(n.to_string());
        let hash = digest.iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
        let session = json!({
            "token_sha256": hash, "user_id": user_id, "child_id": null, "created_at": 1.8e9,
            "last_used_at": 1.8e9, "expires_at": 4e9,
        });
        sessions.insert(row, session);
    }
    for (name, rows) in [
        ("users.json", users),
        ("children.json", children),
        ("tasks.json", tasks),
        ("sessions.json", sessions),
    ] {
        folders.put(name, &json!({"_default": rows}).to_string());
    }
}

#[tokio::test]
async fn many_accounts_do_not_need_many_open_files() {
    const COUNT: u64 = 400;
    if !Path::new("/proc/self/fd").exists() {
        return forbidden("many_accounts_do_not_need_many_open_files: there is no /proc");
    }
    let folders = Folders::new();
    put_accounts(&folders, COUNT);
    let settings = Settings { binary: true, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let browser = server.nobody();
    for _ in 0..2 {
        for n in 0..COUNT {
            let path = activate_path(&format!("c{n}"), &format!("t{n}"));
            let request = browser.request(reqwest::Method::POST, &path).bearer_auth(n);
            send(request).await.expect(200);
        }
    }
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let open = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let logs = open.filter(|path| path.starts_with(server.folders.logs())).count();
    assert!(logs <= 200, "{logs} open logs");
    for n in 0..COUNT {
        let lines = server.folders.log_lines(&format!("user-{n}"));
        assert_eq!(lines.len(), 2, "user-{n}");
    }
}

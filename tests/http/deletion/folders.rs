//! Copies of a server's folders, and searches in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use goldstar::disk::SOCKET;
use serde_json::{Value, json};

use crate::harness::{Folders, TestServer};

/// Copies the folders of a server that may be running. Files that are removed in the meantime are
/// omitted.
pub(crate) fn copy_of(folders: &Folders) -> Folders {
    let copy = Folders::new();
    for path in files(folders) {
        let to = copy.root().join(path.strip_prefix(folders.root()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        match fs::copy(&path, to) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
    copy
}

/// Every file of both folders, including subfolders, without the socket for commands.
pub(crate) fn files(folders: &Folders) -> Vec<PathBuf> {
    let (mut open, mut files) = (vec![folders.data(), folders.logs()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if !path.ends_with(SOCKET) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The files whose bytes or names contain a text, as it is or as JSON. A file that a running server
/// renames in the meantime may be missed.
pub(crate) fn holders(folders: &Folders, text: &str) -> Vec<String> {
    let forms = [text.to_owned(), escaped(text)];
    let holds = |path: &Path| {
        let bytes = match fs::read(path) {
            // A running server has renamed or removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => return false,
            bytes => bytes.unwrap(),
        };
        let found = |form: &String| {
            let form = form.as_bytes();
            bytes.windows(form.len()).any(|window| window == form)
                || path.to_string_lossy().as_bytes().windows(form.len()).any(|part| part == form)
        };
        forms.iter().any(found)
    };
    let files = files(folders);
    let name = |path: &PathBuf| path.strip_prefix(folders.root()).unwrap().display().to_string();
    files.iter().filter(|path| holds(path)).map(name).collect()
}

/// A text in ASCII, as Python's JSON writes it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ b' '..=b'~') => escaped.push(char::from(byte)),
            _ => escaped.extend(format!("\\u{unit:04x}").chars()),
        }
    }
    escaped
}

/// The fields of an account that was marked at that time.
pub(crate) fn marked(at: &str) -> Value {
    json!({"marked_for_deletion": true, "marked_for_deletion_at": at})
}

/// Writes accounts as an older service would: the administrator's, and one for each entry, with
/// these additional fields. They have the administrator's password.
pub(crate) fn put_users(folders: &Folders, users: &[(impl AsRef<str>, Value)]) {
    TestServer::put_admin(folders);
    let mut file = folders.json("users.json");
    for (number, (id, fields)) in (2..).zip(users) {
        let id = id.as_ref();
        let mut user = file["_default"]["1"].clone();
        user["id"] = id.into();
        user["email"] = format!("{id}@example.org").into();
        user["role"] = "parent".into();
        for (name, value) in fields.as_object().unwrap() {
            user[name] = value.clone();
        }
        file["_default"][format!("{number}")] = user;
    }
    folders.put("users.json", &file.to_string());
}

/// Changes the row of an account in the folders of a stopped server, as an operator would.
pub(crate) fn edit_user(folders: &Folders, id: &str, edit: impl Fn(&mut Value)) {
    let mut file = folders.json("users.json");
    let rows = file["_default"].as_object_mut().unwrap();
    let row = rows.values_mut().find(|row| row["id"] == id).unwrap();
    edit(row);
    folders.put("users.json", &file.to_string());
}

/// Writes a child, a task and a number of events for each account, as an older service would.
pub(crate) fn put_histories(folders: &Folders, accounts: &[String], events: usize) {
    let (mut children, mut tasks) = (json!({"_default": {}}), json!({"_default": {}}));
    let mut history = json!({"_default": {}});
    let mut row = 0;
    for (number, id) in (1..).zip(accounts) {
        let (child, task) = (format!("child-{number}"), format!("task-{number}"));
        children["_default"][format!("{number}")] =
            json!({"id": child, "user_id": id, "name": "Mía", "age": 7, "points": events});
        tasks["_default"][format!("{number}")] =
            json!({"id": task, "user_id": id, "name": "Read", "points": 1, "is_good": true});
        for points in 0..events {
            row += 1;
            history["_default"][format!("{row}")] = json!({
                "id": format!("event {row}"), "user_id": id, "child_id": child,
                "entity_type": "task", "entity_id": task, "action": "activated",
                "points_before": points, "points_after": points + 1, "delta": 1,
                "occurred_at": "2026-01-05T11:11:44Z", "created_at": "2026-01-05T11:11:44Z",
                "metadata": {"name": "Read", "points": 1, "actor": "parent"},
            });
        }
    }
    folders.put("children.json", &children.to_string());
    folders.put("tasks.json", &tasks.to_string());
    folders.put("tracking_events.json", &history.to_string());
}

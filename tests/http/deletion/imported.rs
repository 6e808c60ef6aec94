//! Accounts with ids and rows of an older service: other ids than UUIDs, and rows in other forms.

use std::fs;

use serde_json::{Value, json};

use super::folders::{files, holders, marked, put_histories, put_users};
use super::{deleted, run, unscheduled};
use crate::harness::{
    DAY, Folders, Hand, Settings, TestServer, activate_path, eventually, log_in, names,
};

const CANARY: &str = "canary";

/// Deletes that account of an older service, with events and logs from before and after the move.
/// Returns the folders.
async fn without(id: &str) -> Folders {
    let folders = Folders::new();
    put_users(&folders, &[(id, json!({"email": "leaving@example.org"}))]);
    put_histories(&folders, &[id.to_owned()], 30);
    let (clock, machine) = Hand::new();
    let settings =
        Settings { machine, configure: unscheduled, log_max_bytes: 2000, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    let browser = server.nobody();
    log_in(&browser, "leaving@example.org", "correct horse 0").await.expect(200);
    for _ in 0..30 {
        browser.act(&activate_path("child-1", "task-1")).await.expect(200);
    }
    eventually("rotated logs", async || (names(&server.folders.logs()).len() > 2).then_some(()))
        .await;
    let body = json!({"password": "correct horse 0"});
    browser.post("/user/mark-for-deletion", body).await.expect(202);
    let admin = server.admin().await;
    super::set_threshold(&admin, 24).await;
    clock.forward(DAY);
    assert_eq!(run(&admin).await, [deleted(id)]);
    server.stop().await;
    server.folders.clone()
}

#[tokio::test]
async fn ids_of_every_form_are_deleted() {
    for id in [
        "canary",
        "canary/../../canary",
        "canary\n\"canary\" 100%\u{1b}é\u{2028}\u{1f600}",
        &"canary".repeat(60),
        "q",
        "8",
    ] {
        let folders = without(id).await;
        if id.contains(CANARY) {
            assert_eq!(holders(&folders, CANARY), [""; 0], "{id:?}");
        }
        assert_eq!(names(&folders.logs()), ["account_deletion.log"], "{id:?}");
        let events = folders.events();
        assert_eq!(events.len(), 60, "{id:?}");
        assert!(events.iter().all(|event| event["user_id"].is_null()), "{id:?}");
    }
}

/// The same file with one field of one row changed.
fn edit_event(folders: &Folders, row: &str, edit: impl Fn(&mut Value)) {
    let mut file = folders.json("tracking_events.json");
    edit(&mut file["_default"][row]);
    folders.put("tracking_events.json", &serde_json::to_string_pretty(&file).unwrap());
}

#[tokio::test]
async fn data_of_other_programs_stays_unchanged() {
    let folders = Folders::new();
    let id = "canary-id".to_owned();
    put_users(&folders, &[(id.clone(), marked("2026-01-01T00:00:00Z"))]);
    put_histories(&folders, std::slice::from_ref(&id), 3);
    let metadata = json!({"user_id": "canary-id", "note": "said by canary-id@example.org"});
    edit_event(&folders, "2", |event| event["metadata"] = metadata.clone());
    edit_event(&folders, "3", |event| event["comment"] = "canary-id".into());
    let images = r#"{"_default": {"1": {"id": "img", "user_id": "canary-id"}}}"#;
    folders.put("images.json", images);
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    // Nobody is deleted during the first 24 hours.
    clock.forward(DAY);
    run(&server.admin().await).await;
    server.stop().await;
    let folders = &server.folders;
    assert_eq!(holders(folders, &id), ["data/images.json", "data/tracking_events.json"]);
    let events = folders.events();
    assert!(events.iter().all(|event| event["user_id"].is_null()), "{events:?}");
    assert_eq!((&events[1]["metadata"], &events[2]["comment"]), (&metadata, &json!(id)));
    assert_eq!(fs::read_to_string(folders.data_file("images.json")).unwrap(), images);
    assert!(files(folders).iter().all(|path| !path.to_string_lossy().contains(&id)));
}

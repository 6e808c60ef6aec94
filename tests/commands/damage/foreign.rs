//! Another program has written after Goldstar was killed: its changes and the journal are merged.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::bases::{
    CHILD, KEY, copy_of, create_once, first_parent, flask, killed, report_of, rows, tables,
};
use super::corpus::change;
use super::examine::{Examined, examine};
use crate::harness::{Folders, Settings, TestServer, activate_path, eventually, python};

const EVENTS: &str = "tracking_events.json";
const TASK: &str = "9531985d-5d9d-49f8-9818-e811892f902b";

/// Appends an event to the tracking file with TinyDB; returns its number.
fn append_event(folders: &Folders, id: &str, occurred_at: &str) -> u64 {
    let event = json!({
        "id": id, "user_id": "6513270e-269e-4d37-b2a7-4de452e6b438", "child_id": CHILD,
        "entity_type": "task", "entity_id": TASK, "action": "activated", "points_before": 1,
        "points_after": 6, "delta": 5, "occurred_at": occurred_at, "created_at": occurred_at,
        "metadata": null,
    });
    let path = folders.data().join(EVENTS);
    let output = python("append_event.py", &[&path], &event.to_string());
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn update(folders: &Folders, file: &str, id: &str, fields: &Value) {
    let path = folders.data().join(file);
    let output = python("update_row.py", &[&path, Path::new(id)], &fields.to_string());
    assert!(output.status.success(), "{output:?}");
}

/// Resets the tracking file to the checkpoint, as if nothing had been written since.
fn take_back(folders: &Folders) {
    let checkpoint = fs::read(folders.data().join("journal/checkpoint.json")).unwrap();
    let checkpoint: Value = serde_json::from_slice(&checkpoint).unwrap();
    let len = usize::try_from(checkpoint["tracking_len"].as_u64().unwrap()).unwrap();
    change(folders, EVENTS, |bytes| {
        bytes.truncate(len);
        bytes.extend(b"}}");
    });
}

fn ids_in_order(tables: &Value) -> Vec<String> {
    let table = tables[EVENTS]["_default"].as_object().unwrap();
    let mut rows: Vec<_> =
        table.iter().map(|(number, row)| (number.parse::<u64>().unwrap(), row)).collect();
    rows.sort_by_key(|(number, _)| *number);
    assert!(
        rows.iter().map(|(number, _)| *number).eq(1..=rows.len() as u64),
        "numbers are missing"
    );
    rows.into_iter().map(|(_, row)| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_event_that_was_appended_after_the_crash() {
    let base = killed().await;
    let own = ids_in_order(&tables(&base));
    let expected = tables(&base);
    for (is_taken_back, occurred_at, place) in [
        (false, "2030-01-01T00:00:00Z", 81),
        (true, "2030-01-01T00:00:00Z", 81),
        // The time of this event is not trusted, but the order of the others is kept.
        (true, "2026-02-20T00:00:00Z", 71),
    ] {
        let folders = copy_of(&base);
        if is_taken_back {
            take_back(&folders);
        }
        let number = append_event(&folders, "of-flask", occurred_at);
        assert_eq!(number, if is_taken_back { 72 } else { 82 });
        let Examined { copy, tables: copied, report } =
            examine(&folders, EVENTS, Some(&expected)).await;
        let mut united = own.clone();
        united.insert(place, "of-flask".to_owned());
        assert_eq!(ids_in_order(&copied), united, "{report}");
        assert_repeat_is_answered(copy, &own[71]).await;
    }
}

/// Checks that the key of the first event still returns it, with whatever row number it has now, and the key
/// of a new record that record.
async fn assert_repeat_is_answered(copy: Folders, event_id: &str) {
    let server = TestServer::on(copy, Settings::default()).await;
    let parent = first_parent(&server).await;
    let answer = parent.act_once(&activate_path(CHILD, TASK), KEY).await;
    assert_eq!(answer.header("Idempotent-Replayed"), "true");
    assert_eq!(answer.expect(200)["tracking_event"]["id"], event_id);
    let answer = create_once(&parent).await;
    assert_eq!(answer.header("Idempotent-Replayed"), "true");
    assert_eq!(answer.expect(201)["task"]["name"], "Dishes");
}

#[tokio::test]
async fn the_later_of_two_changes_of_a_row_wins() {
    let base = killed().await;
    let expected = tables(&base);
    let child = |tables: &Value| {
        let found = rows(tables, "children.json");
        found.into_iter().find(|row| row["id"] == CHILD).unwrap().clone()
    };
    let own = child(&expected);
    let later = json!({"points": 999, "updated_at": 4_102_444_800.0});
    let earlier = json!({"points": 999, "updated_at": 1_769_354_885.0});
    for (fields, points) in [(later, json!(999)), (earlier, own["points"].clone())] {
        let folders = copy_of(&base);
        update(&folders, "children.json", CHILD, &fields);
        let Examined { tables: copied, report, .. } =
            examine(&folders, "children.json", Some(&expected)).await;
        assert_eq!(child(&copied)["points"], points);
        let conflicts = &report_of(&report, "children.json")["conflicts"];
        assert_eq!(conflicts.as_array().unwrap().len(), 1, "{report}");
        assert_eq!(conflicts[0]["id"], CHILD);
        let fields = conflicts[0]["fields"].as_array().unwrap();
        let of_points = fields.iter().find(|field| field["field"] == "points").unwrap();
        assert_eq!(of_points["kept"], points.to_string());
        // No event is lost.
        assert_eq!(ids_in_order(&copied), ids_in_order(&expected));
    }
}

/// The other program and the journal have used one row number for different children.
#[tokio::test]
async fn a_row_number_that_both_programs_have_used() {
    let base = killed().await;
    let expected = tables(&base);
    let folders = copy_of(&base);
    change(&folders, "children.json", |bytes| {
        let mut file: Value = serde_json::from_slice(bytes).unwrap();
        file["_default"]["7"] = json!({
            "id": "of-flask", "name": "Noa", "age": 5, "points": 3,
            "user_id": "6513270e-269e-4d37-b2a7-4de452e6b438",
        });
        *bytes = serde_json::to_vec(&file).unwrap();
    });
    let Examined { tables: copied, report, .. } =
        examine(&folders, "children.json", Some(&expected)).await;
    let table = &copied["children.json"]["_default"];
    assert_eq!(table["7"]["id"], "of-flask", "{report}");
    assert_eq!(table["8"]["name"], "Newcomer");
}

/// TinyDB writes while a server runs: its rows are kept, the server reports the error and
/// continues, and a salvage merges both.
#[tokio::test]
async fn rows_written_while_a_server_runs_are_kept() {
    let settings = Settings { binary: true, ..Settings::default() };
    let mut server = TestServer::on(flask(), settings).await;
    let parent = first_parent(&server).await;
    parent.act(&activate_path(CHILD, TASK)).await.expect(200);
    let other = "2b855c1f-28aa-4a51-b98c-67c215bd448f";
    update(&server.folders, "children.json", other, &json!({"name": "Noa"}));
    let number = append_event(&server.folders, "of-flask", "2030-01-01T00:00:00Z");
    assert_eq!(number, 73);
    for _ in 0..3 {
        parent.act(&activate_path(CHILD, TASK)).await.expect(200);
    }
    let points = parent.points(CHILD).await;
    eventually("both are noticed", async || {
        let health = server.nobody().get("/health").await.expect(200);
        let behind = health.to_string().matches("another program").count();
        (health["status"] == "degraded" && behind == 2).then_some(())
    })
    .await;
    let (status, said) = server.stop_by("TERM");
    assert_eq!(status.code(), Some(1), "{said}");
    for file in ["children.json", EVENTS] {
        let told = said.lines().filter(|line| line.contains("ERROR") && line.contains(file));
        assert_eq!(told.count(), 1, "{said}");
    }
    let folders = server.folders.clone();
    let found = tables(&folders);
    let Examined { tables: copied, report, .. } =
        examine(&folders, "children.json", Some(&found)).await;
    let children = rows(&copied, "children.json");
    let child = |id: &str| *children.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(child(other)["name"], "Noa", "{report}");
    assert_eq!(child(CHILD)["points"], points);
    let ids = ids_in_order(&copied);
    assert_eq!((ids.len(), &*ids[75]), (76, "of-flask"));
}

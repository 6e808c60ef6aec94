//! A Flask service's directory with damage of every kind.

use serde_json::Value;

use super::bases::{flask, report_of};
use super::corpus::{concatenated, cut, flipped, interleaved, nul_bytes, replaced, two_roots};
use super::examine::{Examined, examine};
use crate::harness::Folders;

const EVENTS: &str = "tracking_events.json";

/// Damages a file and examines the directory; returns the report on the file.
async fn damaged(file: &str, damage: impl FnOnce(&Folders)) -> Value {
    let folders = flask();
    damage(&folders);
    let examined = examine(&folders, file, None).await;
    report_of(&examined.report, file).clone()
}

fn kept(report: &Value) -> &str {
    report["kept"].as_str().unwrap()
}

#[tokio::test]
async fn two_roots_after_a_shrunk_rewrite() {
    for (file, gone, remains) in [
        ("users.json", 2..3, 1),
        ("tasks.json", 13..16, 3),
        ("rewards.json", 6..9, 3),
        (EVENTS, 60..71, 11),
    ] {
        let report = damaged(file, |it| two_roots(it, file, gone)).await;
        let found = report["remains"].as_array().unwrap().len();
        // The start of the first row of the remaining text may be lost.
        assert!(found == remains || found + 1 == remains, "{report}");
        assert_eq!(report["damage"]["kind"], "two_roots");
    }
    // Indented by hand, and then written by TinyDB, which makes it much shorter.
    let report = damaged("children.json", |it| two_roots(it, "children.json", 0..1)).await;
    assert!(kept(&report).contains("2-6"), "{report}");
}

#[tokio::test]
async fn nul_bytes_after_a_power_cut() {
    damaged(EVENTS, |it| nul_bytes(it, EVENTS, |_| 8192..12_288)).await;
    damaged("children.json", |it| nul_bytes(it, "children.json", |_| 1024..1536)).await;
    damaged("tasks.json", |it| nul_bytes(it, "tasks.json", |_| 0..512)).await;
    damaged("rewards.json", |it| nul_bytes(it, "rewards.json", |len| len - 300..len)).await;
    for file in [EVENTS, "users.json"] {
        let report = damaged(file, |it| nul_bytes(it, file, |len| len..len + 4096)).await;
        assert_eq!(report["lost"], Value::Array(Vec::new()), "nothing is lost: {report}");
    }
    for file in ["pending_rewards.json", "users.json", EVENTS] {
        let report = damaged(file, |it| nul_bytes(it, file, |len| 0..len)).await;
        assert_eq!(report["rows"], 0);
    }
}

#[tokio::test]
async fn a_cut_tail_after_a_full_disk() {
    for (seed, file) in [
        (1, "users.json"),
        (2, "children.json"),
        (3, "tasks.json"),
        (4, "rewards.json"),
        (5, "pending_rewards.json"),
        (6, EVENTS),
        (7, EVENTS),
    ] {
        let report = damaged(file, |it| cut(it, file, seed)).await;
        assert_eq!(report["damage"]["kind"], "cut_off");
    }
}

#[tokio::test]
async fn two_writers_at_once() {
    for (file, block) in [("tasks.json", 512), (EVENTS, 4096), ("children.json", 700)] {
        damaged(file, |it| interleaved(it, file, block)).await;
    }
    for file in ["rewards.json", "children.json", "users.json"] {
        damaged(file, |it| concatenated(it, file)).await;
    }
}

#[tokio::test]
async fn flipped_bytes() {
    let files = ["users.json", "children.json", "tasks.json", "rewards.json", EVENTS];
    for seed in 0..15 {
        let file = files[usize::try_from(seed).unwrap() % files.len()];
        damaged(file, |it| flipped(it, file, seed)).await;
    }
}

#[tokio::test]
async fn the_rows_that_damage_can_lose() {
    // Bytes in one row that are not UTF-8.
    let report =
        damaged("tasks.json", |it| replaced(it, "tasks.json", 0, "Homework", b"\xff\xfe")).await;
    assert_eq!(kept(&report), "1-2, 4-16");
    // The number of a row.
    let report =
        damaged("tasks.json", |it| replaced(it, "tasks.json", 0, "\"7\"", b"\"7x\"")).await;
    assert_eq!(kept(&report), "1-6, 8-17");
    // The closing brace of a row.
    let report = damaged("tasks.json", |it| replaced(it, "tasks.json", 4, "}, ", b"0, ")).await;
    assert_eq!(kept(&report), "1-4, 6-16");
    // The name of the table.
    let report = damaged(EVENTS, |it| replaced(it, EVENTS, 0, "_default\"", b"_default")).await;
    assert_eq!(report["rows"], 71);
    // The start of a row that contains objects that look like rows.
    let nested = br#""x" 1, "metadata": {"1": {"id": "n"}, "2": {"id": "m"}}, "task"#;
    let report =
        damaged(EVENTS, |it| replaced(it, EVENTS, 9, "\"metadata\": {\"task", nested)).await;
    assert_eq!(report["rows"], 70);
}

#[tokio::test]
async fn intact_tables_of_a_damaged_file_are_kept() {
    let folders = flask();
    replaced(&folders, "tasks.json", 0, "{\"_default\"", br#"{"old": {"1": {"x": 1}}, "_default""#);
    cut(&folders, "tasks.json", 3);
    let Examined { tables, .. } = examine(&folders, "tasks.json", None).await;
    assert_eq!(tables["tasks.json"]["old"]["1"]["x"], 1);
}

#[tokio::test]
async fn a_number_that_is_too_large() {
    for (file, row) in [("tasks.json", 17), (EVENTS, 72)] {
        let to = b"\"9007199254740992\": {";
        let report = damaged(file, |it| replaced(it, file, 0, "\"1\": {", to)).await;
        assert_eq!(report["damage"]["kind"], "row_name");
        assert_eq!(report["lost"], Value::Array(Vec::new()), "nothing is lost: {report}");
        assert_eq!(report["conflicts"][0]["row"], row, "{report}");
    }
}

//! The output for a person and for a program, on a terminal and into a pipe.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use goldstar::repair::FindingKind;
use goldstar::store::json::DamageKind;
use serde_json::json;

use super::directory::{edit, flask, run};
use crate::harness::{Folders, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_goldstar");

/// A directory without faults and with a tracking file that takes some time to read.
fn large() -> Folders {
    let folders = Folders::new();
    let mut text = String::from("{\"_default\": {");
    let padding = "x".repeat(900);
    for row in 1..=40_000 {
        let comma = if row > 1 { ", " } else { "" };
        write!(
            text,
            "{comma}\"{row}\": {{\"id\": \"{row}\", \"user_id\": null, \"child_id\": \"c\", \
             \"entity_type\": \"task\", \"entity_id\": \"t\", \"action\": \"activated\", \
             \"points_before\": 0, \"points_after\": 0, \"delta\": 0, \
             \"occurred_at\": \"2026-02-09T18:42:15Z\", \"created_at\": \"2026-02-09T18:42:15Z\", \
             \"metadata\": {{\"name\": \"{padding}\"}}}}"
        )
        .unwrap();
    }
    text.push_str("}}");
    folders.put("tracking_events.json", &text);
    folders
}

#[test]
fn a_progress_bar_is_drawn_on_a_terminal_only() {
    let folders = large();
    let data = folders.data();
    let logs = folders.logs();
    let check = [Path::new(PROGRAM), Path::new("check"), &data];
    let checkpoint = [
        Path::new(PROGRAM),
        Path::new("checkpoint"),
        Path::new("--data-dir"),
        &data,
        Path::new("--log-dir"),
        &logs,
    ];
    for command in [&check[..], &checkpoint] {
        let shown = python("on_terminal.py", command, "");
        assert!(shown.status.success(), "{shown:?}");
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains("tracking_events.json [") && shown.contains("MiB/"), "{shown:?}");
        assert!(shown.contains('\u{1b}'), "it isn't drawn in place: {shown:?}");
    }
    for arguments in [&["check", "data"][..], &["check", "data", "--json"], &["checkpoint"]] {
        let (code, text, error) = run(&folders, arguments);
        assert_eq!((code, error.as_str()), (0, ""));
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
    }
}

#[test]
fn the_text_shows_some_faults_of_each_kind_and_json_all() {
    let folders = flask();
    edit(&folders, "tracking_events.json", |file| {
        for row in 1..=9 {
            file["_default"][row.to_string()]["user_id"] = json!("gone\u{1b}[31m");
        }
    });
    edit(&folders, "children.json", |file| file["_default"]["1"]["user_id"] = json!("gone"));
    let (code, text, error) = run(&folders, &["check", "data"]);
    assert_eq!((code, error.as_str()), (3, ""));
    assert!(text.starts_with("data: warnings\n"), "{text}");
    assert!(text.contains("\nwarning event_of_no_account (9)\n"), "{text}");
    assert!(text.contains("\n  and 6 more; --json prints all of them\n"), "{text}");
    assert!(
        text.contains("\nwarning broken_reference (1)\n  children.json, row 1, byte "),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "what a file holds can't steer a terminal: {text:?}");
    let (code, text, _) = run(&folders, &["check", "data", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let warnings = findings.filter(|found| found["severity"] == "warning");
    assert_eq!((code, warnings.count()), (3, 10));
}

#[test]
fn the_json_report_has_a_fixed_form() {
    let folders = flask();
    fs::write(folders.data_file("settings.json"), "[").unwrap();
    let (_, text, _) = run(&folders, &["check", "data", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["directory", "status", "tables", "journal", "deletion", "findings"]);
    assert_eq!((&report["directory"], &report["status"]), (&json!("data"), &json!("damage")));
    assert_eq!(report["journal"], json!({"waiting": 0, "is_torn": false}));
    assert_eq!(report["tables"].as_array().unwrap().len(), 25);
    let users = json!({"file": "users.json", "state": "present", "rows": 3});
    assert_eq!(report["tables"][0], users);
    let finding = report["findings"][0].as_object().unwrap();
    let names: Vec<_> = finding.keys().map(String::as_str).collect();
    assert_eq!(names, ["severity", "code", "file", "row", "byte", "message"]);
}

#[test]
fn every_code_is_documented() {
    let text = include_str!("../../../docs/operations.md");
    let (_, table) = text.split_once("| code | severity | what it means |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut documented = Vec::new();
    for line in table.lines().skip(2) {
        let cells: Vec<_> = line.split(" | ").collect();
        let codes = cells[0].split('`').skip(1).step_by(2);
        documented.extend(codes.map(|code| (code, cells[1])));
    }
    let damage = DamageKind::ALL.map(FindingKind::Damage);
    let kinds = damage.into_iter().chain(FindingKind::WARNINGS).chain(FindingKind::NOTES);
    let mut known: Vec<_> = kinds.map(|kind| (kind.as_str(), kind.severity().as_str())).collect();
    documented.sort_unstable();
    known.sort_unstable();
    assert_eq!(documented, known);
}

#[test]
fn an_output_that_is_closed_is_an_error() {
    let folders = flask();
    let output = crate::harness::goldstar(folders.root())
        .args(["check", "data"])
        .stdout(fs::File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("could not be printed"), "{error}");
}

#[test]
fn a_folder_without_data_is_not_a_data_directory() {
    let folders = Folders::new();
    fs::create_dir_all(folders.data()).unwrap();
    let (status, text, error) = run(&folders, &["check", "data"]);
    assert_eq!((status, text.as_str()), (1, ""));
    assert!(error.contains("data is not a data directory"), "{error}");
}

//! A directory on which Goldstar was killed, with damage to its journal, its checkpoint and its
//! files.

use std::fs;

use serde_json::Value;

use super::bases::{copy_of, killed, report_of, rows, run, tables};
use super::corpus::{change, cut, flipped, journal_file, nul_bytes, two_roots};
use super::examine::{Examined, examine};
use crate::harness::{Folders, end_of_frames};

const EVENTS: &str = "tracking_events.json";

/// A change of a file's bytes or of a directory.
type Change<'a> = dyn Fn(&mut Vec<u8>) + 'a;
type Damage<'a> = dyn Fn(&Folders) + 'a;

/// The tables after a start on the undamaged directory.
fn brought_up_to_date(folders: &Folders) -> Value {
    let copy = copy_of(folders);
    let output = run(&["checkpoint", "--data-dir"], &copy.data());
    assert!(output.status.success(), "{output:?}");
    tables(&copy)
}

#[tokio::test]
async fn a_damaged_journal() {
    let base = killed().await;
    let expected = brought_up_to_date(&base);
    let journal = journal_file(&base.data());
    let len = end_of_frames(&fs::read(base.data().join(&journal)).unwrap());
    let damages: [&Change<'_>; 5] = [
        &|bytes| bytes[50] ^= 1,
        &|bytes| bytes[len / 3] ^= 0x80,
        &|bytes| bytes[len / 2..len / 2 + 600].fill(0),
        &|bytes| bytes[100..len / 2].fill(0xff),
        &|bytes| bytes[2] = b'X',
    ];
    for damage in damages {
        let folders = copy_of(&base);
        change(&folders, &journal, damage);
        let Examined { tables: copied, report, .. } =
            examine(&folders, &journal, Some(&expected)).await;
        assert_ne!(report["journal"]["lost"], Value::Array(Vec::new()), "{report}");
        // Each event is also in the tracking file.
        assert_eq!(rows(&copied, EVENTS), rows(&expected, EVENTS));
    }
}

#[tokio::test]
async fn a_damaged_checkpoint() {
    let base = killed().await;
    let expected = brought_up_to_date(&base);
    let checkpoint = "journal/checkpoint.json";
    let damages: [&Damage<'_>; 3] =
        [&|it| nul_bytes(it, checkpoint, |len| 0..len), &|it| cut(it, checkpoint, 1), &|it| {
            flipped(it, checkpoint, 5);
        }];
    for damage in damages {
        let folders = copy_of(&base);
        damage(&folders);
        let Examined { tables: copied, report, .. } =
            examine(&folders, checkpoint, Some(&expected)).await;
        assert!(report["journal"]["checkpoint"].is_string(), "{report}");
        // All changes since are in the journal.
        assert_same(&copied, &expected);
    }
}

/// With a complete journal, all changes since the last checkpoint survive any damage of the files.
#[tokio::test]
async fn damaged_files_beside_a_whole_journal() {
    let base = killed().await;
    let expected = brought_up_to_date(&base);
    let damages: [(&str, &Damage<'_>); 6] = [
        (EVENTS, &|it| nul_bytes(it, EVENTS, |len| len / 3..len / 2)),
        (EVENTS, &|it| flipped(it, EVENTS, 11)),
        (EVENTS, &|it| cut(it, EVENTS, 2)),
        ("children.json", &|it| cut(it, "children.json", 4)),
        ("users.json", &|it| two_roots(it, "users.json", 2..3)),
        ("sessions.json", &|it| nul_bytes(it, "sessions.json", |len| 0..len)),
    ];
    for (file, damage) in damages {
        let folders = copy_of(&base);
        damage(&folders);
        let Examined { tables: copied, report, .. } =
            examine(&folders, file, Some(&expected)).await;
        let own = |event: &&&Value| event["metadata"]["actor"].is_string();
        let events: Vec<_> = rows(&expected, EVENTS).into_iter().filter(|it| own(&it)).collect();
        assert_eq!(events.len(), 10);
        for event in events {
            assert!(rows(&copied, EVENTS).contains(&event), "{event} is lost: {report}");
        }
        let newcomer = |tables: &Value| {
            let rows = rows(tables, "children.json").into_iter();
            rows.filter(|row| row["name"] == "Newcomer").cloned().collect::<Vec<_>>()
        };
        assert_eq!(newcomer(&copied), newcomer(&expected));
        assert_eq!(rows(&copied, "sessions.json"), rows(&expected, "sessions.json"));
        assert_eq!(report_of(&report, "sessions.json")["conflicts"], Value::Array(Vec::new()));
    }
}

/// A salvage of an undamaged directory gives the same as a start.
#[tokio::test]
async fn an_undamaged_directory() {
    let base = killed().await;
    let expected = brought_up_to_date(&base);
    let (copy, code, report) = super::bases::salvage(&base);
    assert_eq!(code, 0, "{report}");
    assert_same(&tables(&copy), &expected);
}

fn assert_same(found: &Value, expected: &Value) {
    for (file, tables) in expected.as_object().unwrap() {
        assert_eq!(&found[file], tables, "{file}");
    }
}

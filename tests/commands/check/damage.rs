//! Files on which no server starts: `check` reports each kind of damage by name and byte, and the
//! server reports the same.

use std::fs;

use serde_json::json;

use super::directory::{check, edit, flask, run};
use crate::harness::Folders;

const FILES: [&str; 2] = ["children.json", "tracking_events.json"];

/// Damages a file, and expects that `check` and the server report it.
fn expect(file: &str, damage: impl FnOnce(Vec<u8>) -> (Vec<u8>, usize), code: &str, says: &str) {
    let folders = flask();
    let (bytes, byte) = damage(fs::read(folders.data_file(file)).unwrap());
    fs::write(folders.data_file(file), &bytes).unwrap();
    let checked = check(&folders);
    checked.expect_one(code, &json!([file, null, byte]), says);
    assert_eq!(checked.table(file)["state"], "damaged");
    assert_eq!(checked.report["status"], "damage");
    let (status, _, error) =
        run(&folders, &["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    assert_eq!(status, 78, "{error}");
    let message = checked.findings()[0]["message"].as_str().unwrap();
    for part in [
        &format!("data/{file} is damaged from byte {byte} on: {message}"),
        "`goldstar check data`",
        "`goldstar salvage data --out NEW`",
    ] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
    assert_eq!(fs::read(folders.data_file(file)).unwrap(), bytes, "it was changed");
}

#[test]
fn nul_bytes() {
    for file in FILES {
        let all = |old: Vec<u8>| (vec![0; old.len()], 0);
        expect(file, all, "nul_bytes", "starts with NUL bytes");
        let behind = |mut old: Vec<u8>| {
            let len = old.len();
            old.resize(len + 4096, 0);
            (old, len)
        };
        expect(file, behind, "nul_bytes", "the rest of it is NUL bytes");
        let in_between = |mut old: Vec<u8>| {
            old[512..1024].fill(0);
            (old, 512)
        };
        expect(file, in_between, "nul_bytes", "it contains NUL bytes");
    }
}

#[test]
fn a_file_in_another_form() {
    for file in FILES {
        let marked = |old: Vec<u8>| ([b"\xEF\xBB\xBF".to_vec(), old].concat(), 0);
        expect(file, marked, "not_json", "byte order mark");
        let units = |old: Vec<u8>| String::from_utf8(old).unwrap().encode_utf16().collect();
        let wide = |old| Vec::<u16>::into_iter(units(old)).flat_map(u16::to_le_bytes).collect();
        expect(file, |old| (wide(old), 0), "not_utf8", "UTF-16");
        let marked = |old| ([b"\xFF\xFE".to_vec(), wide(old)].concat(), 0);
        expect(file, marked, "not_utf8", "UTF-16");
        let packed = |old: Vec<u8>| ([b"\x1F\x8B\x08".to_vec(), old].concat(), 0);
        expect(file, packed, "not_utf8", "gzip");
    }
}

#[test]
fn a_truncated_tail() {
    for file in FILES {
        for left in [1, 600, 1001] {
            let cut = |mut old: Vec<u8>| {
                old.truncate(left);
                (old, left)
            };
            expect(file, cut, "cut_off", "it ends too early");
        }
    }
}

#[test]
fn two_roots() {
    for file in FILES {
        let shrunk = |mut old: Vec<u8>| {
            let shorter = br#"{"_default": {}}"#;
            old[..shorter.len()].copy_from_slice(shorter);
            let behind = &old[shorter.len()..];
            let blanks = behind.iter().take_while(|byte| **byte == b' ').count();
            (old, shorter.len() + blanks)
        };
        expect(file, shrunk, "two_roots", "the rest of an older, longer version");
        let doubled = |old: Vec<u8>| {
            let len = old.len();
            ([old.clone(), old].concat(), len)
        };
        expect(file, doubled, "two_roots", "a second text follows the first");
    }
}

#[test]
fn two_writers() {
    for file in FILES {
        // The start of the second text, written over the middle of the first.
        let interleaved = |mut old: Vec<u8>| {
            let text = String::from_utf8(old.clone()).unwrap();
            let at = 300 + text[300..].find("\": ").unwrap();
            old[at..at + 7].copy_from_slice(b"\" \"name");
            (old, at + 2)
        };
        expect(file, interleaved, "not_json", "probably two programs wrote at the same time");
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    for file in FILES {
        let latin = |mut old: Vec<u8>| {
            let text = String::from_utf8(old.clone()).unwrap();
            let at = 6 + text.find("\"id\": \"").unwrap() + 10;
            old[at] = 0xe9;
            (old, at)
        };
        expect(file, latin, "not_utf8", "not UTF-8");
    }
}

#[test]
fn a_file_without_a_table() {
    for file in FILES {
        let to = |text: &'static str, byte: usize| move |_: Vec<u8>| (text.into(), byte);
        let row = r#"{"_default": {"1": [1, 2]}}"#;
        expect(file, to(row, 19), "no_object", "object");
        expect(file, to(r#"{"_default": 5}"#, 13), "no_object", "object");
        expect(file, to(r#"["_default"]"#, 0), "no_object", "object");
        let name = r#"{"_default": {"one": {"id": "a"}}}"#;
        expect(file, to(name, 14), "row_name", "not a number");
    }
    let behind_it = r#"{"_default": {}, "other": {"1": tru}}"#;
    expect(FILES[1], |_| (behind_it.into(), 32), "not_json", "a value is missing");
}

/// The offset of the row with that number.
fn row_at(text: &str, number: u64) -> usize {
    text.find(&format!("\"{number}\": {{")).unwrap()
}

#[test]
fn every_fault_of_a_file_is_found() {
    for file in FILES {
        let folders = flask();
        let text = fs::read_to_string(folders.data_file(file)).unwrap();
        let mut bytes = text.clone().into_bytes();
        let at = |number| row_at(&text, number);
        // Zeros in one row, a byte that is not UTF-8 in another, and the next one without a colon.
        let zeros = at(1) + 20;
        bytes[zeros..zeros + 4].fill(0);
        let latin = at(3) + text[at(3)..].find("\"id\": \"").unwrap() + 9;
        bytes[latin] = 0xe9;
        let colon = at(4) + text[at(4)..].find("\"id\":").unwrap() + 4;
        bytes[colon] = b' ';
        // The last row is cut off.
        let end = text.len() - 40;
        bytes.truncate(end);
        fs::write(folders.data_file(file), &bytes).unwrap();
        let checked = check(&folders);
        let damage = checked.findings().iter().filter(|found| found["severity"] == "damage");
        let found = damage.map(|found| {
            let byte = usize::try_from(found["byte"].as_u64().unwrap()).unwrap();
            (byte, found["code"].as_str().unwrap())
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        let value = colon + 2;
        let expected =
            [(zeros, "nul_bytes"), (latin, "not_utf8"), (value, "not_json"), (end, "cut_off")];
        assert_eq!(found, expected, "{file}");
    }
}

#[test]
fn the_rows_of_a_damaged_file_are_checked_too() {
    let folders = flask();
    edit(&folders, "users.json", |file| file["_default"]["2"]["password"] = json!("plain"));
    let text = fs::read_to_string(folders.data_file("users.json")).unwrap();
    let broken = text.replacen("{\"1\":{", "{\"one\":[],\"x\":{},\"1\":{", 1);
    assert_ne!(text, broken);
    folders.put("users.json", &broken);
    let checked = check(&folders);
    assert_eq!(checked.codes(), ["row_name", "unverifiable_password"], "{checked:#?}");
    assert_eq!(checked.rows_with("unverifiable_password"), [2]);
    let names = checked.findings().iter().filter(|found| found["code"] == "row_name").count();
    assert_eq!(names, 2);
}

#[test]
fn damage_in_one_file_does_not_hide_faults_in_another() {
    let folders = flask();
    folders.put("users.json", "{");
    folders.put("tasks.json", "{}\0");
    let events = fs::read_to_string(folders.data_file("tracking_events.json")).unwrap();
    let last = events.rfind("\"71\":").unwrap();
    let torn = events[..last + 100].replacen("\"delta\": 0", "\"delta\": 7", 1);
    folders.put("tracking_events.json", &torn);
    folders.put("notes.json", "{");
    let checked = check(&folders);
    assert_eq!(checked.code, 78);
    assert_eq!(checked.codes(), ["cut_off", "nul_bytes", "other_file", "wrong_delta"]);
    let tracking = checked.table("tracking_events.json");
    assert_eq!((&tracking["state"], &tracking["rows"]), (&json!("damaged"), &json!(70)));
    let damaged = checked.findings().iter().filter(|finding| finding["severity"] == "damage");
    let files: Vec<_> = damaged.map(|finding| finding["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["users.json", "tasks.json", "tracking_events.json"]);
}

#[test]
fn the_suggested_command_works_as_printed() {
    let folders = Folders::new();
    let name = "Zoë's data";
    fs::create_dir(folders.root().join(name)).unwrap();
    fs::write(folders.root().join(name).join("users.json"), "{").unwrap();
    let (status, _, error) = run(&folders, &["checkpoint", "--data-dir", name]);
    assert_eq!(status, 78);
    assert!(error.contains(r"`goldstar check 'Zoë'\''s data'`"), "{error}");
    assert_eq!(run(&folders, &["check", name]).0, 78);
}

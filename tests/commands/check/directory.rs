//! A data directory, and the report of `goldstar check`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Folders, goldstar};

/// The files of a folder by name: bytes, mode and time of the last change.
type Snapshot = BTreeMap<PathBuf, (Vec<u8>, u32, i64, i64)>;

/// A copy of the Flask service's directory.
pub(crate) fn flask() -> Folders {
    let folders = Folders::new();
    folders.put_flask_data();
    folders
}

/// Changes a file as a JSON value.
pub(crate) fn edit(folders: &Folders, name: &str, change: impl FnOnce(&mut Value)) {
    let mut value = folders.json(name);
    change(&mut value);
    folders.put(name, &value.to_string());
}

/// Adds a row at the end of a file.
pub(crate) fn add(folders: &Folders, name: &str, number: u64, row: Value) {
    if !folders.data_file(name).exists() {
        folders.put(name, r#"{"_default": {}}"#);
    }
    edit(folders, name, |file| file["_default"][number.to_string()] = row);
}

/// Replaces the first of these texts in a file.
pub(crate) fn replace(folders: &Folders, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(folders.data_file(name)).unwrap();
    assert!(text.contains(from), "{name} holds no {from}");
    fs::write(folders.data_file(name), text.replacen(from, to, 1)).unwrap();
}

/// The result of `check --json`.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: i32,
    pub(crate) report: Value,
    /// The findings except notes.
    findings: Vec<Value>,
    /// The notes. The Flask service's directory has one, because of a second table.
    pub(crate) notes: Vec<Value>,
}

impl Checked {
    pub(crate) fn findings(&self) -> &[Value] {
        &self.findings
    }

    /// The notes of a kind.
    pub(crate) fn notes_of(&self, code: &str) -> Vec<&Value> {
        self.notes.iter().filter(|note| note["code"] == code).collect()
    }

    /// The kinds of the findings, each once.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let codes = self.findings().iter().map(|finding| finding["code"].as_str().unwrap());
        let mut codes: Vec<_> = codes.collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Expects a single finding; `place` is its file, row and byte.
    pub(crate) fn expect_one(&self, code: &str, place: &Value, says: &str) {
        let [found] = self.findings() else { panic!("not one finding: {self:#?}") };
        let row_and_byte = [&found["file"], &found["row"], &found["byte"]];
        assert_eq!((&found["code"], json!(row_and_byte)), (&json!(code), place.clone()));
        assert!(found["message"].as_str().unwrap().contains(says), "{found}");
        let expected = if found["severity"] == "damage" { 78 } else { 3 };
        assert_eq!(self.code, expected);
    }

    /// The rows of the findings of that kind.
    pub(crate) fn rows_with(&self, code: &str) -> Vec<u64> {
        let found = self.findings().iter().filter(|finding| finding["code"] == code);
        found.map(|finding| finding["row"].as_u64().unwrap()).collect()
    }

    pub(crate) fn table(&self, file: &str) -> &Value {
        let tables = self.report["tables"].as_array().unwrap();
        tables.iter().find(|table| table["file"] == file).unwrap()
    }
}

/// Checks a directory, and that it does not change.
pub(crate) fn check(folders: &Folders) -> Checked {
    let before = snapshot(&folders.data());
    let output = goldstar(folders.root()).args(["check", "data", "--json"]).output().unwrap();
    assert_eq!(snapshot(&folders.data()), before, "the directory was changed");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = report["findings"].as_array().unwrap().clone();
    let (notes, findings) = all.into_iter().partition(|found| found["severity"] == "note");
    Checked { code: output.status.code().unwrap(), report, findings, notes }
}

/// The output of a command for a person, on both streams, and its exit code.
pub(crate) fn run(folders: &Folders, arguments: &[&str]) -> (i32, String, String) {
    let output = goldstar(folders.root()).args(arguments).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    (output.status.code().unwrap(), stdout, stderr)
}

fn snapshot(folder: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        let bytes = if metadata.is_dir() {
            files.extend(snapshot(&path));
            Vec::new()
        } else if metadata.is_file() {
            fs::read(&path).unwrap()
        } else {
            // The socket of a killed server.
            Vec::new()
        };
        let changed = (metadata.mtime(), metadata.mtime_nsec());
        files.insert(path, (bytes, metadata.mode(), changed.0, changed.1));
    }
    files
}

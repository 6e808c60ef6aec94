//! The files of a server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use goldstar::disk::SOCKET;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::cluster::execute;

/// The two folders of a server, which remain when it stops.
#[derive(Clone)]
pub(crate) struct Folders {
    root: Arc<TempDir>,
    /// The URL of the database that is used instead of the data folder.
    pub(crate) database: Arc<OnceLock<String>>,
}

impl Folders {
    pub(crate) fn new() -> Self {
        let root = Arc::new(tempfile::tempdir().unwrap());
        Self { root, database: Arc::default() }
    }

    /// Folders of another server on the same database.
    pub(crate) fn beside(&self) -> Self {
        Self { database: Arc::clone(&self.database), ..Self::new() }
    }

    /// The folder in which the server is started and reads its settings file.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.path().join("logs")
    }

    pub(crate) fn data_file(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    /// Every file below the data folder, without the socket for commands.
    pub(crate) fn data_files(&self) -> Vec<PathBuf> {
        let (mut folders, mut files) = (vec![self.data()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with(SOCKET) {
                    files.push(path);
                }
            }
        }
        files
    }

    /// Writes a file of the data folder, as another program would before the server starts.
    pub(crate) fn put(&self, name: &str, contents: &str) {
        fs::create_dir_all(self.data()).unwrap();
        fs::write(self.data_file(name), contents).unwrap();
    }

    /// Copies the Flask service's directory into this one.
    pub(crate) fn put_flask_data(&self) {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/flask-data");
        for entry in fs::read_dir(fixture).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            self.put(&path.file_name().unwrap().to_string_lossy(), &text);
        }
    }

    /// A TinyDB file as JSON, or a table of the database in that form.
    pub(crate) fn json(&self, name: &str) -> Value {
        if let Some(url) = self.database.get() {
            let kind = name.trim_end_matches(".json");
            let rows = if kind == "tracking_events" {
                execute(url, "SELECT json FROM events ORDER BY xid, place")
            } else {
                let records = format!("SELECT row FROM records WHERE kind = '{kind}'");
                execute(url, &format!("{records} ORDER BY position"))
            };
            let rows = rows.iter().map(|row| serde_json::from_str(row).unwrap());
            let rows = (1..).zip(rows).map(|(number, row): (u64, Value)| (number.to_string(), row));
            return json!({"_default": rows.collect::<Map<_, _>>()});
        }
        let text = fs::read_to_string(self.data_file(name)).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
    }

    /// The rows of a TinyDB file's table, with their numbers, in the order of the file.
    pub(crate) fn rows(&self, name: &str) -> Vec<(u64, Value)> {
        let file = self.json(name);
        let rows: &Map<String, Value> = file["_default"].as_object().unwrap();
        rows.iter().map(|(number, row)| (number.parse().unwrap(), row.clone())).collect()
    }

    /// The rows of the tracking table, without their numbers.
    pub(crate) fn events(&self) -> Vec<Value> {
        let rows = self.rows("tracking_events.json");
        rows.into_iter().map(|(_, event)| event).collect()
    }

    /// The record with that id.
    pub(crate) fn record(&self, name: &str, id: &str) -> Value {
        let rows = self.rows(name);
        let found = rows.into_iter().find(|(_, row)| row["id"] == id);
        found.unwrap_or_else(|| panic!("no {id} in {name}")).1
    }

    pub(crate) fn log_path(&self, user_id: &str) -> PathBuf {
        self.logs().join(format!("tracking_user_{user_id}.log"))
    }

    /// The lines of an account's log, the rotated files first. Waits until the account's last event
    /// has its line, because a line may follow the response a moment later.
    pub(crate) fn log_lines(&self, user_id: &str) -> Vec<String> {
        let last = self.events().into_iter().rfind(|event| event["user_id"] == user_id);
        let Some(last) = last else { return self.lines_now(user_id) };
        let last = last["id"].as_str().unwrap().to_owned();
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let lines = self.lines_now(user_id);
            if lines.last().is_some_and(|line| logfmt(line).get("event_id") == Some(&last)) {
                return lines;
            }
            assert!(Instant::now() < end, "no line of {last}: {lines:?}");
            thread::yield_now();
        }
    }

    /// The lines that an account's log has now.
    pub(crate) fn lines_now(&self, user_id: &str) -> Vec<String> {
        let newest = self.log_path(user_id);
        let rotated = (1..=99).rev().map(|n| {
            let mut path = newest.clone().into_os_string();
            path.push(format!(".{n}"));
            PathBuf::from(path)
        });
        let files = rotated.chain([newest.clone()]);
        let texts = files.filter_map(|path| fs::read_to_string(path).ok());
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

/// The names of the files in a folder, sorted; empty if the folder does not exist.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The fields of a logfmt line. The words before the first `=` are not fields.
pub(crate) fn logfmt(line: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = line;
    while let Some((key, value)) = rest.split_once('=') {
        let key = key.rsplit(' ').next().unwrap_or_default().to_owned();
        if value.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
            let text = values.next().unwrap().unwrap();
            rest = &value[values.byte_offset()..];
            fields.insert(key, text);
        } else {
            let (text, after) = value.split_once(' ').unwrap_or((value, ""));
            fields.insert(key, text.to_owned());
            rest = after;
        }
    }
    fields
}

/// The event ids of log lines.
pub(crate) fn event_ids(lines: &[String]) -> Vec<String> {
    let id = |line: &String| logfmt(line).remove("event_id");
    lines.iter().map(|line| id(line).unwrap_or_else(|| panic!("no event_id: {line}"))).collect()
}

/// The end of the frames in a journal file. Reserved zeros follow.
pub(crate) fn end_of_frames(journal: &[u8]) -> usize {
    journal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

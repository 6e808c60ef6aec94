//! `goldstar backup` and `goldstar restore`: the real binary on directories and databases.

mod archives;
mod copies;
mod erased;
mod moved;
mod running;

use crate::check::directory::run;
use crate::harness::Folders;

const ARCHIVE: &str = "backup.tar";

/// Makes a backup of the folders.
#[track_caller]
fn back_up(folders: &Folders) {
    let command = ["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"];
    let (code, text, error) = run(folders, &command);
    assert_eq!(code, 0, "{text}{error}");
    assert!(!folders.root().join("backup.tar.partial").exists());
}

/// Restores the backup of the folders into new ones.
#[track_caller]
fn restored(folders: &Folders, list: &[&str]) -> Folders {
    let copy = Folders::new();
    let (code, text, error) = restore(folders, &copy, list);
    assert_eq!(code, 0, "{text}{error}");
    copy
}

fn restore(from: &Folders, to: &Folders, list: &[&str]) -> (i32, String, String) {
    let archive = from.root().join(ARCHIVE);
    let command = ["restore", archive.to_str().unwrap(), "--data-dir", "data", "--log-dir", "logs"];
    run(to, &[&command, list].concat())
}

/// The epoch of the ids of event streams.
pub(crate) fn stream_epoch(folders: &Folders) -> String {
    let settings = folders.rows("settings.json").into_iter();
    let mut epochs = settings.filter(|(_, row)| row["name"] == "event_stream_epoch");
    epochs.next().unwrap().1["value"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_clean(folders: &Folders, place: &[&str]) {
    let (code, text, error) = run(folders, &[&["check"], place].concat());
    assert_eq!(code, 0, "{text}{error}");
}

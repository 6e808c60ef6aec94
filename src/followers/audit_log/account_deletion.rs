//! `account_deletion.log`: which accounts were marked, restored and deleted, and which attempts
//! failed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::copies::{self, LeftCopy};
use super::files::{self, end_of_last_line};
use super::line::value;
use super::rotation::Settings;
use crate::disk::{Disk, Open};
use crate::domain::{Timestamp, UserId};
use crate::store::LogServer;

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeletionEvent {
    /// Its owner marked it for deletion.
    Marked {
        /// When it will be deleted.
        due_at: Timestamp,
    },
    /// Its owner restored it.
    Restored,
    /// An attempt to delete it started.
    Attempted {
        /// The number of attempts, including this one.
        attempts: u32,
    },
    /// An attempt failed.
    Failed {
        /// The number of attempts so far.
        attempts: u32,
        /// The reason, in a sentence that does not identify the account.
        error: String,
        /// The time of the next attempt; `None` if there is none.
        next_attempt_at: Option<Timestamp>,
    },
    /// The account and all its data are deleted.
    Deleted {
        /// The number of attempts that it took.
        attempts: u32,
    },
}

/// `account_deletion.log`. It identifies an account by a pseudonym only, never by personal data. It
/// is rotated like the audit logs.
///
/// Nothing else may write to the file while this value exists.
#[derive(Debug)]
pub struct DeletionLog {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    settings: Settings,
    /// The server of the folder, if it writes audit logs there and others use the same database.
    server: Option<LogServer>,
    /// Locked while a line is written: several threads may write.
    writing: Mutex<()>,
}

impl DeletionLog {
    pub const FILE_NAME: &str = "account_deletion.log";

    /// The log in `folder`, which is created when the first line is written.
    pub fn new(disk: Arc<dyn Disk>, folder: PathBuf, settings: Settings) -> Self {
        Self { disk, folder, settings, server: None, writing: Mutex::new(()) }
    }

    /// The log of a server that other servers know.
    pub fn of_server(self, server: Option<LogServer>) -> Self {
        Self { server, ..self }
    }

    /// The server as others know it.
    pub fn server(&self) -> Option<&LogServer> {
        self.server.as_ref()
    }

    /// The disk, and the folder of all logs.
    pub fn place(&self) -> (Arc<dyn Disk>, PathBuf) {
        (Arc::clone(&self.disk), self.folder.clone())
    }

    /// Removes all files of an account from the folder, including copies of its audit log that
    /// other programs have created. Returns the files that could not be removed. Blocks.
    pub fn remove_copies(&self, user_id: &UserId) -> io::Result<Vec<LeftCopy>> {
        copies::remove(&*self.disk, &self.folder, user_id)
    }

    /// Writes a line about an event at `now`. `account` is the pseudonym of the account. The line
    /// is durable when this returns. After an error, the line may be there in whole, in part or not
    /// at all; the next line starts on a new line anyway. Blocks.
    pub fn write(&self, now: Timestamp, account: &str, event: &DeletionEvent) -> io::Result<()> {
        let line = render(now, account, event);
        let _writing = self.writing.lock();
        let path = self.folder.join(Self::FILE_NAME);
        self.disk.create_dir(&self.folder)?;
        let mut file = self.disk.open(&path, Open::Append)?;
        let mut end = end_of_last_line(&*file)?;
        if self.settings.rotates(end, line.len()) {
            files::rotate(&*self.disk, &path, self.settings.backups)?;
            file = self.disk.open(&path, Open::Append)?;
            end = 0;
        }
        file.write_all_at(line.as_bytes(), end)?;
        file.sync()?;
        // Without an earlier line, the file may be new.
        if end == 0 { self.disk.sync_dir(&self.folder) } else { Ok(()) }
    }
}

fn render(now: Timestamp, account: &str, event: &DeletionEvent) -> String {
    let (level, fields) = match event {
        DeletionEvent::Marked { due_at } => ("INFO", format!("event=marked due_at={due_at}")),
        DeletionEvent::Restored => ("INFO", "event=restored".to_owned()),
        DeletionEvent::Attempted { attempts } => {
            ("INFO", format!("event=attempted attempts={attempts}"))
        }
        DeletionEvent::Failed { attempts, error, next_attempt_at } => {
            let next = next_attempt_at.map_or("never".to_owned(), |next| next.to_string());
            let error = value(error);
            let fields =
                format!("event=failed attempts={attempts} next_attempt_at={next} error={error}");
            (if next_attempt_at.is_some() { "WARN" } else { "ERROR" }, fields)
        }
        DeletionEvent::Deleted { attempts } => {
            ("INFO", format!("event=deleted attempts={attempts}"))
        }
    };
    format!("{now} {level} account={} {fields}\n", value(account))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::disk::RealDisk;

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn log_in(folder: PathBuf, max_bytes: u64) -> DeletionLog {
        DeletionLog::new(Arc::new(RealDisk), folder, Settings { max_bytes, backups: 2 })
    }

    #[test]
    fn each_event_has_its_fields() {
        let error = "the audit log could not be removed: permission denied".to_owned();
        for (event, expected) in [
            (
                DeletionEvent::Marked { due_at: moment(60) },
                "INFO account=5eed event=marked due_at=1970-01-01T00:01:00.000000Z",
            ),
            (DeletionEvent::Restored, "INFO account=5eed event=restored"),
            (
                DeletionEvent::Attempted { attempts: 1 },
                "INFO account=5eed event=attempted attempts=1",
            ),
            (
                DeletionEvent::Failed {
                    attempts: 1,
                    error: error.clone(),
                    next_attempt_at: Some(moment(60)),
                },
                "WARN account=5eed event=failed attempts=1 next_attempt_at=1970-01-01T00:01:00.000000Z error=\"the audit log could not be removed: permission denied\"",
            ),
            (
                DeletionEvent::Failed { attempts: 10, error, next_attempt_at: None },
                "ERROR account=5eed event=failed attempts=10 next_attempt_at=never error=\"the audit log could not be removed: permission denied\"",
            ),
            (
                DeletionEvent::Deleted { attempts: 11 },
                "INFO account=5eed event=deleted attempts=11",
            ),
        ] {
            let line = render(moment(0), "5eed", &event);
            assert_eq!(line, format!("1970-01-01T00:00:00.000000Z {expected}\n"));
        }
    }

    #[test]
    fn a_line_after_a_broken_one_starts_on_its_own() {
        let root = tempfile::tempdir().unwrap();
        let log = log_in(root.path().join("logs"), 0);
        log.write(moment(0), "a", &DeletionEvent::Restored).unwrap();
        let path = root.path().join("logs").join(DeletionLog::FILE_NAME);
        let broken = fs::read_to_string(&path).unwrap() + "1970-01-01T";
        fs::write(&path, broken).unwrap();
        log.write(moment(1), "b", &DeletionEvent::Restored).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[2].starts_with("1970-01-01T00:00:01.000000Z INFO account=b "), "{text}");
    }

    #[test]
    fn it_is_rotated_and_bounded() {
        let root = tempfile::tempdir().unwrap();
        let log = log_in(root.path().to_owned(), 100);
        for second in 0..6 {
            log.write(moment(second), "a", &DeletionEvent::Restored).unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let base = DeletionLog::FILE_NAME;
        assert_eq!(names, [base.to_owned(), format!("{base}.1"), format!("{base}.2")]);
        let newest = fs::read_to_string(root.path().join(base)).unwrap();
        assert!(newest.starts_with("1970-01-01T00:00:05"), "{newest}");
    }
}

//! `goldstar check`: reports what is wrong with a data directory, and changes nothing.
//!
//! The directory is read by the same code as at a start, so no server starts on a directory with
//! damage. Everything else is examined after the replay of the log. Damage in one file does not
//! hide faults in another, and nothing is concluded from data that cannot be read.

mod chains;
mod columns;
mod damaged;
pub(crate) mod database;
mod events;
mod family;
mod faults;
mod marked;
mod other_tables;
mod report;
mod reversals;
mod rows;
mod tables;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind::{InvalidInput, IsADirectory, NotFound};
use std::path::{Path, PathBuf};

use crate::disk::{Disk, Open, read_if_exists};
use crate::domain::{Child, ErasureList, Timestamp, User};
use crate::repair::salvage::kind::{TABLES, TRACKING};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::lock::DirectoryLock;
use crate::store::json::progress::Progress;
use crate::store::json::recovery::{DirectoryContents, DirectoryReader, Replay, TrackingFile};
use crate::store::json::state::State;
use crate::store::json::tinydb::codecs::TABLE_FILES;
use crate::store::json::tinydb::pyjson::Scanner;
use crate::store::json::tinydb::record::Record as _;
use crate::store::json::tracking;
use crate::store::json::wal;
use events::Events;
use other_tables::OtherTable;
pub use report::{CheckReport, Finding, FindingKind, Marked, Severity, TableReport, TableState};
use tables::{Places, Tables, inspect_text};

/// Examines a data directory that no server uses. Nothing in it is changed; fails if it cannot be
/// read. Reports rows with a time after `now`. Needs some hundred bytes of memory per event.
pub fn inspect(
    disk: &dyn Disk,
    data: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<CheckReport, OpenError> {
    examine(disk, data, now, progress, true).map(|(report, _)| report)
}

/// What [`inspect`] has read of a directory. It stays locked while this exists, unless it is an archive.
pub(crate) struct Examined {
    pub(crate) state: State,
    /// The names of its files.
    pub(crate) names: Vec<String>,
    pub(crate) lock: Option<DirectoryLock>,
}

/// Like [`inspect`], and returns what was read. The points of events are compared if `compares_points`.
pub(crate) fn examine(
    disk: &dyn Disk,
    data: &Path,
    now: Timestamp,
    progress: &Progress,
    compares_points: bool,
) -> Result<(CheckReport, Examined), OpenError> {
    let lock = DirectoryLock::take_to_read(data)?;
    let (report, examined) = examine_unlocked(disk, data, now, progress, compares_points)?;
    Ok((report, Examined { lock: Some(lock), ..examined }))
}

/// Like [`examine`], of files that nothing can change.
pub(crate) fn examine_unlocked(
    disk: &dyn Disk,
    data: &Path,
    now: Timestamp,
    progress: &Progress,
    compares_points: bool,
) -> Result<(CheckReport, Examined), OpenError> {
    let names = disk.file_names(data).map_err(OpenError::io(data))?;
    let folder = data.join(wal::FOLDER);
    // A check reads everything.
    let reader = DirectoryReader { disk, data, folder: &folder, progress, uses_index: false };
    let reading = reader.read()?;
    let mut inspection = Inspection::new(disk, data, now, progress, reading);
    inspection.look_at_tables()?;
    inspection.look_at_events(compares_points)?;
    inspection.look_at_other_files(&names)?;
    inspection.look_at_damaged_files()?;
    let Inspection { state, mut report, .. } = inspection;
    report.findings.sort_by_key(|finding| Reverse(finding.kind.severity()));
    Ok((report, Examined { state, names, lock: None }))
}

/// The state of a check.
struct Inspection<'a> {
    disk: &'a dyn Disk,
    data: &'a Path,
    now: Timestamp,
    progress: &'a Progress,
    state: State,
    /// The existing files of tables.
    existing: HashSet<&'static str>,
    journal: Option<Replay>,
    /// The end of the part of the tracking file that counts.
    end: u64,
    damaged: HashMap<PathBuf, Damage>,
    /// Whether the log cannot be replayed, so that the tables are outdated.
    lacks_journal: bool,
    report: CheckReport,
}

impl<'a> Inspection<'a> {
    /// Keeps what a check needs of the contents.
    fn new(
        disk: &'a dyn Disk,
        data: &'a Path,
        now: Timestamp,
        progress: &'a Progress,
        reading: DirectoryContents,
    ) -> Self {
        let DirectoryContents {
            saved,
            is_first,
            journal,
            is_torn,
            state,
            files,
            tracking,
            damage,
            ..
        } = reading;
        let marked = marked::marked(&state, is_first);
        let files = files.into_iter().filter(|(_, contents)| contents.checksum.is_some());
        let mut existing: HashSet<_> = files.map(|(file, _)| file).collect();
        if !matches!(tracking, TrackingFile::Empty) {
            existing.insert(tracking::FILE);
        }
        let end = if journal.is_some() { saved.tracking().len } else { u64::MAX };
        let of_journal = |kind| {
            use DamageKind::{Checkpoint, Journal, JournalFileMissing};
            matches!(kind, Checkpoint | Journal | JournalFileMissing)
        };
        let lacks_journal = damage.iter().any(|damage| of_journal(damage.kind));
        let mut damaged = HashMap::new();
        for found in &damage {
            damaged.entry(found.file.clone()).or_insert_with(|| found.clone());
        }
        let findings = damage.into_iter().map(|damage| Finding::of_damage(damage, data));
        let past = journal.as_ref().map(|replay| &replay.past);
        let rows = journal.as_ref().map_or(0, |replay| replay.rows.len());
        let waiting = rows + past.map_or(0, |past| past.rows.len() + past.patches.len());
        let findings = findings.collect();
        let report = CheckReport { waiting, is_torn, marked, findings, ..CheckReport::default() };
        Self {
            disk,
            data,
            now,
            progress,
            state,
            existing,
            journal,
            end,
            damaged,
            lacks_journal,
            report,
        }
    }

    /// Whether a table's file is complete, so that a missing record does not exist.
    fn is_whole(&self, file: &str) -> bool {
        !self.lacks_journal && !self.damaged.contains_key(&self.data.join(file))
    }

    fn state_of(&self, file: &'static str) -> TableState {
        if self.damaged.contains_key(&self.data.join(file)) {
            TableState::Damaged
        } else if self.existing.contains(file) {
            TableState::Present
        } else {
            TableState::Missing
        }
    }

    fn look_at_tables(&mut self) -> Result<(), OpenError> {
        let mut found = Vec::new();
        let mut places: HashMap<&'static str, Places> = HashMap::new();
        for kind in TABLES {
            let file = kind.file;
            let path = self.data.join(file);
            let bytes = read_if_exists(self.disk, &path).map_err(OpenError::io(&path))?;
            let Some(bytes) = bytes else { continue };
            if bytes.is_empty() {
                found.extend(self.empty_file(file));
            } else {
                places.insert(file, inspect_text(kind, &bytes, &mut found));
            }
        }
        let is_whole = |file: &str| self.is_whole(file);
        let tables = Tables {
            state: &self.state,
            places: &places,
            is_whole: &is_whole,
            is_elsewhere: &|_| false,
            now: self.now,
        };
        tables.inspect(&mut found);
        for table in self.state.tables() {
            let (file, state) = (table.file(), self.state_of(table.file()));
            let rows = (state != TableState::Damaged).then(|| table.len());
            self.report.tables.push(TableReport { file, state, rows });
        }
        self.report.findings.append(&mut found);
        Ok(())
    }

    /// The finding about an empty file. While the log adds to it, Goldstar itself may not have
    /// written it yet.
    fn empty_file(&self, file: &'static str) -> Option<Finding> {
        let message = "the file is empty, which counts as a table without rows. TinyDB creates \
                       such a file for a table that was never written, but it can also be the \
                       result of a crash or a full disk";
        let found = Finding::of_file(FindingKind::EmptyFile, file, message.to_owned());
        self.journal.is_none().then_some(found)
    }

    fn look_at_events(&mut self, compares_points: bool) -> Result<(), OpenError> {
        let path = self.data.join(tracking::FILE);
        let mut events =
            Events::new(&self.state, self.now, self.is_whole(User::FILE), compares_points);
        let mut others = Vec::new();
        let past = self.journal.as_ref().map(|replay| &replay.past);
        if self.existing.contains(tracking::FILE) {
            match self.disk.open(&path, Open::Read) {
                // A missing file is already reported, if it is damage.
                Err(error) if error.kind() == NotFound => {}
                file => {
                    let file = file.map_err(OpenError::io(&path))?;
                    let patches = past.map_or(&[][..], |past| &past.patches);
                    let each = |row: tracking::FileRow<'_>| events.add_from_file(row);
                    let other = &mut |name: &str, byte, text: &str| {
                        others.extend(OtherTable::read(TRACKING, name, byte, text));
                    };
                    tracking::visit(&*file, &path, self.end, patches, self.progress, each, other)?;
                }
            }
        } else if let Some(0) = self.size_of(&path)? {
            self.report.findings.extend(self.empty_file(tracking::FILE));
        }
        let is_alone = events.len() == 0;
        let others = others.into_iter().map(|other| other.into_finding(tracking::FILE, is_alone));
        self.report.findings.extend(others);
        for (row, text) in past.into_iter().flat_map(|past| &past.rows) {
            events.add(*row, None, text);
        }
        let state = self.state_of(tracking::FILE);
        let rows = Some(events.len());
        self.report.tables.push(TableReport { file: tracking::FILE, state, rows });
        let knows_points = self.is_whole(tracking::FILE) && self.is_whole(Child::FILE);
        let found = events.finish(knows_points);
        self.report.findings.extend(found);
        Ok(())
    }

    /// The length of a file; `None` if it does not exist.
    fn size_of(&self, path: &Path) -> Result<Option<u64>, OpenError> {
        match self.disk.open(path, Open::Read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            opened => {
                let len = opened.and_then(|file| file.len());
                Ok(Some(len.map_err(OpenError::io(path))?))
            }
        }
    }

    /// Goldstar does not use other files, but their owners may need them.
    fn look_at_other_files(&mut self, names: &[String]) -> Result<(), OpenError> {
        let is_own = |name: &str| name == tracking::FILE || TABLE_FILES.contains(&name);
        let others = names.iter().filter(|name| !is_own(name));
        let has_extension = |name: &&String| Path::new(name).extension() == Some("json".as_ref());
        for name in others.filter(has_extension) {
            let path = self.data.join(name);
            let bytes = match read_if_exists(self.disk, &path) {
                // A link to a folder, a pipe or a device cannot be read.
                Err(error) if matches!(error.kind(), InvalidInput | IsADirectory) => continue,
                read => read.map_err(OpenError::io(&path))?,
            };
            let bytes = bytes.unwrap_or_default();
            if name == ErasureList::FILE
                && let Err(fault) = ErasureList::parse(&bytes)
            {
                let message = format!("it is not a list of deleted accounts: {fault}");
                self.report.findings.push(Finding::of_file(FindingKind::OtherFile, name, message));
                continue;
            }
            let mut scanner = Scanner::new(&bytes);
            if let Err(fault) = scanner.value().and_then(|_| scanner.end())
                && !bytes.is_empty()
            {
                let message = format!("it is not a file of Goldstar, and it is not JSON: {fault}");
                let found = Finding::of_file(FindingKind::OtherFile, name, message);
                let byte = Some(fault.byte(bytes.len()) as u64);
                self.report.findings.push(Finding { byte, ..found });
            }
        }
        Ok(())
    }
}

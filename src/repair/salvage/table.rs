//! One file of the new directory.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::events::{self, Renumbered};
use super::journal::LogContents;
use super::kind::{TABLES, TableKind};
use super::merge::{self, WrittenBy, merge};
use super::read::{Gap, read};
use super::report::{FileDamage, FileReport, Lost, Named, ranges};
use super::rows::{Rows, Settled, settle};
use crate::domain::{IdempotencyRecord, Setting};
use crate::store::json::damage::Damage;
use crate::store::json::state::EPOCH;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::FileChecksum;
use crate::store::json::tinydb::file::{file_text, parse_file};
use crate::store::json::tinydb::record::{Record, new_row};

/// One file of the new directory.
pub(super) struct Table<'a> {
    kind: TableKind,
    origin: WrittenBy,
    rows: Rows<'a>,
    /// The other tables of the file, before and after this one.
    around: (String, String),
    gaps: Vec<Gap>,
    /// Whether the file must be rewritten.
    is_changed: bool,
    /// Whether the file can be read completely.
    is_whole: bool,
    report: FileReport,
}

impl<'a> Table<'a> {
    /// Whether a file can be read as it is. An empty file is a table without rows.
    pub(super) fn is_whole(path: &Path, bytes: &[u8]) -> bool {
        bytes.is_empty() || parse_file(path, bytes).is_ok()
    }

    /// Reads a file as far as possible; `bytes` is `None` if it does not exist.
    pub(super) fn read(
        kind: TableKind,
        path: &Path,
        bytes: Option<&'a [u8]>,
        past: &LogContents,
    ) -> Self {
        let mut table = Self {
            kind,
            origin: origin(kind.file, bytes, past),
            rows: Rows::new(kind),
            around: Default::default(),
            gaps: Vec::new(),
            is_changed: false,
            is_whole: true,
            report: FileReport { file: kind.file, ..FileReport::default() },
        };
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return table };
        match parse_file(path, bytes) {
            Ok(file) => {
                table.rows = Rows::of_whole(kind, file.rows);
                table.around = (file.before, file.after);
            }
            Err(damage) => {
                table.read_damaged(bytes);
                table.note(Some(&damage));
            }
        }
        table
    }

    /// Records the damage of the file.
    pub(super) fn note(&mut self, damage: Option<&Damage>) {
        if let Some(damage) = damage {
            let Damage { kind, byte, cause, .. } = damage.clone();
            self.report.damage = Some(FileDamage { kind: kind.as_str(), byte, cause });
        }
    }

    fn read_damaged(&mut self, bytes: &'a [u8]) {
        self.origin = WrittenBy::Unknown;
        self.is_whole = false;
        self.is_changed = true;
        let reading = read(bytes, &|row| (self.kind.key)(row).is_some());
        let Settled { rows, remains, conflicts } = settle(self.kind, &reading);
        self.rows = rows;
        self.report.remains = remains;
        self.report.conflicts = conflicts;
        for other in reading.others {
            self.around.0.extend([other, ", "]);
        }
        self.gaps = reading.gaps;
    }

    /// The file's name.
    pub(super) fn file(&self) -> &'static str {
        self.kind.file
    }

    /// Merges the log's rows into a small table. `gone` contains the removed accounts, to which the
    /// first table adds.
    pub(super) fn merge(&mut self, past: &LogContents, gone: &mut HashSet<Arc<str>>) {
        let images = past.images.get(self.kind.file);
        let is_accounts = self.kind.file == TABLES[0].file;
        if let Some(images) = images {
            let known = merge::ids_of_removed(&self.rows, images);
            merge(self.kind, self.origin, &mut self.rows, images, past, &mut self.report);
            self.is_changed = true;
            if is_accounts {
                gone.extend(known.into_iter().filter(|id| self.rows.find(id).is_none()));
            }
        }
        if !is_accounts && !gone.is_empty() {
            self.is_changed |= merge::remove_rows_of(self.kind, gone, &mut self.rows);
        }
    }

    /// Merges the log's events into the tracking table; returns the new numbers of rows.
    pub(super) fn merge_events(
        &mut self,
        past: &LogContents,
        gone: &HashSet<Arc<str>>,
    ) -> Renumbered {
        let (changed, renumbered) =
            events::unite(&mut self.rows, past, self.is_whole, &mut self.report);
        self.is_changed |= changed;
        self.is_changed |= events::anonymize(&mut self.rows, past, &renumbered, gone);
        renumbered
    }

    /// Updates the row numbers in the idempotency keys.
    pub(super) fn follow(&mut self, events: &Table<'_>, renumbered: &Renumbered) {
        if self.kind.file == IdempotencyRecord::FILE {
            let report = &mut self.report;
            self.is_changed |= events::follow(&mut self.rows, &events.rows, renumbered, report);
        }
    }

    /// Whether the file can be read completely.
    pub(super) fn has_all_rows(&self) -> bool {
        self.is_whole
    }

    /// Starts a new epoch of the numbers of the events.
    pub(super) fn start_epoch(&mut self, name: &str) {
        if self.kind.file == Setting::FILE {
            let setting = Setting { name: EPOCH.into(), value: name.into() };
            let number = self.rows.find(EPOCH).unwrap_or_else(|| self.rows.next_number());
            self.rows.set(number, Cow::Owned(new_row(&setting).to_string()));
            self.is_changed = true;
        }
    }

    /// The new file's text; `None` if the file does not change.
    pub(super) fn file_text(&self) -> Option<String> {
        let (before, after) = &self.around;
        self.is_changed.then(|| file_text(before, self.rows.iter(), after))
    }

    /// The report on the file; `None` if it does not exist. `there` are the files that existed.
    pub(super) fn into_report<'f>(
        self,
        mut there: impl Iterator<Item = &'f &'static str>,
    ) -> Option<FileReport> {
        let is_there = there.any(|file| *file == self.kind.file);
        let lost = self.gaps.iter().map(|gap| self.lost(gap)).collect();
        let (rows, kept) = (self.rows.len(), ranges(self.rows.iter().map(|(number, _)| number)));
        let is_changed = self.is_changed;
        (is_there || is_changed).then_some(FileReport { rows, kept, lost, ..self.report })
    }

    /// The parts of a gap that were not found elsewhere.
    fn lost(&self, gap: &Gap) -> Lost {
        let is_missing = |(number, id): &&(RowNumber, Option<String>)| match id {
            Some(id) => self.rows.find(id).is_none(),
            None => self.rows.get(*number).is_none(),
        };
        let named = gap.rows.iter().filter(is_missing);
        let rows = named.map(|(row, id)| Named { row: *row, id: id.clone() }).collect();
        let (from, to) = (gap.bytes.start, gap.bytes.end);
        Lost { from, to, rows, is_remains: gap.is_remains }
    }
}

/// Which program wrote a complete file.
fn origin(file: &'static str, bytes: Option<&[u8]>, past: &LogContents) -> WrittenBy {
    let found = bytes.map(FileChecksum::of);
    let is_announced = found.is_some_and(|found| past.announced.contains(&(file, found)));
    match &past.checkpoint {
        None => WrittenBy::Unknown,
        Some(checkpoint) if is_announced || found == checkpoint.table(file) => WrittenBy::Own,
        Some(_) if past.is_empty() => WrittenBy::Own,
        Some(_) => WrittenBy::Foreign,
    }
}

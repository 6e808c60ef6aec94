//! The report of a salvage.

use std::path::PathBuf;

use serde::Serialize;

use super::kind;
use crate::store::json::tinydb::RowNumber;

#[derive(Debug, Serialize)]
pub struct SalvageReport {
    /// The damaged directory.
    pub from: PathBuf,
    /// The new directory.
    pub to: PathBuf,
    /// The files of tables that exist, or were made from the log.
    pub files: Vec<FileReport>,
    /// The log; `None` if there is none.
    pub journal: Option<JournalReport>,
    /// The files that were copied as they are, by their paths in the directory.
    pub copied: Vec<PathBuf>,
    /// Other entries, which were left out: neither files nor folders.
    pub left_out: Vec<PathBuf>,
}

impl SalvageReport {
    /// Whether nothing was lost, and nothing needs attention.
    pub fn is_complete(&self) -> bool {
        let journal = self.journal.as_ref();
        self.files.iter().all(FileReport::is_complete)
            && journal.is_none_or(JournalReport::is_complete)
            && self.left_out.is_empty()
    }
}

/// The report on one file.
#[derive(Debug, Default, Serialize)]
pub struct FileReport {
    pub file: &'static str,
    /// The damage; `None` if there is none.
    pub damage: Option<FileDamage>,
    /// The number of rows in the new file.
    pub rows: usize,
    /// Their numbers: `1-812, 814`.
    pub kept: String,
    /// The bytes that could not be read.
    pub lost: Vec<Lost>,
    /// Rows after the end of a complete text that were kept: they may have been deleted on purpose.
    pub remains: Vec<Named>,
    /// Rows that only the log contained.
    pub from_journal: Vec<Named>,
    /// Decisions that need attention.
    pub conflicts: Vec<Conflict>,
}

impl FileReport {
    fn is_complete(&self) -> bool {
        self.lost.is_empty() && self.remains.is_empty() && self.conflicts.is_empty()
    }
}

/// The damage of a file.
#[derive(Debug, Serialize)]
pub struct FileDamage {
    /// The likely cause, in a word that does not change.
    pub kind: &'static str,
    /// The first byte that is wrong.
    pub byte: u64,
    /// What is wrong, and the likely cause.
    pub cause: String,
}

/// Bytes of a file that could not be read.
#[derive(Debug, Serialize)]
pub struct Lost {
    /// The first byte.
    pub from: usize,
    /// The first byte after them.
    pub to: usize,
    /// The rows that start there, if known and not found elsewhere.
    pub rows: Vec<Named>,
    /// Whether they follow a complete text.
    pub is_remains: bool,
}

/// A row, by its number and its record's id, if they are known.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Named {
    pub row: RowNumber,
    pub id: Option<String>,
}

impl Named {
    pub(super) fn of(row: RowNumber, text: &str) -> Self {
        Self { row, id: kind::id_of(text) }
    }
}

/// A decision between two rows, or about one.
#[derive(Debug, Serialize)]
pub struct Conflict {
    /// The row number in the new file, or the former number if it is not in it.
    pub row: RowNumber,
    /// Its record's id.
    pub id: Option<String>,
    /// The decision, and the reason.
    pub decision: String,
    /// The fields that differ.
    pub fields: Vec<Difference>,
}

/// A field of which only one value could be kept. Values that may be secret are not shown.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// The kept value, as JSON text; `None` if the field is missing.
    pub kept: Option<String>,
    /// The other value.
    pub dropped: Option<String>,
}

/// The fields that are never secret.
const SHOWN: [&str; 30] = [
    "action",
    "age",
    "child_id",
    "cost",
    "created_at",
    "delta",
    "description",
    "email",
    "entity_id",
    "entity_type",
    "event_row",
    "first_name",
    "id",
    "image_id",
    "is_good",
    "last_name",
    "marked_for_deletion",
    "marked_for_deletion_at",
    "metadata",
    "name",
    "occurred_at",
    "points",
    "points_after",
    "points_before",
    "reward_id",
    "rewards",
    "role",
    "tasks",
    "updated_at",
    "user_id",
];

impl Conflict {
    pub(super) fn new(row: RowNumber, text: &str, decision: impl Into<String>) -> Self {
        let id = kind::id_of(text);
        Self { row, id, decision: decision.into(), fields: Vec::new() }
    }

    /// Adds the differences between the kept row and the other one.
    pub(super) fn between(mut self, kept: &str, dropped: &str) -> Self {
        let differing = kind::differing(kept, dropped).into_iter();
        self.fields = differing
            .map(|(field, kept, dropped)| {
                let hidden = !SHOWN.contains(&&*field);
                let shown = |value: Option<String>| {
                    value.map(|value| if hidden { "(not shown)".to_owned() } else { value })
                };
                Difference { kept: shown(kept), dropped: shown(dropped), field }
            })
            .collect();
        self
    }
}

/// The report on the log.
#[derive(Debug, Default, Serialize)]
pub struct JournalReport {
    /// The number of commits that were read.
    pub commits: u64,
    /// The number of commits that are known to be missing.
    pub lost_commits: u64,
    /// The bytes that cannot be read.
    pub lost: Vec<JournalLoss>,
    /// Why the checkpoint cannot be read; `None` if it can.
    pub checkpoint: Option<String>,
}

impl JournalReport {
    pub(super) fn is_complete(&self) -> bool {
        self.lost_commits == 0 && self.lost.is_empty() && self.checkpoint.is_none()
    }
}

/// Bytes of a segment that cannot be read.
#[derive(Debug, Serialize)]
pub struct JournalLoss {
    /// The file.
    pub file: PathBuf,
    /// The first of them.
    pub from: usize,
    /// The first byte after them.
    pub to: usize,
    /// Whether nothing valid follows: most likely a commit that was interrupted, and whose client
    /// got no response.
    pub at_end: bool,
}

/// Row numbers, as ranges: `1-812, 814`.
pub(super) fn ranges(numbers: impl Iterator<Item = RowNumber>) -> String {
    let mut ranges: Vec<(RowNumber, RowNumber)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let range = |(first, last): (RowNumber, RowNumber)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.into_iter().map(range).collect::<Vec<_>>().join(", ")
}

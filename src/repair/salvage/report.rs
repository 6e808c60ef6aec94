//! What a salvage has kept and lost.

use std::path::PathBuf;

use serde::Serialize;

use super::kind;
use crate::domain::RowNumber;

/// What a salvage has kept and lost.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The damaged directory, of which nothing was changed.
    pub from: PathBuf,
    /// The new one.
    pub to: PathBuf,
    /// The files that Goldstar knows and that are there, or were made from the journal.
    pub files: Vec<FileReport>,
    /// What the journal gave; none where there is no journal.
    pub journal: Option<JournalReport>,
    /// The files that were copied as they are, by their paths in the directory.
    pub copied: Vec<PathBuf>,
    /// What was left out of the copy: neither file nor folder.
    pub left_out: Vec<PathBuf>,
}

impl Report {
    /// Whether nothing was lost, and nothing has to be looked at.
    pub fn is_complete(&self) -> bool {
        let journal = self.journal.as_ref();
        self.files.iter().all(FileReport::is_complete)
            && journal.is_none_or(JournalReport::is_complete)
            && self.left_out.is_empty()
    }
}

/// What became of one file.
#[derive(Debug, Default, Serialize)]
pub struct FileReport {
    /// Its name.
    pub file: &'static str,
    /// What is wrong with it; none where it is as it should be.
    pub damage: Option<FileDamage>,
    /// How many rows the new file has.
    pub rows: usize,
    /// The numbers of those rows: `1-812, 814`.
    pub kept: String,
    /// What could not be read.
    pub lost: Vec<Lost>,
    /// Rows that stood behind a whole text, and were taken: a rewrite may have deleted them on purpose.
    pub remains: Vec<Named>,
    /// Rows that only the journal had.
    pub from_journal: Vec<Named>,
    /// What somebody should look at.
    pub conflicts: Vec<Conflict>,
}

impl FileReport {
    fn is_complete(&self) -> bool {
        self.lost.is_empty() && self.remains.is_empty() && self.conflicts.is_empty()
    }
}

/// What is wrong with a file.
#[derive(Debug, Serialize)]
pub struct FileDamage {
    /// What has likely happened, in a word that doesn't change.
    pub kind: &'static str,
    /// The first byte that is wrong.
    pub byte: u64,
    /// What is wrong, and what has likely happened.
    pub cause: String,
}

/// Bytes of a file from which nothing was read.
#[derive(Debug, Serialize)]
pub struct Lost {
    /// The first of them.
    pub from: usize,
    /// The first one behind them.
    pub to: usize,
    /// The rows that begin there, as far as that can be read, and weren't found elsewhere.
    pub rows: Vec<Named>,
    /// Whether they stood behind a whole text.
    pub is_remains: bool,
}

/// A row, by its number and its record's id, as far as both are known.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Named {
    /// Its number.
    pub row: RowNumber,
    /// Its record's id.
    pub id: Option<String>,
}

impl Named {
    pub(super) fn of(row: RowNumber, text: &str) -> Self {
        Self { row, id: kind::id_of(text) }
    }
}

/// Two things that could not both be kept as they were, or something that was decided.
#[derive(Debug, Serialize)]
pub struct Conflict {
    /// The row in the new file; its former number where it isn't there.
    pub row: RowNumber,
    /// Its record's id.
    pub id: Option<String>,
    /// What was decided, and why.
    pub decision: String,
    /// What differs.
    pub fields: Vec<Difference>,
}

/// A field of which only one value could be kept. What may be secret is not shown.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// The value that was kept, as JSON text; none where the field is missing.
    pub kept: Option<String>,
    /// The one that was not.
    pub dropped: Option<String>,
}

/// Fields that may be shown, whatever record they belong to.
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

    /// With what differs between the row that was kept and the one that wasn't.
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

/// What the journal gave.
#[derive(Debug, Default, Serialize)]
pub struct JournalReport {
    /// How many commits were read.
    pub commits: u64,
    /// How many are known to be missing.
    pub lost_commits: u64,
    /// The bytes that can't be read.
    pub lost: Vec<JournalLoss>,
    /// Why the checkpoint can't be read; none where it can.
    pub checkpoint: Option<String>,
}

impl JournalReport {
    fn is_complete(&self) -> bool {
        self.lost_commits == 0 && self.lost.is_empty() && self.checkpoint.is_none()
    }
}

/// Bytes of a journal file that can't be read.
#[derive(Debug, Serialize)]
pub struct JournalLoss {
    /// The file.
    pub file: PathBuf,
    /// The first of them.
    pub from: usize,
    /// The first one behind them.
    pub to: usize,
    /// Whether nothing valid follows: most likely a commit that was being written when the machine
    /// stopped, and that nobody had an answer for.
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

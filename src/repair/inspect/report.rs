use std::path::Path;

use crate::domain::deletion::{Policy, Threshold};
use crate::domain::{Deletion, Timestamp, UserId};
use crate::store::json::damage::{Damage, DamageKind};
use crate::store::json::tinydb::RowNumber;

/// The report of a check.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// The tables.
    pub tables: Vec<TableReport>,
    /// The changed rows in the log, as after a kill; the next start writes them. That is not a
    /// fault.
    pub waiting: usize,
    /// Whether the log ends with an incomplete batch. Its clients got no response, and the next
    /// start drops it: that is not a fault either.
    pub is_torn: bool,
    /// The accounts that are marked for deletion, and when.
    pub marked: Marked,
    /// The findings: damage first, then in the order of the files.
    pub findings: Vec<Finding>,
}

/// The accounts of a [`CheckReport`] that are marked for deletion.
#[derive(Clone, Debug, Default)]
pub struct Marked {
    /// The row, the id and the deletion of each account.
    pub accounts: Vec<(RowNumber, UserId, Deletion)>,
    /// The deletion threshold, if an administrator has set it.
    pub threshold: Option<Threshold>,
    /// Before this time nothing is deleted, because the directory is new to Goldstar.
    pub not_before: Option<Timestamp>,
    /// Whether no Goldstar has served the directory: nothing is deleted on the day after the first
    /// start.
    pub is_first_start: bool,
}

impl Marked {
    /// The time when the account is due, with `threshold` unless an administrator has set another
    /// one. `None` if its mark cannot be read.
    pub fn due_at(&self, deletion: &Deletion, threshold: Threshold) -> Option<Timestamp> {
        let threshold = self.threshold.unwrap_or(threshold);
        let not_before = self.not_before.unwrap_or(Timestamp::EPOCH);
        Policy { threshold, max_attempts: 1, not_before }.due_at(deletion)
    }
}

/// One table of a [`CheckReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableReport {
    /// Its file, in the data directory.
    pub file: &'static str,
    /// The state of the file.
    pub state: TableState,
    /// The number of rows, including those in the log. Of a damaged tracking file, the rows before
    /// the damage; `None` for other damaged files.
    pub rows: Option<usize>,
}

/// The state of a table's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableState {
    /// A complete file.
    Present,
    /// No file: the table is empty.
    Missing,
    /// A damaged file.
    Damaged,
}

impl TableState {
    /// The name for programs; it does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not a fault; an operator may want to know it.
    Note,
    /// A server starts; a person should look.
    Warning,
    /// No server starts.
    Damage,
}

impl Severity {
    /// `note`, `warning` or `damage`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Damage => "damage",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    /// The file, as a path in the data directory.
    pub file: String,
    /// The row's number, if it is about a row.
    pub row: Option<RowNumber>,
    /// The offset in the file, if it is known.
    pub byte: Option<u64>,
    /// What is wrong, for a person.
    pub message: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A file that no server starts on.
    Damage(DamageKind),
    /// A row that is not a record of its table, and is ignored.
    UnreadableRow,
    /// Two rows of a table with one id; only the first is found.
    DuplicateId,
    /// Two rows of a file with one number; only the last counts.
    DuplicateRow,
    /// A name that occurs twice in an object; only the last counts.
    DuplicateField,
    /// Two accounts have one email address; only the first can log in.
    DuplicateEmail,
    /// A record names one that does not exist.
    BrokenReference,
    /// An event names an account that does not exist.
    EventOfNoAccount,
    /// An event lacks a field.
    MissingField,
    /// An event's field is not what it should be.
    UnreadableField,
    /// An event's type or action is unknown.
    UnknownWord,
    /// An event's type never has that action.
    WrongAction,
    /// An event's delta does not match its points, or has the wrong sign.
    WrongDelta,
    /// An event does not reverse the event that it names.
    WrongReversal,
    /// An event was recorded before it occurred.
    RecordedTooEarly,
    /// An event follows a later one of the same child.
    WrongOrder,
    /// An event does not start with the points with which the child's event before it ended.
    ChainBreak,
    /// A child's points differ from its last event's.
    ChildPoints,
    /// Rows that look like records of the file are in another table than `_default`, and not read.
    RowsInOtherTable,
    /// A file of a table has no bytes at all.
    EmptyFile,
    /// No password can be verified with an account's hash.
    UnverifiablePassword,
    /// An account's hash is far more expensive to check than a new one.
    ExpensivePassword,
    /// An account's mark for deletion cannot be read.
    UnreadableMark,
    /// A task's points or a reward's cost are below zero.
    NegativeAmount,
    /// Another file is not JSON, though its name says so.
    OtherFile,
    /// A column of the database does not match the text of its row, or another table.
    WrongColumn,
    /// Numbers of a family's events are missing in the database.
    MissingEvents,
    /// A file has a further table with rows of another kind.
    OtherTable,
    /// A child's points are below zero.
    NegativePoints,
    /// A row has a time that is ahead of the clock.
    TimeAhead,
}

impl FindingKind {
    /// Every kind that is a warning.
    pub const WARNINGS: [Self; 25] = [
        Self::UnreadableRow,
        Self::DuplicateId,
        Self::DuplicateRow,
        Self::DuplicateField,
        Self::DuplicateEmail,
        Self::BrokenReference,
        Self::EventOfNoAccount,
        Self::MissingField,
        Self::UnreadableField,
        Self::UnknownWord,
        Self::WrongAction,
        Self::WrongDelta,
        Self::WrongReversal,
        Self::RecordedTooEarly,
        Self::ChainBreak,
        Self::ChildPoints,
        Self::RowsInOtherTable,
        Self::EmptyFile,
        Self::UnverifiablePassword,
        Self::ExpensivePassword,
        Self::UnreadableMark,
        Self::NegativeAmount,
        Self::OtherFile,
        Self::WrongColumn,
        Self::MissingEvents,
    ];
    /// Every kind that is a note.
    pub const NOTES: [Self; 4] =
        [Self::WrongOrder, Self::OtherTable, Self::NegativePoints, Self::TimeAhead];

    /// The name for programs; it does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damage(kind) => kind.as_str(),
            Self::UnreadableRow => "unreadable_row",
            Self::DuplicateId => "duplicate_id",
            Self::DuplicateRow => "duplicate_row",
            Self::DuplicateField => "duplicate_field",
            Self::DuplicateEmail => "duplicate_email",
            Self::BrokenReference => "broken_reference",
            Self::EventOfNoAccount => "event_of_no_account",
            Self::MissingField => "missing_field",
            Self::UnreadableField => "unreadable_field",
            Self::UnknownWord => "unknown_word",
            Self::WrongAction => "wrong_action",
            Self::WrongDelta => "wrong_delta",
            Self::WrongReversal => "wrong_reversal",
            Self::RecordedTooEarly => "recorded_too_early",
            Self::WrongOrder => "wrong_order",
            Self::ChainBreak => "chain_break",
            Self::ChildPoints => "child_points",
            Self::RowsInOtherTable => "rows_in_other_table",
            Self::EmptyFile => "empty_file",
            Self::UnverifiablePassword => "unverifiable_password",
            Self::ExpensivePassword => "expensive_password",
            Self::UnreadableMark => "unreadable_mark",
            Self::NegativeAmount => "negative_amount",
            Self::OtherFile => "other_file",
            Self::WrongColumn => "wrong_column",
            Self::MissingEvents => "missing_events",
            Self::OtherTable => "other_table",
            Self::NegativePoints => "negative_points",
            Self::TimeAhead => "time_ahead",
        }
    }

    pub fn severity(self) -> Severity {
        match self {
            Self::Damage(_) => Severity::Damage,
            Self::WrongOrder | Self::OtherTable | Self::NegativePoints | Self::TimeAhead => {
                Severity::Note
            }
            _ => Severity::Warning,
        }
    }
}

impl CheckReport {
    /// Whether there is no table's file, and nothing in the log.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0 && self.tables.iter().all(|table| table.state == TableState::Missing)
    }

    /// The highest severity; `None` if there are no findings.
    pub fn severity(&self) -> Option<Severity> {
        let severities = self.findings.iter().map(|finding| finding.kind.severity());
        severities.max().filter(|severity| *severity > Severity::Note)
    }
}

impl Finding {
    /// A finding about a file.
    pub(super) fn of_file(kind: FindingKind, file: &str, message: String) -> Self {
        Self { kind, file: file.to_owned(), row: None, byte: None, message }
    }

    /// A finding about a row.
    pub(super) fn of_row(
        kind: FindingKind,
        file: &str,
        row: RowNumber,
        byte: Option<u64>,
        message: String,
    ) -> Self {
        Self { kind, file: file.to_owned(), row: Some(row), byte, message }
    }

    /// A finding about a damaged file of the directory `data`.
    pub(super) fn of_damage(damage: Damage, data: &Path) -> Self {
        let Damage { kind, file, byte, cause } = damage;
        let file = file.strip_prefix(data).unwrap_or(&file).to_string_lossy().into_owned();
        Self { kind: FindingKind::Damage(kind), file, row: None, byte: Some(byte), message: cause }
    }
}

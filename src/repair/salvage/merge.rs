//! Merges the rows of the log into a small table.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::journal::{Images, LogContents};
use super::kind::{self, TableKind};
use super::report::{Conflict, FileReport, Named};
use super::rows::Rows;
use crate::store::json::tinydb::RowNumber;

/// Which program wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrittenBy {
    /// Goldstar; the log continues from it.
    Own,
    /// Another program wrote it since.
    Foreign,
    /// Unknown: the file or the checkpoint is damaged.
    Unknown,
}

/// Merges the changes of the log into a table.
///
/// If the file is not known to be Goldstar's, the later change wins, by `updated_at`. Without that,
/// the row of a complete file wins over the log's, because another program wrote it after the
/// crash; and the log's row, which has a checksum, wins over a damaged file's.
pub(super) fn merge(
    kind: TableKind,
    origin: WrittenBy,
    rows: &mut Rows<'_>,
    images: &BTreeMap<RowNumber, Images>,
    past: &LogContents,
    report: &mut FileReport,
) {
    let mut homeless = Vec::new();
    for (number, images) in images {
        let number = *number;
        match &images.last {
            None => remove(kind, origin, rows, (number, images), past, report),
            Some(text) if origin == WrittenBy::Own => {
                rows.set(number, Cow::Owned(text.to_string()));
            }
            Some(text) => {
                let known = (kind.key)(text).and_then(|key| rows.find(&key));
                let known = known.or(Some(number).filter(|number| rows.is_same(*number, text)));
                match known {
                    Some(known) => choose(origin, rows, (known, images, text), report),
                    None if rows.get(number).is_none() => {
                        rows.set(number, Cow::Owned(text.to_string()));
                        report.from_journal.push(Named::of(number, text));
                    }
                    None => homeless.push((number, text)),
                }
            }
        }
    }
    for (old, text) in homeless {
        let number = rows.next_number();
        let decision = format!(
            "only the journal contains it, and another record has its number {old}, so it gets a \
             new number"
        );
        report.conflicts.push(Conflict::new(number, text, decision));
        report.from_journal.push(Named::of(number, text));
        rows.set(number, Cow::Owned(text.to_string()));
    }
}

/// Chooses between the file's row and the log's.
fn choose(
    origin: WrittenBy,
    rows: &mut Rows<'_>,
    (number, images, text): (RowNumber, &Images, &Arc<str>),
    report: &mut FileReport,
) {
    let Some(found) = rows.get(number).map(str::to_owned) else { return };
    if kind::differing(&found, text).is_empty() {
        return;
    }
    // A text that the row had in the log is not another program's change.
    let is_past = |earlier: &Arc<str>| kind::differing(&found, earlier).is_empty();
    if images.earlier.iter().any(is_past) {
        rows.set(number, Cow::Owned(text.to_string()));
        return;
    }
    let (in_file, in_journal) = (kind::changed_at(&found), kind::changed_at(text));
    let (takes_journal, why) = match in_file.cmp(&in_journal) {
        std::cmp::Ordering::Less => (true, "the journal's row was changed later, so it is kept"),
        std::cmp::Ordering::Greater => (false, "the file's row was changed later, so it is kept"),
        std::cmp::Ordering::Equal if origin == WrittenBy::Foreign => (
            false,
            "neither was changed later, and the file was written after the crash, so its row is \
            kept",
        ),
        std::cmp::Ordering::Equal => (
            true,
            "neither was changed later, and the journal's row has a checksum, so it is \
            kept",
        ),
    };
    let (kept, dropped) = if takes_journal { (&**text, &*found) } else { (&*found, &**text) };
    let decision = format!("the file and the journal differ; {why}");
    report.conflicts.push(Conflict::new(number, kept, decision).between(kept, dropped));
    if takes_journal {
        rows.set(number, Cow::Owned(text.to_string()));
    }
}

/// Removes a row that the log has removed. In a file of another program, its number may belong to
/// another record.
fn remove(
    kind: TableKind,
    origin: WrittenBy,
    rows: &mut Rows<'_>,
    (number, images): (RowNumber, &Images),
    past: &LogContents,
    report: &mut FileReport,
) {
    let gone = images.earlier.last().and_then(|text| (kind.key)(text));
    let found = match &gone {
        Some(key) => rows.find(key),
        None => Some(number).filter(|number| rows.get(*number).is_some()),
    };
    let Some(found) = found else { return };
    let text = rows.get(found).unwrap_or_default().to_owned();
    let is_later = match &gone {
        Some(_) => {
            kind::changed_at(&text) > images.earlier.last().and_then(|text| kind::changed_at(text))
        }
        None => kind::latest_moment(&text) > past.until,
    };
    // A deleted account stays deleted, even if another program has changed it since.
    let may_stay = origin != WrittenBy::Own && !is_deleted_account(kind, &text, gone.is_some());
    if is_later && may_stay {
        let decision = "the journal says that it was removed, but it was changed or created later, so \
                        it is kept";
        report.conflicts.push(Conflict::new(found, &text, decision));
        return;
    }
    rows.remove(found);
}

fn is_deleted_account(kind: TableKind, text: &str, is_known: bool) -> bool {
    let is_account = kind.file == kind::TABLES[0].file;
    is_account && (is_known || kind::is_marked(text))
}

/// The ids of the records that the log has removed, if the log or the file contains the record.
pub(super) fn ids_of_removed(
    rows: &Rows<'_>,
    images: &BTreeMap<RowNumber, Images>,
) -> HashSet<Arc<str>> {
    let removed = images.iter().filter(|(_, images)| images.last.is_none());
    let texts = removed.filter_map(|(number, images)| match images.earlier.last() {
        Some(text) => Some(&**text),
        None => rows.get(*number),
    });
    texts.filter_map(|text| kind::text_of(text, "id")).collect()
}

/// Removes the records of removed accounts; returns whether there were any.
pub(super) fn remove_rows_of(
    kind: TableKind,
    gone: &HashSet<Arc<str>>,
    rows: &mut Rows<'_>,
) -> bool {
    let is_missing = |(_, text): &(RowNumber, &str)| {
        kind::text_of(text, kind.owner).is_some_and(|id| gone.contains(&id))
    };
    let numbers: Vec<RowNumber> =
        rows.iter().filter(is_missing).map(|(number, _)| number).collect();
    for number in &numbers {
        rows.remove(*number);
    }
    !numbers.is_empty()
}

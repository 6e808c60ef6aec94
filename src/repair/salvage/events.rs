//! Merges the events and the anonymisations of the log into the tracking table.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::journal::LogContents;
use super::kind::{self, TRACKING};
use super::report::{Conflict, FileReport, Named};
use super::rows::Rows;
use crate::domain::{IdempotencyRecord, KeyResult, Seq, Timestamp};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::{Record, merge};
use crate::store::json::tracking::{Patch, anonymous, with_room};

/// The new row numbers, by the numbers that Goldstar had given.
pub(super) type Renumbered = HashMap<RowNumber, RowNumber>;

/// Applies the patches of the log to a damaged file, because a torn patch is not JSON. Only where
/// an account's id or a note can be: another program may have moved it.
pub(super) fn overlay(bytes: &mut [u8], patches: &[Patch]) {
    for patch in patches {
        let Ok(at) = usize::try_from(patch.offset) else { continue };
        let Some(before) = bytes.get(..at) else { continue };
        let before = before.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        let is_personal =
            |before: &[u8]| before.ends_with(b"\"user_id\"") || before.ends_with(b"\"note\"");
        if before.is_some_and(is_personal) {
            patch.overlay(bytes, 0);
        }
    }
}

/// Merges the events of the file and of the log by their ids. From the first number on that both
/// have given to different events, all events get new numbers, in the order of their times. Returns
/// whether anything changed, and the new numbers.
pub(super) fn unite(
    rows: &mut Rows<'_>,
    past: &LogContents,
    is_whole: bool,
    report: &mut FileReport,
) -> (bool, Renumbered) {
    let mut changed = false;
    let mut missing: Vec<(RowNumber, Cow<'_, str>)> = Vec::new();
    // The number that Goldstar had given to each event.
    let mut given: BTreeMap<RowNumber, Arc<str>> = BTreeMap::new();
    for (number, text) in &past.events {
        let id = (TRACKING.key)(text);
        if let Some(id) = &id {
            given.insert(*number, Arc::clone(id));
        }
        match id.and_then(|id| rows.find(&id)) {
            Some(found) => changed |= choose(rows, found, text, is_whole, report),
            None => missing.push((*number, Cow::Owned(text.to_string()))),
        }
    }
    let first_clash = missing.iter().map(|(number, _)| *number).find(|n| rows.get(*n).is_some());
    changed |= !missing.is_empty();
    let mut added: HashSet<Arc<str>> = HashSet::new();
    added.extend(missing.iter().filter_map(|(_, text)| (TRACKING.key)(text)));
    if let Some(first) = first_clash {
        renumber(rows, first, missing, report);
    } else {
        for (number, text) in missing {
            rows.set(number, text);
        }
    }
    let now = |id: &Arc<str>| rows.find(id);
    let added = added.iter().filter_map(|id| Some((now(id)?, id)));
    let mut added: Vec<Named> =
        added.map(|(row, id)| Named { row, id: Some(id.to_string()) }).collect();
    added.sort_unstable_by_key(|named| named.row);
    report.from_journal.extend(added);
    let renumbered = given.iter().filter_map(|(old, id)| Some((*old, now(id)?)));
    (changed, renumbered.filter(|(old, new)| old != new).collect())
}

/// Chooses between the file's event and the log's; returns true if the log's is kept.
fn choose(
    rows: &mut Rows<'_>,
    number: RowNumber,
    text: &Arc<str>,
    is_whole: bool,
    report: &mut FileReport,
) -> bool {
    let Some(found) = rows.get(number).map(str::to_owned) else { return false };
    let differing = kind::differing(&found, text);
    // An anonymised event stays anonymised.
    let is_anonymous = |row: &str| kind::text_of(row, TRACKING.owner).is_none();
    let differs_elsewhere = differing.iter().any(|(field, ..)| field != TRACKING.owner);
    if differing.is_empty() || (is_anonymous(&found) && !differs_elsewhere) {
        return false;
    }
    let (why, kept) = if is_whole {
        ("the file was written after the crash, so its row is kept", &*found)
    } else {
        ("the journal's row has a checksum, so it is kept", &**text)
    };
    let decision = format!("the file and the journal differ; {why}");
    let dropped = if is_whole { &**text } else { &*found };
    report.conflicts.push(Conflict::new(number, kept, decision).between(kept, dropped));
    if !is_whole {
        let text = if is_anonymous(&found) { anonymous(text) } else { Arc::clone(text) };
        rows.set(number, Cow::Owned(text.to_string()));
    }
    !is_whole
}

/// Numbers all rows from `first` on in the order of their times. At equal times the log's come
/// first, because another program wrote after the crash.
fn renumber<'a>(
    rows: &mut Rows<'a>,
    first: RowNumber,
    missing: Vec<(RowNumber, Cow<'a, str>)>,
    report: &mut FileReport,
) {
    let (before, behind): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|(number, _)| *number < first);
    for (number, text) in before {
        rows.set(number, text);
    }
    let mut all = behind;
    all.extend(rows.split_off(first));
    all.sort_by_cached_key(|(_, text)| times(text));
    for (number, (old, text)) in (first..).zip(all) {
        if old != number {
            let decision = format!(
                "both programs have used row numbers from {first} on, so these rows are numbered \
                 again by their times; this one had the number {old}"
            );
            report.conflicts.push(Conflict::new(number, &text, decision));
        }
        rows.set(number, text);
    }
}

fn times(row: &str) -> (Option<Timestamp>, Option<Timestamp>) {
    let fields = Fields::parse(row);
    let moment = |field| fields.as_ref().ok().and_then(|fields| fields.optional_moment(field));
    (moment("occurred_at"), moment("created_at"))
}

/// Anonymises the events that the log has anonymised, and all events of deleted accounts. Returns
/// whether anything changed.
pub(super) fn anonymize(
    rows: &mut Rows<'_>,
    past: &LogContents,
    renumbered: &Renumbered,
    gone: &HashSet<Arc<str>>,
) -> bool {
    let mut nobodys: HashSet<RowNumber> = HashSet::new();
    for patch in &past.patches {
        nobodys.insert(renumbered.get(&patch.row).copied().unwrap_or(patch.row));
    }
    let belongs_to_gone = |text: &str| {
        !gone.is_empty()
            && kind::text_of(text, TRACKING.owner).is_some_and(|owner| gone.contains(&owner))
    };
    let owned = rows.iter().filter_map(|(number, text)| {
        let is_chosen = nobodys.contains(&number) || belongs_to_gone(text);
        let anonymous = is_chosen.then(|| without_owner(text))?;
        (*anonymous != *text).then_some((number, anonymous))
    });
    let owned: Vec<(RowNumber, Arc<str>)> = owned.collect();
    let changed = !owned.is_empty();
    for (number, text) in owned {
        rows.set(number, Cow::Owned(text.to_string()));
    }
    changed
}

fn without_owner(text: &str) -> Arc<str> {
    anonymous(&with_room(text))
}

/// Updates the row numbers in the idempotency keys. A key is removed if its event is lost and a new
/// event would get the number: a repeat would return that event.
pub(super) fn follow(
    keys: &mut Rows<'_>,
    events: &Rows<'_>,
    renumbered: &Renumbered,
    report: &mut FileReport,
) -> bool {
    let mut changes = Vec::new();
    for (number, text) in keys.iter() {
        let fields = Fields::parse(text);
        let decoded = fields.ok().and_then(|fields| IdempotencyRecord::decode(&fields).ok());
        let Some(mut key) = decoded else { continue };
        let Some(event) = key.event() else { continue };
        let event_row = renumbered.get(&event.0).copied().unwrap_or(event.0);
        if event_row >= events.next_number() {
            changes.push((number, None));
        } else if event_row != event.0 {
            let old = IdempotencyRecord::clone(&key);
            key.result = KeyResult::Event(Seq(event_row));
            changes.push((number, Some(merge(text, &old, &key))));
        }
    }
    let is_changed = !changes.is_empty();
    for (number, text) in changes {
        if let Some(text) = text {
            keys.set(number, Cow::Owned(text.to_string()));
        } else {
            keys.remove(number);
            let decision = "its event is lost, so the key is removed: the next event will get \
                            the same number";
            let fields = Vec::new();
            let decision = decision.to_owned();
            report.conflicts.push(Conflict { row: number, id: None, decision, fields });
        }
    }
    is_changed
}

//! Compares the columns of a family's rows with their texts, and the numbers of its events.

use tokio_postgres::Row;

use super::family::Family;
use super::{Finding, FindingKind};
use crate::domain::{IdempotencyRecord, Timestamp};
use crate::repair::salvage::kind::TableKind;
use crate::store::json::damage::DamageKind;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::Record as _;
use crate::store::json::tracking;
use crate::store::postgres::Failure;
use crate::store::postgres::columns::{EventColumns, expires_at};
use crate::store::postgres::copy::storable;

/// The finding about a record whose columns differ from its text.
pub(super) fn of_record(
    kind: TableKind,
    family: &Family,
    number: RowNumber,
    row: &Row,
) -> Result<Option<Finding>, Failure> {
    let text: &str = row.try_get("row")?;
    // A row that is no record is damage, and is reported elsewhere.
    let (Some(key), Ok(fields)) = ((kind.key)(text), Fields::parse(text)) else { return Ok(None) };
    let mut names = Vec::new();
    if row.try_get::<_, &str>("id")? != storable((&*key).into()) {
        names.push("id");
    }
    let expiry = expires_at(kind.file, &fields).map(Timestamp::as_micros);
    let column: Option<i64> = row.try_get("expires_at")?;
    // A key expires by the clock of the database, and its text has the time of a server.
    let is_key = kind.file == IdempotencyRecord::FILE;
    let is_equal = if is_key { column.is_some() == expiry.is_some() } else { column == expiry };
    if !is_equal {
        names.push("expires_at");
    }
    let owner =
        fields.optional_text(kind.owner).map(|owner| storable((&*owner).into()).into_owned());
    let is_known = family.key == 0 || family.account.is_some();
    if is_known && owner.as_deref() != family.owner().filter(|_| family.key != 0) {
        names.push("family_id");
    }
    let message = || format!("{}: correct it with UPDATE, or restore a backup", differ(&names));
    let finding = || Finding::of_row(FindingKind::WrongColumn, kind.file, number, None, message());
    Ok((!names.is_empty()).then(finding))
}

/// What is wrong with columns, in words.
fn differ(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (columns, differ) =
        if names.len() == 1 { ("column", "differs") } else { ("columns", "differ") };
    format!("the {columns} {} {differ} from the text of the row", names.join(", "))
}

/// The events of a family, in the order of their numbers. Findings of one kind become one, so that a
/// damaged history needs no memory for each event.
#[derive(Default)]
pub(super) struct Numbers {
    last: Option<Last>,
    columns: Repeated,
    gaps: Repeated,
    positions: Repeated,
    owners: Repeated,
}

#[derive(Clone, Copy)]
struct Last {
    seq: i64,
    position: i64,
    occurred_at: i64,
}

/// The first finding of a kind, and the number of further events.
#[derive(Default)]
struct Repeated {
    first: Option<(RowNumber, String)>,
    more: i64,
}

impl Numbers {
    pub(super) fn add(&mut self, family: &Family, row: &Row) -> Result<(), Failure> {
        let seq: i64 = row.try_get("seq")?;
        let number = seq.unsigned_abs();
        let last = Last {
            seq,
            position: row.try_get("position")?,
            occurred_at: row.try_get("occurred_at")?,
        };
        let before = self.last.replace(last);
        let expected = before.map_or(1, |before| before.seq + 1);
        if seq > expected {
            let message = || "there is no event with this number".to_owned();
            self.gaps.add(expected.unsigned_abs(), seq - expected, message);
        }
        if let Some(before) = before.filter(|before| before.position >= last.position) {
            let message = || {
                format!(
                    "`xid` and `place` order it before event {}: the audit log can miss it",
                    before.seq
                )
            };
            self.positions.add(number, 1, message);
        }
        let Ok(fields) = Fields::parse(row.try_get("json")?) else { return Ok(()) };
        let names = EventColumns::of(&fields).differing(row)?;
        if !names.is_empty() {
            self.columns.add(number, 1, || differ(&names));
        }
        let owner = fields.optional_text("user_id");
        let owner = owner.as_ref().map(|owner| storable((&**owner).into()));
        if owner.as_deref().is_some_and(|owner| family.owner() != Some(owner)) {
            let message = || "it names another account than that of its family".to_owned();
            self.owners.add(number, 1, message);
        }
        Ok(())
    }

    pub(super) fn finish(mut self, family: &Family, findings: &mut Vec<Finding>) {
        let last = self.last.map_or(0, |last| last.seq);
        if last > family.seq {
            let message = format!(
                "no server can commit an event of this family, because the next one would have the \
                 number {} again: set `families.seq` to {last}",
                family.seq + 1
            );
            let damage = FindingKind::Damage(DamageKind::NoObject);
            let last = last.unsigned_abs();
            findings.push(Finding::of_row(damage, tracking::FILE, last, None, message));
        } else if last < family.seq {
            let message = || "there is no event with this number".to_owned();
            self.gaps.add((last + 1).unsigned_abs(), family.seq - last, message);
        }
        let time = self.last.map(|last| last.occurred_at);
        if time != family.last_occurred_at && last == family.seq {
            let message = "`families.last_occurred_at` is not the time of this event, which is the \
                           family's last one: correct it with UPDATE";
            let kind = FindingKind::WrongColumn;
            let last = last.unsigned_abs();
            findings.push(Finding::of_row(kind, tracking::FILE, last, None, message.to_owned()));
        }
        let wrong = FindingKind::WrongColumn;
        let correct = "correct them with UPDATE, or restore a backup";
        self.columns.finish(wrong, correct, findings);
        self.positions.finish(wrong, correct, findings);
        self.owners.finish(FindingKind::BrokenReference, "move it, or restore a backup", findings);
        self.gaps.finish(FindingKind::MissingEvents, "restore a backup", findings);
    }
}

impl Repeated {
    fn add(&mut self, number: RowNumber, count: i64, message: impl FnOnce() -> String) {
        if self.first.is_none() {
            self.first = Some((number, message()));
            self.more += count - 1;
        } else {
            self.more += count;
        }
    }

    /// `advice` is what an operator can do.
    fn finish(self, kind: FindingKind, advice: &str, findings: &mut Vec<Finding>) {
        let Some((number, message)) = self.first else { return };
        let more = match self.more {
            0 => String::new(),
            1 => ", and the same is true of one more event of the family".to_owned(),
            more => format!(", and the same is true of {more} more events of the family"),
        };
        let message = format!("{message}{more}: {advice}");
        findings.push(Finding::of_row(kind, tracking::FILE, number, None, message));
    }
}

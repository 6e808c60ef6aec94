//! Finds all faults of a damaged file. A start needs only the first one.

use std::path::Path;

use crate::repair::salvage::kind::TableKind;
use crate::repair::salvage::read::{FoundRow, Gap, read};
use crate::store::json::damage::{Damage, DamageKind};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::{DEFAULT_TABLE, row_number};
use crate::store::json::tinydb::pyjson::{self, Scanner};

/// What a damaged file contains.
pub(super) struct Faults<'a> {
    /// The faults, in the order of the file. The first one that a start finds is among them or
    /// within the bytes of one.
    pub(super) damage: Vec<Damage>,
    /// The rows that can be read, and where their texts begin.
    pub(super) rows: Vec<(RowNumber, u64, &'a str)>,
}

/// Reads a damaged file as far as that is possible. `known` is the fault that a start has found.
pub(super) fn find<'a>(
    path: &Path,
    bytes: &'a [u8],
    kind: TableKind,
    known: &Damage,
) -> Faults<'a> {
    let mut faults = Faults { damage: Vec::new(), rows: Vec::new() };
    // In a file with another encoding, no further fault can be recognised.
    if Damage::other_format(path, bytes).is_some() {
        return faults;
    }
    let reading = read(bytes, &|row| (kind.key)(row).is_some());
    // What follows a whole text is one fault, which a start finds.
    for FoundRow { number, at, text, .. } in reading.rows.iter().filter(|row| !row.is_remains) {
        match number {
            Some(number) => {
                let byte = text.as_ptr().addr() - bytes.as_ptr().addr();
                faults.rows.push((*number, byte as u64, text));
            }
            None => faults.damage.push(Damage::row_name(path, *at as u64)),
        }
    }
    for gap in reading.gaps.iter().filter(|gap| !gap.is_remains) {
        faults.damage.extend(in_gap(path, bytes, gap, known));
    }
    faults.damage.sort_by_key(|damage| damage.byte);
    faults.damage.dedup_by_key(|damage| damage.byte);
    faults
}

/// The faults of bytes that no row was read from: at least one.
fn in_gap(path: &Path, bytes: &[u8], gap: &Gap, known: &Damage) -> Vec<Damage> {
    let range = gap.bytes.start as u64..gap.bytes.end as u64;
    let is_here =
        |byte: u64| range.contains(&byte) || byte == range.end && gap.bytes.end == bytes.len();
    let quotes = memchr::memchr_iter(b'"', &bytes[gap.bytes.clone()]);
    let rows = quotes.map(|at| gap.bytes.start + at).filter(|at| is_row(&bytes[*at..]));
    let mut found = Vec::new();
    for start in std::iter::once(gap.bytes.start).chain(rows) {
        let mut next = Some(start);
        while let Some(start) = next.filter(|start| *start < gap.bytes.end) {
            let (damage, end) = of_member(path, bytes, start);
            found.extend(damage.filter(|damage| is_here(damage.byte)));
            let is_between = |byte: &&u8| byte.is_ascii_whitespace() || **byte == b',';
            next = end.map(|end| end + bytes[end..].iter().take_while(is_between).count());
            // The table ends after its last member.
            next = next.filter(|next| bytes.get(*next) == Some(&b'"'));
        }
    }
    found.sort_by_key(|damage| damage.byte);
    found.dedup_by_key(|damage| damage.byte);
    if found.is_empty() && !is_here(known.byte) {
        let cause = "a brace or a quotation mark is missing in this row, or there is one too many";
        found.push(Damage::new(DamageKind::NotJson, path, range.start, cause));
    }
    found
}

/// Whether a row begins there.
fn is_row(text: &[u8]) -> bool {
    let mut scanner = Scanner::new(text);
    let Ok(name) = scanner.name() else { return false };
    let name = std::str::from_utf8(&text[name]).ok();
    name.and_then(row_number).is_some() && scanner.peek() == Some(b'{')
}

/// The fault of the member (a table or a row) that starts there, and the end of the member. Each is
/// `None` if there is none.
fn of_member(path: &Path, bytes: &[u8], start: usize) -> (Option<Damage>, Option<usize>) {
    let rest = &bytes[start..];
    let mut scanner = Scanner::new(rest);
    let member = scanner.name().and_then(|name| Ok((name, scanner.value()?)));
    let (name, value) = match member {
        Ok(parts) => parts,
        Err(fault) => return (Some(Damage::not_json(path, start as u64, rest, fault)), None),
    };
    let text = match std::str::from_utf8(&rest[..value.end]) {
        Ok(text) => text,
        Err(error) => return (Some(Damage::not_utf8(path, start as u64, error)), None),
    };
    let is_table = pyjson::decode_string(&text[name.clone()]).as_deref() == Some(DEFAULT_TABLE);
    let end = Some(start + value.end);
    if !is_table && row_number(&text[name.clone()]).is_none() {
        return (Some(Damage::row_name(path, (start + name.start) as u64)), end);
    }
    let cause = if is_table { "this table is not an object" } else { "this row is not an object" };
    let byte = (start + value.start) as u64;
    let is_object = text[value].starts_with('{');
    let damage = || Damage::new(DamageKind::NoObject, path, byte, cause);
    ((!is_object).then(damage), end)
}

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::pyjson;

/// A kind of record with a table of its own: how it stands in a row.
pub(crate) trait Record: Clone + Send + Sync + 'static {
    /// The file that its table is in.
    const FILE: &'static str;
    /// The field that says which account a row belongs to.
    const OWNER: &'static str = "user_id";

    /// Reads a record from a row's fields.
    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable>;

    /// Writes the fields that Goldstar knows, in the order of a new row. Every record of a kind has
    /// the same, though some may be absent.
    fn encode(&self, row: &mut Encoder);

    /// What it is found by; unique within the table.
    fn key(&self) -> Arc<str>;

    /// What it is listed by; none where nothing lists it.
    fn group(&self) -> Option<Arc<str>>;

    /// What else it is listed by: smaller lists than its group, so that none of them is found by a
    /// search through the group.
    fn lists(&self) -> Vec<Arc<str>> {
        Vec::new()
    }
}

/// The name of a list in [`Record::lists`]. The lengths keep ids apart, whatever is in them.
pub(crate) fn list_name(kind: char, ids: &[&str]) -> Arc<str> {
    let mut name = String::from(kind);
    for id in ids {
        name.push_str(&id.len().to_string());
        name.push(':');
        name.push_str(id);
    }
    name.into()
}

/// The fields of a record.
fn encoded<R: Record>(record: &R) -> Encoder {
    let mut encoder = Encoder::new();
    record.encode(&mut encoder);
    encoder
}

/// The row of a new record.
pub(crate) fn new_row<R: Record>(record: &R) -> Arc<str> {
    encoded(record).into_row().into()
}

/// Whether a row is what a new record would have: nothing in it is unknown, or in another form.
pub(crate) fn is_new_row<R: Record>(row: &str, record: &R) -> bool {
    encoded(record).is(row)
}

/// The row that a record becomes where `row` stood before, which reads as `old`. Fields that don't
/// change, unknown ones above all, keep their text and their place, or their absence.
pub(crate) fn merge<R: Record>(row: &str, old: &R, new: &R) -> Arc<str> {
    let (old, new) = (encoded(old), encoded(new));
    let Ok(row) = Fields::parse(row) else { return new.into_row().into() };
    let mut out = String::with_capacity(row.fields.len() * 32);
    // What reads the same as before stays as it was written.
    let pairs = new.fields().zip(old.fields());
    let mut changed: Vec<_> = pairs.filter(|(new, old)| new != old).map(|(new, _)| new).collect();
    for field in &row.fields {
        let value = match changed.iter().position(|(name, _)| field.is(name)) {
            Some(position) => changed.remove(position).1,
            None => field.value,
        };
        push_field(&mut out, |out| out.push_str(field.raw_name), value);
    }
    for (name, value) in changed {
        push_field(&mut out, |out| pyjson::push_string(out, name), value);
    }
    out.push_str(if out.is_empty() { "{}" } else { "}" });
    out.into()
}

/// Appends a field to an object; one without a value is absent.
fn push_field(out: &mut String, push_name: impl FnOnce(&mut String), value: &str) {
    if value.is_empty() {
        return;
    }
    out.push_str(if out.is_empty() { "{" } else { ", " });
    push_name(out);
    out.push_str(": ");
    out.push_str(value);
}

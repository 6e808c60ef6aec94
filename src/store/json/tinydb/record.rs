use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::pyjson;
use crate::domain::UserId;

/// A kind of record that has its own table.
pub(crate) trait Record: Clone + Send + Sync + 'static {
    /// The file of its table.
    const FILE: &'static str;
    /// The field with the id of the account that a row belongs to.
    const OWNER: &'static str = "user_id";

    /// Reads a record from a row's fields.
    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable>;

    /// Writes the known fields in the order of a new row. All records of a kind write the same
    /// fields; some may be absent.
    fn encode(&self, row: &mut Encoder);

    /// The key, unique within the table.
    fn key(&self) -> Arc<str>;

    /// The group that it is listed in; `None` if it is in no group.
    fn group(&self) -> Option<Arc<str>>;

    /// Further lists that it is in, so that no look-up searches a whole group.
    fn lists(&self) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// Its fields that Goldstar does not know.
    fn extra(&self) -> &[(Box<str>, Box<str>)] {
        &[]
    }

    /// The id of its account, if it has that in a field: equal ids share one text.
    fn owner_mut(&mut self) -> Option<&mut UserId> {
        None
    }

    /// Its place in an ordered list.
    fn place(&self) -> Option<Place> {
        None
    }
}

/// An ordered list of a table, and the number by which it orders a record.
pub(crate) type Place = (Arc<str>, i64);

/// The name of a list in [`Record::lists`]. Lengths keep any ids distinct.
pub(crate) fn list_name(kind: char, ids: &[&str]) -> Arc<str> {
    let mut name = String::from(kind);
    for id in ids {
        name.push_str(&id.len().to_string());
        name.push(':');
        name.push_str(id);
    }
    name.into()
}

/// The lists of a request: those of its child, of its task or reward, and of both.
pub(crate) fn request_lists(user_id: &UserId, child: &str, entity: &str) -> Vec<Arc<str>> {
    let user = user_id.as_str();
    vec![
        list_name('c', &[user, child]),
        list_name('r', &[user, entity]),
        list_name('p', &[user, child, entity]),
    ]
}

fn encoded<R: Record>(record: &R) -> Encoder {
    let mut encoder = Encoder::new();
    record.encode(&mut encoder);
    encoder
}

/// The row of a new record.
pub(crate) fn new_row<R: Record>(record: &R) -> Arc<str> {
    new_text(record).into()
}

/// The same in a text of its own.
pub(crate) fn new_text<R: Record>(record: &R) -> String {
    encoded(record).into_row()
}

/// The row of a record with these fields, whose names are JSON text. Fields that Goldstar does not know are those of
/// [`Record::extra`].
pub(crate) fn text_of<R: Record>(record: &R, names: &[Box<str>]) -> String {
    let encoded = encoded(record);
    let extra = record.extra();
    let mut out = String::with_capacity(512);
    for raw_name in names {
        let name = raw_name.trim_matches('"');
        let unknown = extra.iter().find(|(other, _)| **other == *name);
        let known = || encoded.fields().find(|(other, _)| *other == name);
        let value = unknown.map(|(_, value)| &**value).or_else(|| Some(known()?.1));
        push_field(&mut out, |out| out.push_str(raw_name), value.unwrap_or_default());
    }
    out.push_str(if out.is_empty() { "{}" } else { "}" });
    out
}

/// Whether a row equals the row of a new record: no unknown fields, and no other form.
pub(crate) fn is_new_row<R: Record>(row: &str, record: &R) -> bool {
    encoded(record).is(row)
}

/// The row of `new`, made from the row of `old`. Unknown fields, and fields whose value does not
/// change, keep their text and place.
pub(crate) fn merge<R: Record>(row: &str, old: &R, new: &R) -> Arc<str> {
    let (old, new) = (encoded(old), encoded(new));
    let Ok(row) = Fields::parse(row) else { return new.into_row().into() };
    let mut out = String::with_capacity(row.fields.len() * 32);
    // Unchanged values keep their text.
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

/// Appends a field to an object, unless its value is empty (absent).
fn push_field(out: &mut String, push_name: impl FnOnce(&mut String), value: &str) {
    if value.is_empty() {
        return;
    }
    out.push_str(if out.is_empty() { "{" } else { ", " });
    push_name(out);
    out.push_str(": ");
    out.push_str(value);
}

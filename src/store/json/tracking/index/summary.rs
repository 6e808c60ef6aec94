use crate::domain::{Action, EntityType, Timestamp};
use crate::store::json::tinydb::RowNumber;

/// An event's position in the index: the order of the file.
pub(crate) type Position = u32;

/// The indexed fields of an event; the rest is read from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary<'a> {
    pub(crate) row: RowNumber,
    pub(crate) place: Place,
    pub(crate) id: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) child_id: &'a str,
    pub(crate) entity_id: &'a str,
    pub(crate) kind: EventKind,
    pub(crate) occurred_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

/// What the index contains of an event: numbers instead of its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) number: RowNumber,
    pub(super) place: Place,
    /// The [`id_hash`] of its id.
    pub(super) id: u32,
    pub(super) user: u32,
    pub(super) child: u32,
    pub(super) entity: u32,
    pub(super) kind: u8,
    /// In microseconds.
    pub(super) occurred: i64,
    pub(super) created: i64,
}

/// The hash by which the index finds events.
pub(crate) fn id_hash(id: &str) -> u32 {
    crc32fast::hash(id.as_bytes())
}

/// The place of a row's text in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) row: RowNumber,
    pub(crate) place: Place,
    /// Its position in the index.
    pub(crate) at: usize,
    /// Whether it has an account.
    pub(crate) is_owned: bool,
}

/// An event's type and action in one byte. Unknown words have a code that no filter matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventKind(pub(super) u8);

/// The number of possible kinds.
pub(super) const KINDS: usize = 64;

impl EventKind {
    const UNKNOWN: u8 = 7;

    pub(crate) fn parse(entity_type: &str, action: &str) -> Self {
        let entity_type = EntityType::parse(entity_type).map(|kind| kind as u8);
        let action = Action::parse(action).map(|action| action as u8);
        Self(entity_type.unwrap_or(Self::UNKNOWN) << 3 | action.unwrap_or(Self::UNKNOWN))
    }
}

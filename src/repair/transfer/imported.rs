//! What an import has read.

use std::collections::BTreeMap;

use crate::domain::Position;

/// The number of positions of one transaction.
pub(super) const PLACES: u16 = u16::MAX;

/// What was imported.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The number of records of each file.
    pub records: BTreeMap<&'static str, usize>,
    pub events: u64,
    /// The rows that are no records, the other tables, and the other files, which were kept as text.
    pub kept: Vec<String>,
    /// The files that were not imported.
    pub left_out: Vec<String>,
    /// The number of sessions, which were not imported.
    pub sessions: usize,
}

impl Imported {
    /// The position of the last event in the order of followers.
    pub(super) fn last_position(&self) -> Position {
        let Some(last) = self.events.checked_sub(1) else { return Position::START };
        let (xid, place) = place_of(last);
        Position((xid << 16) + u64::from(place))
    }
}

/// The number of a transaction before the import, and the place in it, of the event after `before`
/// others. Several events at one position would not be read by followers.
pub(super) fn place_of(before: u64) -> (u64, u16) {
    let place = u16::try_from(before % u64::from(PLACES)).unwrap_or_default();
    (before / u64::from(PLACES) + 1, place + 1)
}

/// The last event of each family.
#[derive(Default)]
pub(super) struct LastEvents {
    pub(super) keys: Vec<i64>,
    pub(super) seqs: Vec<i64>,
    pub(super) times: Vec<Option<i64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_events_share_a_position() {
        assert_eq!(place_of(0), (1, 1));
        assert_eq!(place_of(65_534), (1, 65_535));
        assert_eq!(place_of(65_535), (2, 1));
        let imported = Imported { events: 65_536, ..Imported::default() };
        assert_eq!(imported.last_position(), Position((2 << 16) + 1));
        assert_eq!(Imported::default().last_position(), Position::START);
    }
}

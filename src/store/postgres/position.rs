//! The positions of events in the order of followers: the number of a transaction, and a place in it.

use crate::domain::Position;

/// The number of places of a transaction.
pub(crate) const PLACES: u64 = u16::MAX as u64;

/// The transaction's number and the place, as parameters of a statement.
pub(super) fn parts(Position(position): Position) -> (String, i32) {
    ((position >> 16).to_string(), i32::from((position & 0xffff) as u16))
}

/// The number of a transaction before all others, and the place in it, of the event after `before`
/// others. Several events at one position would not be read by followers.
pub(crate) fn place_of(before: u64) -> (u64, u16) {
    let place = u16::try_from(before % PLACES).unwrap_or_default();
    (before / PLACES + 1, place + 1)
}

/// The position of the last of so many events that were placed by [`place_of`].
pub(crate) fn last_of(events: u64) -> Position {
    let Some(last) = events.checked_sub(1) else { return Position::START };
    let (xid, place) = place_of(last);
    Position((xid << 16) + u64::from(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_events_share_a_position() {
        assert_eq!(place_of(0), (1, 1));
        assert_eq!(place_of(65_534), (1, 65_535));
        assert_eq!(place_of(65_535), (2, 1));
        assert_eq!(last_of(65_536), Position((2 << 16) + 1));
        assert_eq!(last_of(0), Position::START);
    }
}

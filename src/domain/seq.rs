use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The sequence number of an event. It increases by at least one with each event of a family, in
/// the order of the commits. Numbers of different families cannot be compared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before every event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A position in the order in which a store returns the whole history.
///
/// Only the store that returned it can interpret it. It is independent of sequence numbers, and
/// events of one transaction may share a position.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before every event.
    pub const START: Self = Self(0);

    /// A position before this one, with no event between the two.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// A position in the order in which a store returns the messages of all families. It is independent of
/// those of the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessagePosition {
    /// The transaction, if the store orders messages by it.
    pub transaction: u64,
    /// The number of the message.
    pub number: u64,
}

/// Identifies one numbering of the events. It changes when events may have received other numbers:
/// stream ids from before cannot be compared with new ones. A directory that was never renumbered
/// has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epoch(Option<Arc<str>>);

impl Epoch {
    /// The epoch with that name; no epoch unless the name is 1 to 32 ASCII letters and digits.
    pub fn from_stored(name: &str) -> Self {
        let is_valid =
            (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        Self(is_valid.then(|| name.into()))
    }

    /// The id of an event in an event stream: `7`, or `<epoch>-7`.
    pub fn stream_id(&self, seq: Seq) -> String {
        match &self.0 {
            Some(name) => format!("{name}-{seq}"),
            None => seq.to_string(),
        }
    }

    /// The number in a stream id of this epoch.
    pub fn seq_of(&self, stream_id: &str) -> Option<Seq> {
        let number = match &self.0 {
            Some(name) => stream_id.strip_prefix(&**name)?.strip_prefix('-')?,
            None => stream_id,
        };
        number.parse().ok().map(Seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_valid_in_its_own_epoch_only() {
        let (first, second) = (Epoch::default(), Epoch::from_stored("k3"));
        assert_eq!(
            (first.stream_id(Seq(7)), second.stream_id(Seq(7))),
            ("7".into(), "k3-7".into())
        );
        for (id, in_first, in_second) in [
            ("7", Some(7), None),
            ("k3-7", None, Some(7)),
            ("k4-7", None, None),
            ("k3--7", None, None),
            ("k37", None, None),
            ("", None, None),
        ] {
            assert_eq!(first.seq_of(id), in_first.map(Seq), "{id}");
            assert_eq!(second.seq_of(id), in_second.map(Seq), "{id}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_part_of_an_id_is_no_epoch() {
        for name in ["", "a-b", "a b", "a\n", &"a".repeat(33)] {
            assert_eq!(Epoch::from_stored(name), Epoch::default(), "{name}");
        }
    }
}

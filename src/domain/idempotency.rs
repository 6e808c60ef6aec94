use std::sync::Arc;
use std::time::Duration;

use super::{Invalid, RowNumber, Timestamp, UserId};

/// A client's name for one mutation, by which a repeat of it is known: 1 to 255 printable ASCII
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The most bytes that a key may have.
    pub const MAX_BYTES: usize = 255;

    /// Checks a key from a request's header.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let usable = (1..=Self::MAX_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !usable {
            let rule = "must be 1 to 255 printable ASCII characters";
            return Err(Invalid::new("Idempotency-Key", rule));
        }
        Ok(Self(text.into()))
    }

    /// A key as a file holds it.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of a mutation that came with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The account that sent it.
    pub user_id: UserId,
    /// The key, which is the account's own.
    pub key: IdempotencyKey,
    /// The mutation's [`Mutation::fingerprint`].
    pub fingerprint: Arc<str>,
    /// The event that it became.
    pub event_row: RowNumber,
    /// When.
    pub created_at: Timestamp,
}

impl IdempotencyRecord {
    /// How long a key is remembered.
    pub const LIFETIME: Duration = Duration::from_hours(24);

    /// Whether a repeat is still answered at that time.
    pub fn is_live(&self, time: &KeyTime) -> bool {
        time.now < time.of(self).after(Self::LIFETIME)
    }
}

/// The time by which keys are over: the one at the server's start, and what has really passed since. A
/// clock that is set ahead or back while the server runs ends no key early and keeps none for longer.
#[derive(Clone, Debug)]
pub struct KeyTime {
    /// When the server started.
    pub start: Timestamp,
    /// The last event before that.
    pub start_row: RowNumber,
    /// The time now.
    pub now: Timestamp,
    /// The last event before each jump of the clock since, and by how many microseconds the clock was
    /// ahead of this time after it.
    pub jumps: Arc<[(RowNumber, i64)]>,
}

impl KeyTime {
    /// When no clock jumps.
    pub fn at(now: Timestamp) -> Self {
        Self { start: now, start_row: RowNumber::MAX, now, jumps: [].into() }
    }

    /// When a key was used, by this time: before the start, if the last run used it.
    fn of(&self, key: &IdempotencyRecord) -> Timestamp {
        if key.event_row <= self.start_row {
            return key.created_at.min(self.start);
        }
        let mut before = self.jumps.iter().rev().filter(|(row, _)| *row < key.event_row);
        let created_at = key.created_at.as_micros();
        let ahead = before.next().map_or(0, |(_, ahead)| *ahead);
        Timestamp::from_micros(created_at - ahead).min(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_bounded() {
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_ok());
        for bad in ["", "a\nb", "ключ", &"k".repeat(256)] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_lives_for_a_day_whatever_the_clock_does() {
        let hours = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        let key = |event_row, created_at| IdempotencyRecord {
            user_id: "u".into(),
            key: IdempotencyKey::from_stored("k"),
            fingerprint: "f".into(),
            event_row,
            created_at: hours(created_at),
        };
        // The clock was set ahead by 1,000 hours after row 5, and back by 3,000 after row 7.
        let jumps = [(5, 1000), (7, -2000)].map(|(row, ahead)| (row, ahead * 3_600_000_000));
        let at =
            |now| KeyTime { start: hours(0), start_row: 4, now: hours(now), jumps: jumps.into() };
        let keys =
            [(3, 500, 0), (4, -5, -5), (5, 1, 1), (6, 1003, 3), (7, 1004, 4), (8, -1990, 10)];
        for (row, created_at, used) in keys {
            assert!(key(row, created_at).is_live(&at(used + 23)), "row {row}");
            assert!(!key(row, created_at).is_live(&at(used + 24)), "row {row}");
        }
    }
}

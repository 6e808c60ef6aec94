use std::sync::Arc;
use std::time::Duration;

use super::{Invalid, Position, Seq, Timestamp, UserId};

/// A client's name for one request, which identifies a repeat of it: 1 to 255 printable ASCII
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    pub const MAX_BYTES: usize = 255;

    /// Checks a key from a request header.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let usable = (1..=Self::MAX_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !usable {
            let rule = "must be 1 to 255 printable ASCII characters";
            return Err(Invalid::new("Idempotency-Key", rule));
        }
        Ok(Self(text.into()))
    }

    /// A key from a file, which is not checked.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The result of a mutation that was sent with a key. A repeat returns its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The account that sent the mutation. Keys of different accounts are independent.
    pub user_id: UserId,
    pub key: IdempotencyKey,
    /// The mutation's [`super::Mutation::fingerprint`].
    pub fingerprint: Arc<str>,
    pub event: Seq,
    pub life: KeyLife,
    pub created_at: Timestamp,
}

/// Which clock decides whether a key is still valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLife {
    /// The clock of the server. Contains the position of the key's event.
    OfServer(Position),
    /// The clock of the database, which several servers share. `is_live` tells whether the key was valid
    /// when it was read.
    OfDatabase { is_live: bool },
}

impl IdempotencyRecord {
    pub const LIFETIME: Duration = Duration::from_hours(24);

    /// Whether a repeat at that time still returns the event.
    pub fn is_live(&self, time: &KeyTime) -> bool {
        match self.life {
            KeyLife::OfServer(position) => {
                time.now < time.of(self.created_at, position).after(Self::LIFETIME)
            }
            KeyLife::OfDatabase { is_live } => is_live,
        }
    }
}

/// The time by which keys expire: the wall clock at the start of the server plus the time elapsed by a
/// monotonic clock. Setting the clock while the server runs does not change a key's lifetime.
#[derive(Clone, Debug)]
pub struct KeyTime {
    /// The wall clock when the server started.
    pub start: Timestamp,
    /// The last event before the start.
    pub start_position: Position,
    pub now: Timestamp,
    /// For each jump of the wall clock since: the last event before it, and how many microseconds the
    /// wall clock was ahead of this time after it.
    pub jumps: Arc<[(Position, i64)]>,
}

impl KeyTime {
    /// The time if the clock has not jumped.
    pub fn at(now: Timestamp) -> Self {
        Self { start: now, start_position: Position(u64::MAX), now, jumps: [].into() }
    }

    /// When a key was used, corrected for jumps of the wall clock.
    fn of(&self, created_at: Timestamp, position: Position) -> Timestamp {
        if position <= self.start_position {
            return created_at.min(self.start);
        }
        let mut before = self.jumps.iter().rev().filter(|(jump, _)| *jump < position);
        let created_at = created_at.as_micros();
        let ahead = before.next().map_or(0, |(_, ahead)| *ahead);
        Timestamp::from_micros(created_at - ahead).min(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_ok());
        for bad in ["", "a\nb", "ключ", &"k".repeat(256)] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_expires_after_a_day_even_if_the_clock_jumps() {
        let hours = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        let key = |row, created_at| IdempotencyRecord {
            user_id: "u".into(),
            key: IdempotencyKey::from_stored("k"),
            fingerprint: "f".into(),
            event: Seq(row),
            life: KeyLife::OfServer(Position(row)),
            created_at: hours(created_at),
        };
        // The clock was set ahead by 1,000 hours after row 5, and back by 3,000 after row 7.
        let jumps =
            [(5, 1000), (7, -2000)].map(|(row, ahead)| (Position(row), ahead * 3_600_000_000));
        let at = |now| KeyTime {
            start: hours(0),
            start_position: Position(4),
            now: hours(now),
            jumps: jumps.into(),
        };
        let keys =
            [(3, 500, 0), (4, -5, -5), (5, 1, 1), (6, 1003, 3), (7, 1004, 4), (8, -1990, 10)];
        for (row, created_at, used) in keys {
            assert!(key(row, created_at).is_live(&at(used + 23)), "row {row}");
            assert!(!key(row, created_at).is_live(&at(used + 24)), "row {row}");
        }
    }
}

use std::sync::Arc;
use std::time::Duration;

use super::{Invalid, Seq, Timestamp, UserId};

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

/// The result of a request that was sent with a key. A repeat returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The account that sent the request. Keys of different accounts are independent.
    pub user_id: UserId,
    pub key: IdempotencyKey,
    /// Identifies what the request does, such as [`super::Mutation::fingerprint`].
    pub fingerprint: Arc<str>,
    pub result: KeyResult,
    pub life: KeyLife,
    pub created_at: Timestamp,
}

/// What the first request with a key has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyResult {
    /// The event of a mutation.
    Event(Seq),
    /// The id of a new record. The fingerprint tells its kind.
    Record(Arc<str>),
}

/// Which clock decides whether a key is still valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLife {
    /// The clock of the server. Contains [`KeyTime::now`] of the use; `None` if the server has started
    /// since.
    OfServer { used_at: Option<Timestamp> },
    /// The clock of the database, which several servers share. `is_live` tells whether the key was valid
    /// when it was read.
    OfDatabase { is_live: bool },
}

impl IdempotencyRecord {
    pub const LIFETIME: Duration = Duration::from_hours(24);

    /// The event that a repeat returns; `None` if it returns a record.
    pub fn event(&self) -> Option<Seq> {
        match self.result {
            KeyResult::Event(event) => Some(event),
            KeyResult::Record(_) => None,
        }
    }

    /// Whether a repeat at that time still returns the first result.
    pub fn is_live(&self, time: &KeyTime) -> bool {
        match self.life {
            KeyLife::OfServer { used_at } => {
                // A key from the future counts from the start.
                let used_at = used_at.unwrap_or_else(|| self.created_at.min(time.start));
                time.now < used_at.after(Self::LIFETIME)
            }
            KeyLife::OfDatabase { is_live } => is_live,
        }
    }
}

/// The time by which keys expire: the wall clock at the start of the server plus the time elapsed by a
/// monotonic clock. Setting the clock while the server runs does not change a key's lifetime.
#[derive(Clone, Copy, Debug)]
pub struct KeyTime {
    /// The wall clock when the server started.
    pub start: Timestamp,
    pub now: Timestamp,
}

impl KeyTime {
    /// The time at the start of a server.
    pub fn at(now: Timestamp) -> Self {
        Self { start: now, now }
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
    fn a_key_expires_after_a_day_whatever_the_wall_clock_showed() {
        let hours = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        let key = |used_at: Option<i64>, created_at| IdempotencyRecord {
            user_id: "u".into(),
            key: IdempotencyKey::from_stored("k"),
            fingerprint: "f".into(),
            result: KeyResult::Event(Seq(1)),
            life: KeyLife::OfServer { used_at: used_at.map(hours) },
            created_at: hours(created_at),
        };
        let at = |now| KeyTime { start: hours(0), now: hours(now) };
        // Used after the start, while the wall clock was right, ahead and behind; and before the start.
        for (used_at, created_at, from) in [
            (Some(1), 1, 1),
            (Some(3), 1003, 3),
            (Some(10), -1990, 10),
            (None, -5, -5),
            (None, 500, 0),
        ] {
            let key = key(used_at, created_at);
            assert!(key.is_live(&at(from + 23)), "{key:?}");
            assert!(!key.is_live(&at(from + 24)), "{key:?}");
        }
    }
}

//! An account's log that is behind.

use crate::domain::Position;
use crate::domain::Timestamp;

/// The longest wait between two tries, in calls of `retry`: about two seconds.
const MAX_WAIT: u32 = 2;

/// The event of a log's last line, in the form of the line; `None` if there is no line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastLine(pub(super) Option<String>);

/// How far a log is behind, and why.
#[derive(Debug)]
pub(super) struct Lag {
    /// Every event up to this row has its line.
    pub(super) after: Position,
    /// Whether the log holds exactly the lines up to `after`. Otherwise it may hold some of the next
    /// ones too, or a part of one.
    pub(super) surveyed: bool,
    /// The log's last line at the last survey, from which `after` is known; none before the first.
    pub(super) seen: Option<LastLine>,
    /// Up to which row the events behind `after` were looked at, and the earliest time of these.
    pub(super) oldest: Option<(Position, Timestamp)>,
    /// Whether a sync of the log failed: what it seems to hold may be on no disk, and no later sync
    /// of that file would tell.
    pub(super) renew: bool,
    /// How many lines it lacks, as far as is known.
    pub(super) backlog: usize,
    /// Whether the last try failed.
    pub(super) failing: bool,
    pub(super) backoff: Backoff,
}

impl Lag {
    /// A log that lacks lines after a row, due at once.
    pub(super) fn after(row: Position) -> Self {
        Self {
            after: row,
            surveyed: false,
            seen: None,
            oldest: None,
            renew: false,
            backlog: 0,
            failing: false,
            backoff: Backoff::default(),
        }
    }

    /// Notes that the lines up to `row` are written.
    pub(super) fn advance(&mut self, row: Position, lines: usize) {
        self.after = row;
        self.backlog = self.backlog.saturating_sub(lines);
    }
}

/// Waits one tick after the first failure, and two after each further one.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    delay: u32,
    wait: u32,
}

impl Backoff {
    /// Counts a tick; whether it is time to try.
    pub(super) fn tick(&mut self) -> bool {
        self.wait = self.wait.saturating_sub(1);
        self.wait == 0
    }

    pub(super) fn failed(&mut self) {
        self.delay = (self.delay * 2).clamp(1, MAX_WAIT);
        self.wait = self.delay;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_two_ticks_at_most() {
        let mut backoff = Backoff::default();
        let mut waits = Vec::new();
        for _ in 0..4 {
            backoff.failed();
            let mut ticks = 1;
            while !backoff.tick() {
                ticks += 1;
            }
            waits.push(ticks);
        }
        assert_eq!(waits, [1, 2, 2, 2]);
    }
}

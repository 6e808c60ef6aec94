use crate::domain::Position;
use crate::domain::Timestamp;

/// The longest wait between two attempts, in calls of `retry`; about two seconds.
const MAX_WAIT: u32 = 2;

/// The event of a log's last line, in the form of [`super::line::value`]; `None` if there is no
/// line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastLine(pub(super) Option<String>);

/// How many lines a log lacks, and why.
#[derive(Debug)]
pub(super) struct Lag {
    /// Every event up to this row has its line.
    pub(super) after: Position,
    /// Whether the log contains exactly the lines up to `after`. If not, it may contain some of the
    /// next lines too, or a part of one.
    pub(super) surveyed: bool,
    /// The log's last line when it was last read; `after` was computed from it. `None` if it was
    /// not read yet.
    pub(super) seen: Option<LastLine>,
    /// Up to which row the events after `after` were read, and the earliest time of these events.
    pub(super) oldest: Option<(Position, Timestamp)>,
    /// Whether a sync of the log failed. Then lines that can be read may not be on the disk, and a
    /// later sync of the same file would not report that.
    pub(super) renew: bool,
    /// The number of missing lines, as far as it is known.
    pub(super) backlog: usize,
    /// Whether the last attempt failed.
    pub(super) failing: bool,
    pub(super) backoff: Backoff,
}

impl Lag {
    /// A log that lacks lines after a row. The first attempt is due at once.
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
    /// Counts a tick. Returns whether an attempt is due.
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

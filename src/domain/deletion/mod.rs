//! When a marked account is deleted, how a failed deletion is retried, and which clock decides.

mod due_clock;

pub use due_clock::{ClockReading, DueClock};

use std::time::Duration;

use super::Timestamp;

/// The name of the setting that contains the threshold in hours, if an administrator has set one.
pub const THRESHOLD: &str = "account_deletion_threshold_hours";
/// The name of the setting that contains the time, in Unix seconds, of the first start on a directory
/// in which another program has marked accounts; null until a server has started.
pub const FIRST_START: &str = "account_deletion_first_start";

/// The state of an account that is marked for deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When the account was marked; [`Timestamp::MAX`] if the stored time cannot be read.
    pub marked_at: Timestamp,
    /// Whether an attempt is running, or was interrupted and continues with the next run.
    pub in_progress: bool,
    /// When the last attempt started.
    pub attempted_at: Option<Timestamp>,
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// How long a marked account waits for its deletion, in whole hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold(u16);

impl Threshold {
    /// A day, so that there is time to change one's mind.
    pub const MIN_HOURS: u16 = 24;
    /// A year.
    pub const MAX_HOURS: u16 = 8760;

    /// `None` if `hours` is out of bounds.
    pub fn from_hours(hours: i64) -> Option<Self> {
        let hours = u16::try_from(hours).ok()?;
        (Self::MIN_HOURS..=Self::MAX_HOURS).contains(&hours).then_some(Self(hours))
    }

    pub fn hours(self) -> u16 {
        self.0
    }

    pub fn duration(self) -> Duration {
        Duration::from_hours(self.0.into())
    }

    pub fn due_at(self, marked_at: Timestamp) -> Timestamp {
        marked_at.after(self.duration())
    }
}

/// The settings that decide when a deletion is attempted.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub threshold: Threshold,
    /// After this many failed attempts, only an administrator's request starts another one.
    pub max_attempts: u32,
    /// Before this time nothing is deleted, except an account that an administrator names.
    pub not_before: Timestamp,
}

impl Policy {
    /// How long nothing is deleted after the first start on a directory that another program wrote,
    /// so that the operator can first see which accounts are marked.
    pub const FIRST_HOLD: Duration = Duration::from_hours(24);

    /// When a marked account is due; `None` if its mark cannot be read.
    pub fn due_at(self, deletion: &Deletion) -> Option<Timestamp> {
        let due_at = self.threshold.due_at(deletion.marked_at).max(self.not_before);
        deletion.is_readable().then_some(due_at)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nothing was attempted yet: the account can be restored.
    Pending,
    /// An attempt is running, or was interrupted and continues with the next run.
    InProgress,
    /// An attempt has failed, and another one follows.
    Retrying,
    /// The maximum number of attempts has failed.
    Failed,
    /// The mark cannot be read, and nothing was attempted yet. Only an administrator's request
    /// deletes the account.
    Unreadable,
}

impl Status {
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::InProgress, Self::Retrying, Self::Failed, Self::Unreadable];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
        }
    }
}

/// How long to wait after a number of failed attempts, counted from the start of the last one: 1, 4,
/// 16, 64 and 256 minutes, and then always 6 hours.
fn back_off(attempts: u32) -> Duration {
    match attempts {
        0 => Duration::ZERO,
        1..=5 => Duration::from_mins(4_u64.pow(attempts - 1)),
        _ => Duration::from_hours(6),
    }
}

impl Deletion {
    /// Whether the time of the mark is known.
    pub fn is_readable(&self) -> bool {
        self.marked_at < Timestamp::MAX
    }

    /// The state of an account that is marked at `now`.
    pub fn marked(now: Timestamp) -> Self {
        Self { marked_at: now, in_progress: false, attempted_at: None, attempts: 0, error: None }
    }

    /// Whether the account can no longer be restored, because parts of it may be deleted already.
    pub fn has_started(&self) -> bool {
        self.in_progress || self.attempts > 0
    }

    pub fn status(&self, max_attempts: u32) -> Status {
        match self.attempts {
            _ if self.in_progress => Status::InProgress,
            0 if self.is_readable() => Status::Pending,
            0 => Status::Unreadable,
            attempts if attempts < max_attempts => Status::Retrying,
            _ => Status::Failed,
        }
    }

    /// When the next attempt starts without an administrator's request; `None` if an attempt is
    /// running, if the last one has failed, or if the mark cannot be read.
    pub fn next_attempt_at(&self, policy: Policy) -> Option<Timestamp> {
        match self.status(policy.max_attempts) {
            Status::Pending => policy.due_at(self),
            Status::Retrying => {
                let last = self.attempted_at.unwrap_or(self.marked_at);
                Some(last.after(back_off(self.attempts)).max(policy.not_before))
            }
            Status::InProgress | Status::Failed | Status::Unreadable => None,
        }
    }

    /// Whether a run at `now` attempts it. An interrupted attempt continues at once.
    pub fn is_due(&self, policy: Policy, now: Timestamp) -> bool {
        let is_next = self.next_attempt_at(policy).is_some_and(|next| next <= now);
        policy.not_before <= now && (self.in_progress || is_next)
    }

    /// Whether an administrator's request at `now` attempts it: it does if the account is due, or if
    /// the deletion has started, however often and however recently it has failed.
    pub fn is_due_on_request(&self, policy: Policy, now: Timestamp) -> bool {
        let is_due = policy.due_at(self).is_some_and(|due_at| due_at <= now);
        policy.not_before <= now && (self.has_started() || is_due)
    }

    /// The state after an attempt starts at `now`. Continuing an interrupted attempt does not count as
    /// another one.
    pub fn started(&self, now: Timestamp) -> Self {
        let attempts = self.attempts.saturating_add(u32::from(!self.in_progress));
        Self { in_progress: true, attempted_at: Some(now), attempts, ..self.clone() }
    }

    /// The state after the attempt fails. `error` must not identify the account.
    pub fn failed(&self, error: String) -> Self {
        // An older file may contain an attempt that is running, and a count of 0.
        let attempts = self.attempts.max(1);
        Self { in_progress: false, attempts, error: Some(error), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * MINUTE)
    }

    fn policy() -> Policy {
        let threshold = Threshold::from_hours(24).unwrap();
        Policy { threshold, max_attempts: 10, not_before: Timestamp::EPOCH }
    }

    #[test]
    fn a_threshold_has_bounds() {
        for hours in [24, 720, 8760] {
            assert_eq!(
                Threshold::from_hours(hours).map(Threshold::hours).map(i64::from),
                Some(hours)
            );
        }
        for hours in [i64::MIN, -24, 0, 23, 8761, 65_560, i64::MAX] {
            assert_eq!(Threshold::from_hours(hours), None, "{hours}");
        }
    }

    #[test]
    fn an_account_is_due_exactly_after_the_threshold() {
        let deletion = Deletion::marked(at(5));
        let due = at(5 + 24 * 60);
        assert_eq!(deletion.next_attempt_at(policy()), Some(due));
        let before = Timestamp::from_micros(due.as_micros() - 1);
        assert!(
            !deletion.is_due(policy(), before) && !deletion.is_due_on_request(policy(), before)
        );
        assert!(deletion.is_due(policy(), due) && deletion.is_due_on_request(policy(), due));
    }

    #[test]
    fn an_account_with_an_unreadable_mark_is_never_due() {
        let deletion = Deletion::marked(Timestamp::MAX);
        for now in [at(0), Timestamp::MAX] {
            assert!(!deletion.is_due(policy(), now) && !deletion.is_due_on_request(policy(), now));
        }
        assert_eq!(deletion.status(10), Status::Unreadable);
        assert_eq!((policy().due_at(&deletion), deletion.next_attempt_at(policy())), (None, None));
        assert_eq!(deletion.started(at(0)).status(10), Status::InProgress);
    }

    #[test]
    fn nothing_is_due_before_not_before() {
        let held = Policy { not_before: at(10_000), ..policy() };
        let marked = Deletion::marked(at(0));
        let started = marked.started(at(1));
        for deletion in [marked, started.failed(String::new()), started] {
            let before = at(9_999);
            assert!(!deletion.is_due(held, before) && !deletion.is_due_on_request(held, before));
            assert!(
                deletion.is_due(held, at(10_000)) && deletion.is_due_on_request(held, at(10_000))
            );
            assert_eq!(held.due_at(&deletion), Some(at(10_000)));
        }
    }

    #[test]
    fn attempts_back_off_and_then_end() {
        let mut deletion = Deletion::marked(at(0));
        let mut now = at(24 * 60);
        for wait in [1, 4, 16, 64, 256, 360, 360, 360, 360] {
            deletion = deletion.started(now);
            assert_eq!(deletion.status(10), Status::InProgress);
            deletion = deletion.failed("the disk failed".to_owned());
            assert_eq!(deletion.status(10), Status::Retrying);
            let next = at(now.as_micros() / MINUTE + wait);
            assert_eq!(deletion.next_attempt_at(policy()), Some(next));
            assert!(!deletion.is_due(policy(), now) && deletion.is_due(policy(), next));
            assert!(deletion.is_due_on_request(policy(), now));
            now = next;
        }
        deletion = deletion.started(now).failed("the disk failed".to_owned());
        assert_eq!((deletion.attempts, deletion.status(10)), (10, Status::Failed));
        assert_eq!(deletion.next_attempt_at(policy()), None);
        assert!(!deletion.is_due(policy(), Timestamp::MAX));
        assert!(deletion.is_due_on_request(policy(), now));
        assert_eq!(deletion.status(11), Status::Retrying, "more attempts are allowed now");
    }

    #[test]
    fn an_interrupted_attempt_continues_at_once_and_counts_once() {
        let started = Deletion::marked(at(0)).started(at(10));
        assert!(started.is_due(policy(), at(0)) && started.next_attempt_at(policy()).is_none());
        let again = started.started(at(20));
        assert_eq!((again.attempts, again.attempted_at), (1, Some(at(20))));
        assert_eq!(again.failed(String::new()).started(at(30)).attempts, 2);
    }

    #[test]
    fn an_account_can_be_restored_until_its_deletion_starts() {
        let marked = Deletion::marked(at(0));
        assert!(!marked.has_started());
        let started = marked.started(at(1));
        assert!(started.has_started() && started.failed(String::new()).has_started());
        let found = Deletion { in_progress: true, ..marked };
        assert!(found.failed(String::new()).has_started(), "an older file");
    }

    #[test]
    fn a_longer_threshold_does_not_stop_a_started_deletion() {
        let year = Policy { threshold: Threshold::from_hours(8760).unwrap(), ..policy() };
        let failed = Deletion::marked(at(0)).started(at(24 * 60)).failed(String::new());
        assert!(failed.is_due(year, at(24 * 60 + 1)));
    }
}

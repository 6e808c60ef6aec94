//! How slowly a client may take its answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header;
use axum::response::Response;

/// What a connection's stream must know of the answers that it carries.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How many answers have begun.
    answers: AtomicU64,
    /// Whether the last one is an event stream, which is as fast as its events.
    is_event_stream: AtomicBool,
}

impl Pace {
    /// An answer begins.
    pub(super) fn begin(&self, answer: &Response) {
        let content_type = answer.headers().get(header::CONTENT_TYPE);
        let is_event_stream =
            content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        self.is_event_stream.store(is_event_stream, Ordering::Relaxed);
        self.answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// How long a client may still let the server wait while it takes its answer: the write time-out, and
/// beyond that as long as what it takes needs at the lowest rate.
#[derive(Debug)]
pub(super) struct Patience {
    write_timeout: Duration,
    /// In bytes a second; 0 for any rate.
    min_rate: u64,
    /// The answer that this is about.
    answer: u64,
    /// Whether the client may be slow.
    is_exempt: bool,
    /// How long the server has waited.
    waited: Duration,
    /// How many bytes the client has taken since the first wait.
    taken: u64,
}

impl Patience {
    /// With that lowest rate in bytes a second; 0 for any rate.
    pub(super) fn new(write_timeout: Duration, min_rate: u64) -> Self {
        let (waited, taken) = (Duration::ZERO, 0);
        Self { write_timeout, min_rate, answer: 0, is_exempt: false, waited, taken }
    }

    /// Begins from the start for each answer, except where the client still has to take what came
    /// before: many small answers in a row are as one.
    pub(super) fn follow(&mut self, pace: &Pace, is_stalled: bool) {
        let answer = pace.answers.load(Ordering::Relaxed);
        if answer != self.answer {
            self.answer = answer;
            self.is_exempt = pace.is_event_stream.load(Ordering::Relaxed);
            if !is_stalled {
                (self.waited, self.taken) = (Duration::ZERO, 0);
            }
        }
    }

    /// The server has waited that long.
    pub(super) fn spend(&mut self, waited: Duration) {
        self.waited = self.waited.saturating_add(waited);
    }

    /// The client has taken that many bytes. Those before the first wait say nothing about it: the
    /// system takes them.
    pub(super) fn earn(&mut self, bytes: usize) {
        if self.waited > Duration::ZERO {
            self.taken = self.taken.saturating_add(bytes as u64);
        }
    }

    /// How long the client may take nothing from now on.
    pub(super) fn left(&self) -> Duration {
        if self.min_rate == 0 || self.is_exempt {
            return self.write_timeout;
        }
        let earned = Duration::from_millis(self.taken.saturating_mul(1000) / self.min_rate);
        let left = self.write_timeout.saturating_add(earned).saturating_sub(self.waited);
        left.min(self.write_timeout)
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn after(steps: &[(u64, usize)]) -> Patience {
        let mut patience = Patience::new(30 * SECOND, 1000);
        for (waited, taken) in steps {
            patience.spend(u32::try_from(*waited).unwrap() * SECOND);
            patience.earn(*taken);
        }
        patience
    }

    #[test]
    fn what_is_taken_earns_time() {
        for (steps, left) in [
            (&[][..], 30),
            (&[(0, 1_000_000)], 30),
            (&[(29, 1)], 1),
            (&[(29, 29_000)], 30),
            (&[(29, 1), (1, 1)], 0),
            (&[(10, 10_000), (10, 0)], 20),
            (&[(10, 1_000_000), (30, 0)], 30),
        ] {
            assert_eq!(after(steps).left().as_secs(), left, "{steps:?}");
        }
        let at_any_rate = Patience { min_rate: 0, ..after(&[(29, 1), (29, 1)]) };
        assert_eq!(at_any_rate.left(), 30 * SECOND);
    }

    #[test]
    fn the_next_answer_begins_from_the_start() {
        let pace = Pace::default();
        for (is_stalled, left) in [(true, 1), (false, 30)] {
            let mut patience = after(&[(29, 0)]);
            pace.begin(&"text".into_response());
            patience.follow(&pace, is_stalled);
            assert_eq!(patience.left(), left * SECOND);
        }
        let mut patience = after(&[(29, 0)]);
        pace.begin(&([(header::CONTENT_TYPE, "text/event-stream")], "").into_response());
        patience.follow(&pace, true);
        assert_eq!(patience.left(), 30 * SECOND, "an event stream is exempt");
    }
}

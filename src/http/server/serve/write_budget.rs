//! How slowly a client may read its response.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header;
use axum::response::Response;

/// What a connection's stream knows about the response that it sends.
#[derive(Debug, Default)]
pub(super) struct CurrentResponse {
    /// The number of responses so far.
    number: AtomicU64,
    /// Whether it is an event stream, which is as fast as its events.
    is_event_stream: AtomicBool,
}

impl CurrentResponse {
    pub(super) fn start(&self, response: &Response) {
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let is_event_stream =
            content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        self.is_event_stream.store(is_event_stream, Ordering::Relaxed);
        self.number.fetch_add(1, Ordering::Relaxed);
    }
}

/// How long the server still waits for a client that reads its response: the write timeout, plus the time
/// that the bytes read so far take at the lowest rate.
#[derive(Debug)]
pub(super) struct WriteBudget {
    write_timeout: Duration,
    /// In bytes per second; 0 for no limit.
    min_rate: u64,
    /// The number of the response.
    response: u64,
    /// Whether the rate of the response is not limited.
    is_exempt: bool,
    waited: Duration,
    /// The bytes read since the first wait.
    read: u64,
}

impl WriteBudget {
    /// `min_rate` is in bytes per second; 0 for no limit.
    pub(super) fn new(write_timeout: Duration, min_rate: u64) -> Self {
        Self {
            write_timeout,
            min_rate,
            response: 0,
            is_exempt: false,
            waited: Duration::ZERO,
            read: 0,
        }
    }

    /// Starts again for each response, unless the client has not read the previous ones yet: many
    /// small responses in a row count as one.
    pub(super) fn follow(&mut self, current: &CurrentResponse, is_stalled: bool) {
        let response = current.number.load(Ordering::Relaxed);
        if response != self.response {
            self.response = response;
            self.is_exempt = current.is_event_stream.load(Ordering::Relaxed);
            if !is_stalled {
                (self.waited, self.read) = (Duration::ZERO, 0);
            }
        }
    }

    pub(super) fn spend(&mut self, waited: Duration) {
        self.waited = self.waited.saturating_add(waited);
    }

    /// Adds bytes that were written. Those before the first wait do not count: they fill the send
    /// buffer of the kernel.
    pub(super) fn earn(&mut self, bytes: usize) {
        if self.waited > Duration::ZERO {
            self.read = self.read.saturating_add(bytes as u64);
        }
    }

    /// How long the client may read nothing from now on.
    pub(super) fn left(&self) -> Duration {
        if self.min_rate == 0 || self.is_exempt {
            return self.write_timeout;
        }
        let earned = Duration::from_millis(self.read.saturating_mul(1000) / self.min_rate);
        let left = self.write_timeout.saturating_add(earned).saturating_sub(self.waited);
        left.min(self.write_timeout)
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn after(steps: &[(u64, usize)]) -> WriteBudget {
        let mut budget = WriteBudget::new(30 * SECOND, 1000);
        for (waited, taken) in steps {
            budget.spend(u32::try_from(*waited).unwrap() * SECOND);
            budget.earn(*taken);
        }
        budget
    }

    #[test]
    fn reading_earns_time() {
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
        let at_any_rate = WriteBudget { min_rate: 0, ..after(&[(29, 1), (29, 1)]) };
        assert_eq!(at_any_rate.left(), 30 * SECOND);
    }

    #[test]
    fn the_next_response_has_a_new_budget() {
        let current = CurrentResponse::default();
        for (is_stalled, left) in [(true, 1), (false, 30)] {
            let mut budget = after(&[(29, 0)]);
            current.start(&"text".into_response());
            budget.follow(&current, is_stalled);
            assert_eq!(budget.left(), left * SECOND);
        }
        let mut budget = after(&[(29, 0)]);
        current.start(&([(header::CONTENT_TYPE, "text/event-stream")], "").into_response());
        budget.follow(&current, true);
        assert_eq!(budget.left(), 30 * SECOND, "an event stream is exempt");
    }
}

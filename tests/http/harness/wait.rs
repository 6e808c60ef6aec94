//! Waits for conditions, with a deadline. Only used for conditions that do not notify.

use std::future::Future;
use std::time::Duration;

/// Much longer than anything takes on a busy machine. It ends a test that would hang.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Waits until `look` returns a value, and returns it.
#[track_caller]
pub(crate) fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    within(what, async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    })
}

/// The output of `future`, which must be ready before the deadline.
#[track_caller]
pub(crate) fn within<T>(what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let output = tokio::time::timeout(DEADLINE, future).await;
        output.unwrap_or_else(|_| panic!("{caller}: waited in vain for {what}"))
    }
}

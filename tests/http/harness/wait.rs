//! Waiting, with a deadline: the only place where tests wait for something that tells nobody.

use std::future::Future;
use std::time::Duration;

/// Far above what anything takes on a busy machine: it ends a test that would hang.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// What `look` finds, as soon as it finds something.
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

/// The output of `future`, which must be there before the deadline.
#[track_caller]
pub(crate) fn within<T>(what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let output = tokio::time::timeout(DEADLINE, future).await;
        output.unwrap_or_else(|_| panic!("{caller}: waited in vain for {what}"))
    }
}

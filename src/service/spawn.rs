//! Tasks and threads for work that must not depend on the caller's future.

use std::future::Future;

use tokio::task::{self, JoinHandle};
use tracing::{Instrument, Span};

use super::ServiceError;

/// Runs `work` on a thread that may block. Its log lines belong to the current request.
pub(super) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let span = Span::current();
    task::spawn_blocking(move || span.in_scope(work))
}

/// Runs `work` in a task of its own, so that it completes even if the returned future is dropped.
/// Fails if `work` panics.
pub(super) async fn detached<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::spawn(work.in_current_span()).await.map_err(ServiceError::internal)
}

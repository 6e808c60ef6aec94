//! Work that would hold up the async threads.

use tokio::task::{self, JoinHandle};
use tracing::Span;

/// Does `work` on a thread that may wait. What it logs stands under the request that asked for it.
pub(super) fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = Span::current();
    task::spawn_blocking(move || span.in_scope(work))
}

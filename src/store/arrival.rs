//! Distinguishes a request that has just arrived from one that the server has worked for. A busy store refuses the
//! former: nothing is lost with it, whereas a refusal in the middle would waste the reads before.

use std::cell::Cell;
use std::future::Future;

tokio::task_local! {
    static IS_NEW: Cell<bool>;
}

/// Processes a request. Its first read fails with [`ReadError::Overloaded`](super::ReadError::Overloaded) if it would
/// wait too long behind those of other requests. The following ones precede the first reads of later requests.
pub async fn as_request<F: Future>(work: F) -> F::Output {
    IS_NEW.scope(Cell::new(true), work).await
}

/// Whether the current request calls this for the first time. `false` outside [`as_request`].
pub(super) fn is_first_read() -> bool {
    IS_NEW.try_with(|is_new| is_new.replace(false)).unwrap_or(false)
}

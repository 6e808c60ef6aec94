//! Limits a body to one piece in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Bytes;
use futures_util::task::AtomicWaker;

/// The slot of a piece, which is free once the piece has been sent.
#[derive(Default)]
pub(crate) struct Slot {
    is_taken: AtomicBool,
    waiting: AtomicWaker,
}

impl Slot {
    /// Waits until the piece has been sent.
    pub(crate) fn poll_free(&self, context: &Context<'_>) -> Poll<()> {
        self.waiting.register(context.waker());
        if self.is_taken.load(Ordering::Acquire) { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Returns the bytes as a piece, which occupies the slot until it is dropped.
    pub(crate) fn fill(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        self.is_taken.store(true, Ordering::Release);
        Bytes::from_owner(Piece { bytes, slot: Arc::clone(self) })
    }
}

struct Piece {
    bytes: Vec<u8>,
    slot: Arc<Slot>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.slot.is_taken.store(false, Ordering::Release);
        self.slot.waiting.wake();
    }
}

//! The queue of one subscriber.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use super::rendered::Rendered;
use crate::domain::{ChildId, TokenHash, UserId};

/// The maximum capacity of an empty queue, in messages, so that an idle subscriber does not keep
/// the memory of a burst.
const KEPT_CAPACITY: usize = 8;

/// Which events and messages a subscriber receives.
#[derive(Clone, Debug)]
pub struct Interest {
    /// Its family.
    pub user_id: UserId,
    /// The child of a child's session; `None` for the whole family.
    pub child_id: Option<ChildId>,
    /// The session of the stream, which ends with it.
    pub session: TokenHash,
}

/// A subscriber, shared by the broker and its subscription. An idle one takes about 150 bytes: its
/// queue has no memory of its own.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) interest: Interest,
    closer: CancellationToken,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Arc<Rendered>>,
    waker: Option<Waker>,
    /// Nothing is added any more, and the stream ends after the queued messages.
    finished: bool,
    /// The stream has ended.
    closed: bool,
}

impl Queue {
    fn take_first(&mut self) -> Option<Arc<Rendered>> {
        let message = self.messages.pop_front()?;
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages = VecDeque::new();
        }
        Some(message)
    }
}

impl Subscriber {
    pub(super) fn new(interest: Interest, closer: CancellationToken) -> Self {
        Self { interest, closer, queue: Mutex::default() }
    }

    /// Whether the subscriber gets the message.
    fn wants(&self, message: &Rendered) -> bool {
        match (&self.interest.child_id, &message.child_id) {
            (Some(child), Some(about)) => child == about,
            (Some(_), None) => !message.is_for_parents,
            (None, _) => true,
        }
    }

    /// Queues the messages that the subscriber gets; returns false if there would be more than `limit` in the queue.
    /// If the stream is ending, they are dropped, and this returns true.
    pub(super) fn push(&self, messages: &[Arc<Rendered>], limit: usize) -> bool {
        let mut queue = self.queue.lock();
        if queue.closed || queue.finished {
            return true;
        }
        for message in messages.iter().filter(|message| self.wants(message)) {
            if queue.messages.len() >= limit {
                return false;
            }
            queue.messages.push_back(Arc::clone(message));
        }
        let waker = if queue.messages.is_empty() { None } else { queue.waker.take() };
        // Waking runs code of the executor, which must not find the queue locked.
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Ends the stream; returns false if it had ended already.
    pub(super) fn close(&self) -> bool {
        let mut queue = self.queue.lock();
        let was_open = !queue.closed;
        queue.closed = true;
        queue.messages = VecDeque::new();
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        was_open
    }

    /// Ends the stream after the queued messages.
    pub(super) fn finish(&self) {
        let mut queue = self.queue.lock();
        queue.finished = true;
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Makes the server drop the connection.
    pub(super) fn abort(&self) {
        self.closer.cancel();
    }

    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Arc<Rendered>>> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Poll::Ready(None);
        }
        if let Some(message) = queue.take_first() {
            return Poll::Ready(Some(message));
        }
        if queue.finished {
            return Poll::Ready(None);
        }
        Self::wait(queue, context);
        Poll::Pending
    }

    /// The next message, if one is queued.
    pub(super) fn take_queued(&self) -> Option<Arc<Rendered>> {
        self.queue.lock().take_first()
    }

    pub(super) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()> {
        let queue = self.queue.lock();
        if queue.closed || queue.finished {
            return Poll::Ready(());
        }
        Self::wait(queue, context);
        Poll::Pending
    }

    fn wait(mut queue: MutexGuard<'_, Queue>, context: &Context<'_>) {
        let replaced = queue.waker.replace(context.waker().clone());
        // Dropping a waker may run code of the executor, too.
        drop(queue);
        drop(replaced);
    }
}

//! The broker, which hands each new event to the subscribers that it concerns.
//!
//! Publishing costs the committer one push to a queue: a thread of the broker's own does the rest. A
//! subscriber that doesn't keep up is closed, and costs the others nothing.

pub mod sse;
mod subscriber;

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use bytes::Bytes;
use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::domain::{ChildId, RowNumber, TokenHash, UserId};
use crate::metrics;
use subscriber::Subscriber;

/// How many messages a subscriber may be behind before it is closed.
pub const QUEUE_LIMIT: usize = 256;

/// One new event as the bytes that are sent for it: rendered once, shared by all subscribers.
#[derive(Debug)]
pub struct Message {
    /// The event's number in the audit history.
    pub row: RowNumber,
    /// The family that may hear of it.
    pub user_id: UserId,
    /// The child that it is about.
    pub child_id: ChildId,
    /// The frame with an `event:` line.
    pub named: Bytes,
    /// The frame without.
    pub unnamed: Bytes,
}

impl Message {
    /// Renders an event's frames; `data` is the JSON text that the client gets.
    pub fn new(row: RowNumber, user_id: UserId, child_id: ChildId, data: &str) -> Self {
        let (named, unnamed) = sse::event(row, data);
        Self { row, user_id, child_id, named, unnamed }
    }
}

/// What a subscriber may hear of.
#[derive(Clone, Debug)]
pub struct Interest {
    /// Its family.
    pub user_id: UserId,
    /// The one child that a child's session hears of; none for the whole family.
    pub child_id: Option<ChildId>,
    /// The session that the stream ends with.
    pub session: TokenHash,
}

/// The broker. A clone is the same broker.
#[derive(Clone, Debug)]
pub struct Broker {
    publisher: Sender<Job>,
    subscribers: Arc<Subscribers>,
    /// Whether the thread has panicked.
    failed: Arc<AtomicBool>,
}

/// What the broker's thread does.
enum Job {
    /// Hand it to the subscribers that it concerns.
    Deliver(Message),
    /// End every stream behind what it was handed before.
    Finish,
}

impl Broker {
    /// Starts the broker's thread, which ends with the last clone. Fails where the machine has no
    /// thread left.
    pub fn start(metrics: metrics::Live) -> io::Result<Self> {
        let (publisher, messages) = channel();
        let subscribers = Arc::new(Subscribers { families: Mutex::default(), metrics });
        let failed = Arc::new(AtomicBool::new(false));
        let end = End { subscribers: Arc::clone(&subscribers), failed: Arc::clone(&failed) };
        thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || dispatch(&messages, &end.subscribers))?;
        Ok(Self { publisher, subscribers, failed })
    }

    /// Whether the broker's thread has panicked. Every stream has ended then, and those to come end once
    /// they have replayed what was missed.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Whether anybody listens to a family's events at this moment. Cheaper than to render what nobody
    /// hears.
    pub fn has_subscribers(&self, user_id: &UserId) -> bool {
        self.subscribers.families.lock().by_user.contains_key(user_id)
    }

    /// Hands a message to all subscribers that it concerns, each in the order of these calls. Never
    /// blocks.
    pub fn publish(&self, message: Message) {
        self.send(Job::Deliver(message));
    }

    fn send(&self, job: Job) {
        if self.publisher.send(job).is_err() {
            // Only a bug in the thread ends it; the subscribers then resume by their ids elsewhere.
            tracing::error!("the thread that hands events to the live streams has ended");
        }
    }

    /// Begins to listen. Where the subscriber falls [`QUEUE_LIMIT`] messages behind, it is closed and
    /// `closer` cancelled, upon which the server is to abort the connection.
    ///
    /// A message that is on its way at this moment may be heard or not: subscribe first, then
    /// replay from the history, and drop what was replayed already by its row. A session that ended
    /// just before isn't noticed: check it again after this. After [`Self::close_all`] the
    /// subscription is born closed.
    ///
    /// Refuses where the session has `limit` open streams already; a stream that has ended doesn't
    /// count. That costs the others nothing.
    pub fn subscribe(
        &self,
        interest: Interest,
        closer: CancellationToken,
        limit: usize,
    ) -> Result<Subscription, TooManyStreams> {
        let subscriber = Arc::new(Subscriber::new(interest, closer));
        self.subscribers.add(&subscriber, limit)?;
        Ok(Subscription { subscriber, subscribers: Arc::clone(&self.subscribers) })
    }

    /// Ends every stream of a session.
    pub fn close_session(&self, session: &TokenHash) {
        self.subscribers.close(|subscriber| subscriber.interest.session == *session);
    }

    /// Ends every stream once its subscriber has got what was published before, and those to come at
    /// once.
    pub fn close_all(&self) {
        self.subscribers.take_no_more();
        self.send(Job::Finish);
    }
}

/// The session has as many open streams as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this session has as many event streams open as it may have: close one first")]
pub struct TooManyStreams;

/// A place in the broker, left when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    subscriber: Arc<Subscriber>,
    subscribers: Arc<Subscribers>,
}

impl Subscription {
    /// The next message; none once the stream is closed, at once and for ever. It may be cancelled
    /// without a loss.
    pub async fn next(&mut self) -> Option<Arc<Message>> {
        poll_fn(|context| self.subscriber.poll_next(context)).await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscriber.close();
        self.subscribers.remove(&self.subscriber);
    }
}

/// Every open subscriber.
#[derive(Debug)]
struct Subscribers {
    families: Mutex<Families>,
    metrics: metrics::Live,
}

#[derive(Debug, Default)]
struct Families {
    /// A family without a subscriber has no entry.
    by_user: HashMap<UserId, Vec<Arc<Subscriber>>>,
    closed: bool,
}

impl Subscribers {
    /// Counts and adds under one lock: of two streams at once for the last place, one gets it.
    fn add(&self, subscriber: &Arc<Subscriber>, limit: usize) -> Result<(), TooManyStreams> {
        let mut families = self.families.lock();
        if families.closed {
            subscriber.close();
            return Ok(());
        }
        let Interest { user_id, session, .. } = &subscriber.interest;
        let family = families.by_user.get(user_id).into_iter().flatten();
        let own = family.filter(|other| other.interest.session == *session);
        if own.take(limit).count() == limit {
            return Err(TooManyStreams);
        }
        families.by_user.entry(user_id.clone()).or_default().push(Arc::clone(subscriber));
        self.metrics.readers.inc();
        Ok(())
    }

    fn remove(&self, subscriber: &Arc<Subscriber>) {
        let mut families = self.families.lock();
        let user_id = &subscriber.interest.user_id;
        let Some(family) = families.by_user.get_mut(user_id) else {
            return;
        };
        if let Some(place) = family.iter().position(|other| Arc::ptr_eq(other, subscriber)) {
            family.swap_remove(place);
            self.metrics.readers.dec();
        }
        if family.is_empty() {
            families.by_user.remove(user_id);
        }
    }

    /// The subscribers that a message is for. Copied, so that nothing is delivered under the lock: to
    /// subscribe never waits for a fan-out.
    fn concerned(&self, message: &Message) -> Vec<Arc<Subscriber>> {
        let families = self.families.lock();
        let family = families.by_user.get(&message.user_id).into_iter().flatten();
        family.filter(|subscriber| subscriber.wants(message)).cloned().collect()
    }

    fn close(&self, which: impl Fn(&Subscriber) -> bool) {
        let families = self.families.lock();
        let all = families.by_user.values().flatten();
        let closed: Vec<_> = all.filter(|subscriber| which(subscriber)).cloned().collect();
        drop(families);
        for subscriber in closed {
            subscriber.close();
            self.remove(&subscriber);
        }
    }

    fn take_no_more(&self) {
        self.families.lock().closed = true;
    }

    fn finish_all(&self) {
        let mut families = self.families.lock();
        let all = std::mem::take(&mut families.by_user);
        self.metrics.readers.set(0);
        drop(families);
        for subscriber in all.into_values().flatten() {
            subscriber.finish();
        }
    }

    fn evict(&self, subscriber: &Arc<Subscriber>) {
        self.remove(subscriber);
        // A subscriber that has left by itself meanwhile isn't counted.
        if subscriber.close() {
            self.metrics.evictions.inc();
            tracing::debug!("a live stream that did not keep up is closed");
            subscriber.abort();
        }
    }
}

/// Leaves no stream open behind the thread: nobody would tell it anything.
struct End {
    subscribers: Arc<Subscribers>,
    failed: Arc<AtomicBool>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.failed.store(thread::panicking(), Ordering::Release);
        self.subscribers.take_no_more();
        self.subscribers.finish_all();
    }
}

fn dispatch(jobs: &Receiver<Job>, subscribers: &Subscribers) {
    for job in jobs {
        let Job::Deliver(message) = job else {
            subscribers.finish_all();
            continue;
        };
        let message = Arc::new(message);
        for subscriber in subscribers.concerned(&message) {
            if !subscriber.push(&message, QUEUE_LIMIT) {
                subscribers.evict(&subscriber);
            }
        }
    }
}

#[cfg(test)]
mod tests;

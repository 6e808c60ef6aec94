//! The broker, which hands each new event to the subscribers that it concerns.
//!
//! It follows the history on a thread of its own. A
//! subscriber that doesn't keep up is closed, and costs the others nothing.

mod message;
pub mod sse;
mod subscriber;

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::domain::{Epoch, Position, TokenHash, UserId};
use crate::followers::thread::{FollowerThread, LONGEST_WAIT, Next};
use crate::metrics;
use crate::store::{Following, StoredEvent};
pub use message::Message;
use message::message;
pub use subscriber::Interest;
use subscriber::Subscriber;

/// How many messages a subscriber may be behind before it is closed.
pub const QUEUE_LIMIT: usize = 256;
/// How many events are read at once.
const EVENTS_AT_ONCE: usize = 256;

/// The broker. A clone is the same broker.
#[derive(Clone, Debug)]
pub struct Broker {
    epoch: Epoch,
    subscribers: Arc<Subscribers>,
    /// The follower that publishes each event.
    thread: Option<Arc<FollowerThread>>,
}

impl Broker {
    /// What it is called in the server's health.
    pub const NAME: &str = "live";

    /// A broker for what is published by hand.
    pub fn new(metrics: metrics::Live) -> Self {
        let subscribers = Arc::new(Subscribers { families: Mutex::default(), metrics });
        Self { epoch: Epoch::default(), subscribers, thread: None }
    }

    /// A broker that publishes each event of the history from now on. Its thread ends with
    /// [`Self::close_all`] or with the last clone. Fails if the machine has no thread left.
    pub fn follow(
        history: Arc<dyn Following>,
        epoch: Epoch,
        metrics: metrics::Live,
    ) -> io::Result<Self> {
        let broker = Self { epoch, ..Self::new(metrics) };
        let wakeups = history.wakeups();
        let position = history.end();
        let end = End(Arc::clone(&broker.subscribers));
        let epoch = broker.epoch.clone();
        let mut follower = BrokerFollower { history, epoch, position, is_failing: false, end };
        let round = move |_| follower.round();
        let thread = Arc::new(FollowerThread::spawn("event-streams", wakeups, round)?);
        Ok(Self { thread: Some(thread), ..broker })
    }

    /// Renders the frames of an event; `None` if it belongs to no account.
    pub fn message(&self, stored: &StoredEvent) -> Option<Message> {
        message(stored, &self.epoch)
    }

    /// The epoch of the ids in the streams.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Whether the thread has panicked. Every stream has ended then, and a later one ends once it has
    /// replayed what was missed.
    pub fn has_failed(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.has_failed())
    }

    /// Hands a message to all subscribers that it concerns, each in the order of these calls. Never
    /// blocks.
    pub fn publish(&self, message: Message) {
        self.subscribers.deliver(message);
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
        if let Some(thread) = &self.thread {
            thread.nudge();
        }
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
        match &self.thread {
            // It publishes what was committed before, and ends the streams then.
            Some(thread) => thread.stop(),
            None => self.subscribers.finish_all(),
        }
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

    /// Whether anybody has subscribed to a family's events. Cheaper than to render what nobody gets.
    fn has_any(&self, user_id: &UserId) -> bool {
        self.families.lock().by_user.contains_key(user_id)
    }

    fn deliver(&self, message: Message) {
        let message = Arc::new(message);
        for subscriber in self.concerned(&message) {
            if !subscriber.push(&message, QUEUE_LIMIT) {
                self.evict(&subscriber);
            }
        }
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

/// The broker as a follower of the history.
struct BrokerFollower {
    history: Arc<dyn Following>,
    epoch: Epoch,
    /// Every event up to this position was published, or nobody had subscribed.
    position: Position,
    /// Whether the history could not be read last time.
    is_failing: bool,
    end: End,
}

impl BrokerFollower {
    fn round(&mut self) -> Next {
        let subscribers = &self.end.0;
        {
            // Under the lock: whoever subscribes after this gets every event after the position.
            let families = subscribers.families.lock();
            if families.by_user.is_empty() {
                self.position = self.history.end();
                return Next::Nudge;
            }
        }
        let page = match self.history.events_since(self.position, None, EVENTS_AT_ONCE) {
            Ok(page) => page,
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%error, "the event streams wait: the history cannot be read");
                }
                return Next::Events(LONGEST_WAIT);
            }
        };
        self.is_failing = false;
        for (_, stored) in &page.events {
            if let Some(user_id) = &stored.event.user_id
                && subscribers.has_any(user_id)
                && let Some(message) = message(stored, &self.epoch)
            {
                subscribers.deliver(message);
            }
        }
        self.position = page.through;
        if page.has_more { Next::Again } else { Next::Events(Duration::ZERO) }
    }
}

/// Leaves no stream open after the thread: nobody would publish anything to it.
struct End(Arc<Subscribers>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.take_no_more();
        self.0.finish_all();
    }
}

#[cfg(test)]
mod tests;

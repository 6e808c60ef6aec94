//! The broker sends each new event and message to the subscribers that want it.
//!
//! It follows the history on its own thread. A subscriber that does not keep up is closed, without
//! an effect on the others.

mod rendered;
pub mod sse;
mod subscriber;

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::domain::{Epoch, MessagePosition, Position, TokenHash, UserId};
use crate::followers::thread::{FollowerThread, LONGEST_WAIT, Next};
use crate::metrics;
use crate::store::{Following, ReadError, StoredEvent};
pub(crate) use rendered::event_payload;
use rendered::rendered;
pub use rendered::{Place, Rendered};
pub use subscriber::Interest;
use subscriber::Subscriber;

/// The number of queued messages after which a subscriber is closed.
pub const QUEUE_LIMIT: usize = 256;
/// How many events are read and queued at once: so few that a reader that keeps up has space for them.
const EVENTS_AT_ONCE: usize = QUEUE_LIMIT / 4;
/// The pause between two rounds. What is committed meanwhile is sent together: a wake-up and a write of each stream cost
/// more than a further event. The first event after a longer time is sent at once.
const PAUSE: Duration = Duration::from_millis(5);

/// The broker. Clones share its state.
#[derive(Clone, Debug)]
pub struct Broker {
    epoch: Epoch,
    subscribers: Arc<Subscribers>,
    /// The follower that publishes each event.
    thread: Option<Arc<FollowerThread>>,
}

impl Broker {
    /// Its name in the server's health.
    pub const NAME: &str = "live";

    /// A broker for messages that are passed to [`Self::publish`].
    pub fn new(metrics: metrics::Live) -> Self {
        let subscribers = Arc::new(Subscribers { families: Mutex::default(), metrics });
        Self { epoch: Epoch::default(), subscribers, thread: None }
    }

    /// A broker that publishes each event of the history from now on. Its thread ends with
    /// [`Self::close_all`] or with the last clone. Fails if the history cannot be read, or the system
    /// cannot start another thread.
    pub fn follow(
        history: Arc<dyn Following>,
        epoch: Epoch,
        metrics: metrics::Live,
    ) -> io::Result<Self> {
        let broker = Self { epoch, ..Self::new(metrics) };
        let wakeups = history.wakeups();
        let position = history.read_end().map_err(io::Error::other)?;
        let messages = history.messages_end().map_err(io::Error::other)?;
        let end = End(Arc::clone(&broker.subscribers));
        let epoch = broker.epoch.clone();
        let mut follower =
            BrokerFollower { history, epoch, position, messages, is_failing: false, end };
        let round = move |_| follower.round();
        let thread = Arc::new(FollowerThread::spawn("event-streams", wakeups, round)?);
        Ok(Self { thread: Some(thread), ..broker })
    }

    /// Renders the frames of an event; `None` if it was anonymised.
    pub fn render(&self, stored: &StoredEvent) -> Option<Rendered> {
        rendered(stored, &self.epoch)
    }

    /// The epoch of the ids in the streams.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Whether the thread has panicked. Then every stream has ended, and a later one ends after its
    /// replay.
    pub fn has_failed(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.has_failed())
    }

    /// Sends a message to all subscribers that want it. Each receives messages in the order of
    /// these calls. Never blocks.
    pub fn publish(&self, message: Rendered) {
        self.subscribers.deliver([message]);
    }

    /// Adds a subscriber. If it has [`QUEUE_LIMIT`] queued messages, it is closed and `closer` is
    /// cancelled; the server must then abort the connection.
    ///
    /// A message that is published during this call may or may not arrive. So subscribe first, then
    /// replay from the history, and skip messages whose events were replayed. The end of a session
    /// just before this call has no effect on the subscription, so check the session again
    /// afterwards. After [`Self::close_all`], the subscription is closed at once.
    ///
    /// Fails if the session has `limit` open streams already; streams that have ended do not count.
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

    /// The sessions that have open streams.
    pub fn sessions(&self) -> HashSet<TokenHash> {
        let families = self.subscribers.families.lock();
        let all = families.by_user.values().flatten();
        all.map(|subscriber| subscriber.interest.session.clone()).collect()
    }

    /// Ends every stream of a session.
    pub fn close_session(&self, session: &TokenHash) {
        self.subscribers.close(|subscriber| subscriber.interest.session == *session);
    }

    /// Ends every stream after its queued messages, and every later one at once.
    pub fn close_all(&self) {
        self.subscribers.take_no_more();
        match &self.thread {
            // The thread publishes the events committed before, and then ends the streams.
            Some(thread) => thread.stop(),
            None => self.subscribers.finish_all(),
        }
    }
}

/// The session has the maximum number of open streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this session has the maximum number of open event streams: close one first")]
pub struct TooManyStreams;

/// The subscription of a stream. Dropping it removes the subscriber.
#[derive(Debug)]
pub struct Subscription {
    subscriber: Arc<Subscriber>,
    subscribers: Arc<Subscribers>,
}

impl Subscription {
    /// The next message; `None` once the stream is closed. Cancel safe: no message is lost.
    pub async fn next(&mut self) -> Option<Arc<Rendered>> {
        poll_fn(|context| self.subscriber.poll_next(context)).await
    }

    /// The next message, if one is queued. A closed stream has none.
    pub fn next_queued(&mut self) -> Option<Arc<Rendered>> {
        self.subscriber.take_queued()
    }

    /// Waits until the stream is closed or finished. Messages stay queued.
    pub async fn closed(&mut self) {
        poll_fn(|context| self.subscriber.poll_closed(context)).await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscriber.close();
        self.subscribers.remove(&self.subscriber);
    }
}

/// The open subscribers.
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
    /// Counts and adds with one lock, so that concurrent streams cannot exceed the limit.
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

    /// The subscribers of a family. They are copied, so that messages are delivered without the lock, and
    /// subscribing never waits for a delivery.
    fn of(&self, user_id: &UserId) -> Vec<Arc<Subscriber>> {
        self.families.lock().by_user.get(user_id).cloned().unwrap_or_default()
    }

    /// Whether a family has a subscriber. Checked first, because rendering is more expensive.
    fn has_any(&self, user_id: &UserId) -> bool {
        self.families.lock().by_user.contains_key(user_id)
    }

    fn is_empty(&self) -> bool {
        self.families.lock().by_user.is_empty()
    }

    /// Queues messages, and wakes each subscriber once for all that it wants.
    fn deliver(&self, messages: impl IntoIterator<Item = Rendered>) {
        let mut families: HashMap<UserId, Vec<Arc<Rendered>>> = HashMap::new();
        for message in messages {
            families.entry(message.user_id.clone()).or_default().push(Arc::new(message));
        }
        for (user_id, messages) in families {
            for subscriber in self.of(&user_id) {
                if !subscriber.push(&messages, QUEUE_LIMIT) {
                    self.evict(&subscriber);
                }
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
        // A subscriber that has been dropped in the meantime does not count.
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
    /// Every event up to this position was published, or had no subscriber.
    position: Position,
    /// The same of messages.
    messages: MessagePosition,
    /// Whether the history could not be read the last time.
    is_failing: bool,
    end: End,
}

impl BrokerFollower {
    fn round(&mut self) -> Next {
        let subscribers = &self.end.0;
        if subscribers.is_empty() {
            // Without the lock, because it can wait for the database. An older position is correct,
            // too: a subscriber skips the events and messages that it has.
            let end = self.history.read_end().unwrap_or(self.position);
            let messages = self.history.messages_end().unwrap_or(self.messages);
            if subscribers.is_empty() {
                self.position = self.position.max(end);
                self.messages = self.messages.max(messages);
                return Next::Nudge;
            }
        }
        match self.publish() {
            Ok(next) => {
                self.is_failing = false;
                next
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%error, "the event streams are delayed: the history cannot be read");
                }
                Next::Events(LONGEST_WAIT)
            }
        }
    }

    /// Publishes events and messages. Messages are read before the events and published after all of them,
    /// so that no message arrives before an event of the same commit.
    fn publish(&mut self) -> Result<Next, ReadError> {
        let subscribers = &self.end.0;
        let messages = self.history.messages_since(self.messages, EVENTS_AT_ONCE)?;
        let events = self.history.events_since(self.position, None, EVENTS_AT_ONCE)?;
        subscribers.deliver(events.events.iter().filter_map(|(_, stored)| {
            let is_wanted = subscribers.has_any(stored.event.user_id.as_ref()?);
            is_wanted.then(|| rendered(stored, &self.epoch)).flatten()
        }));
        self.position = events.through;
        if events.has_more {
            return Ok(Next::Again);
        }
        subscribers.deliver(messages.messages.iter().filter_map(|(position, message)| {
            let is_wanted = subscribers.has_any(&message.user_id);
            is_wanted.then(|| Rendered::of_message(position.number, message))
        }));
        self.messages = messages.through;
        Ok(if messages.has_more { Next::Again } else { Next::Events(PAUSE) })
    }
}

/// Closes all streams at the end of the thread: no more events are published.
struct End(Arc<Subscribers>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.take_no_more();
        self.0.finish_all();
    }
}

#[cfg(test)]
mod tests;

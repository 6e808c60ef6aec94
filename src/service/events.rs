//! An event stream of one family: first the events that the client has missed, then new ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::{Caller, Causes, Service, ServiceError};
use crate::domain::{ChildId, Seq, TokenHash, UserId};
use crate::followers::broker::{Interest, Place, Rendered, Subscription, sse};
use crate::store::{ReadError, Store, StoredEvent};

/// How often a stream checks its session while the store cannot be reached.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// The maximum number of events to replay. If more are missed, reloading everything is cheaper.
const MAX_REPLAYED: usize = 10_000;
/// The maximum number of events that a replay reads at a time, and of bytes that it buffers.
const REPLAYED_AT_ONCE: usize = 16;
const REPLAYED_BYTES: usize = 8 << 10;
/// Frames are sent together until they have this many bytes.
const SENT_AT_ONCE: usize = 8 << 10;

#[derive(Clone, Debug)]
pub struct StreamRequest {
    /// The id of the last event that the client has; `None` to start with the next event.
    pub last_event_id: Option<String>,
    /// Whether the frames have an `event:` line.
    pub named: bool,
    /// Aborts the connection of a client that is too slow.
    pub closer: CancellationToken,
}

/// The frames of a client's stream. The stream ends with its session, at a shutdown, and if the client is
/// too slow.
pub struct EventStream {
    service: Arc<Service>,
    session: TokenHash,
    named: bool,
    subscription: Subscription,
    heartbeat: Interval,
    /// Rendered frames that are not sent yet.
    ready: VecDeque<Bytes>,
    /// The events to replay; `None` once the client has caught up.
    missed: Option<Missed>,
    family: UserId,
    /// The only child that the caller sees.
    child: Option<ChildId>,
    /// The last event that the client has or does not need.
    sent: Seq,
    /// The number of the family's last message before the stream.
    last_message: u64,
    /// Whether the store could not be reached, so that nothing but comments can be sent.
    is_waiting: bool,
}

struct Missed {
    /// The last event of the replay: the newest one at the start of the stream. Later ones come from the
    /// subscription.
    until: Seq,
}

/// The position at which a stream starts.
enum Start {
    /// After that event, which is the last one.
    Now(Seq),
    /// After that event, with a replay up to `until`.
    After { seq: Seq, until: Seq },
    /// After that event, and the client must reload everything first.
    Resync(Seq),
}

impl Service {
    /// Returns the events that the caller may read after `last_event_id`, without gaps and duplicates. If
    /// that is impossible, the stream starts with a `resync`.
    ///
    /// Fails if the session has ended in the meantime, or has too many streams open.
    pub async fn subscribe(
        self: &Arc<Self>,
        caller: &Caller,
        request: StreamRequest,
    ) -> Result<EventStream, ServiceError> {
        let _turn = match request.last_event_id {
            Some(_) => self.replays.turn().await,
            None => None,
        };
        let (family, child) = (caller.user().id.clone(), caller.visible_child().cloned());
        let session = caller.token_hash().clone();
        let interest =
            Interest { user_id: family.clone(), child_id: child.clone(), session: session.clone() };
        // First the subscription, then the history: the other way round, an event in between would be
        // in neither.
        let limit = self.settings().streams_per_session;
        let subscription = self.broker.subscribe(interest, request.closer, limit)?;
        // The end of a session closes only streams that exist by then.
        self.live_session(&session).await?.ok_or(ServiceError::Unauthenticated)?;
        let last_event_id = request.last_event_id.as_deref();
        let start = self.start(&family, child.as_ref(), last_event_id).await?;
        let last_message = self.store.last_message(&family).await?;
        let (Start::Now(sent) | Start::After { seq: sent, .. } | Start::Resync(sent)) = start;
        let mut stream = EventStream {
            service: Arc::clone(self),
            session,
            named: request.named,
            subscription,
            heartbeat: every(self.settings().heartbeat),
            ready: VecDeque::from([sse::beginning(&self.broker.epoch().stream_id(sent))]),
            missed: None,
            family,
            child,
            sent,
            last_message,
            is_waiting: false,
        };
        match start {
            Start::Now(_) => {}
            Start::After { until, .. } => stream.replay(Missed { until }).await,
            Start::Resync(seq) => stream.resync(seq),
        }
        Ok(stream)
    }

    async fn start(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        last_event_id: Option<&str>,
    ) -> Result<Start, ServiceError> {
        let last = self.store.head(family).await?;
        let Some(last_event_id) = last_event_id else {
            return Ok(Start::Now(last));
        };
        let known = self.broker.epoch().seq_of(last_event_id).filter(|seq| *seq <= last);
        let Some(seq) = known else {
            return Ok(Start::Resync(last));
        };
        let limit = MAX_REPLAYED + 1;
        // There are at most as many events as numbers.
        let is_short = last.0 - seq.0 <= MAX_REPLAYED as u64
            || self.store.count_after(family, child, seq, limit).await? < limit;
        Ok(if is_short { Start::After { seq, until: last } } else { Start::Resync(last) })
    }
}

impl EventStream {
    /// Returns the next frames; `None` at the end of the stream. The session is checked each time,
    /// because nothing may be sent after its end, and a replay can take long. While the store cannot be
    /// reached, there are only comments.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let mut frame = self.frame().await?;
            // A comment is sent alone: it still arrives while the session of other frames cannot be checked.
            if frame != sse::HEARTBEAT {
                frame = self.with_ready(frame);
            }
            // On the heap, like a replay: most streams are idle, and these futures have room for those of each store.
            match Box::pin(self.service.live_session(&self.session)).await {
                Ok(Some(_)) => return Some(frame),
                Ok(None) => return None,
                Err(_) if frame == sse::HEARTBEAT => return Some(frame),
                Err(_) => {
                    self.ready.push_front(frame);
                    self.is_waiting = true;
                }
            }
        }
    }

    /// Adds the frames that are ready already: checking the session and sending take longer than a copy.
    fn with_ready(&mut self, first: Bytes) -> Bytes {
        let Some(second) = self.ready_frame() else { return first };
        let mut frames = [first, second].concat();
        while frames.len() < SENT_AT_ONCE
            && let Some(frame) = self.ready_frame()
        {
            frames.extend_from_slice(&frame);
        }
        frames.into()
    }

    /// The next frame that needs no waiting, except comments.
    fn ready_frame(&mut self) -> Option<Bytes> {
        if let Some(frame) = self.ready.pop_front() {
            return Some(frame);
        }
        while self.missed.is_none()
            && let Some(message) = self.subscription.next_queued()
        {
            let frame = self.live_frame(&message);
            if frame.is_some() {
                return frame;
            }
        }
        None
    }

    async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if std::mem::take(&mut self.is_waiting) {
                tokio::select! {
                    () = self.subscription.closed() => return None,
                    _ = self.heartbeat.tick() => return Some(sse::HEARTBEAT),
                    () = sleep(RETRY_INTERVAL) => {}
                }
            }
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            match self.missed.take() {
                Some(missed) => {
                    let _turn = self.service.replays.turn().await;
                    Box::pin(self.replay(missed)).await;
                }
                None => return self.next_live().await,
            }
        }
    }

    /// Renders the next missed events.
    async fn replay(&mut self, missed: Missed) {
        let store = &self.service.store;
        let child = self.child.as_ref();
        let read = store.events_after(&self.family, child, self.sent, REPLAYED_AT_ONCE).await;
        let chunk: Vec<_> =
            match read.and_then(|chunk| Ok(chunk.into_iter().collect::<Result<_, _>>()?)) {
                Ok(chunk) => chunk,
                Err(ReadError::Unavailable(_) | ReadError::Overloaded) => {
                    (self.missed, self.is_waiting) = (Some(missed), true);
                    return;
                }
                Err(error) => return self.replay_failed(&error, &missed),
            };
        let (mut bytes, mut has_more) = (0, chunk.len() == REPLAYED_AT_ONCE);
        for stored in &chunk {
            if stored.seq > missed.until {
                has_more = false;
                break;
            }
            // The rest is read again once the client has received these.
            if bytes >= REPLAYED_BYTES {
                has_more = true;
                break;
            }
            self.sent = stored.seq;
            let frame = self.frame_of(stored);
            bytes += frame.as_ref().map_or(0, Bytes::len);
            self.ready.extend(frame);
        }
        if has_more {
            self.missed = Some(missed);
        } else {
            self.sent = missed.until;
        }
    }

    fn frame_of(&self, stored: &StoredEvent) -> Option<Bytes> {
        frame_for(&self.service.broker.render(stored)?, self.named)
    }

    fn replay_failed(&mut self, error: &ReadError, missed: &Missed) {
        tracing::error!(error = %Causes(error), "cannot replay missed events");
        self.resync(missed.until);
    }

    /// Makes the client reload everything, and continues after `seq`.
    fn resync(&mut self, seq: Seq) {
        self.sent = seq;
        let id = self.service.broker.epoch().stream_id(seq);
        self.ready.push_back(sse::resync(&id, self.named));
    }

    async fn next_live(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                message = self.subscription.next() => {
                    let message = message?;
                    let frame = self.live_frame(&message);
                    if frame.is_some() {
                        return frame;
                    }
                }
                _ = self.heartbeat.tick() => {
                    return Some(sse::HEARTBEAT);
                }
            }
        }
    }

    /// The frame of a message of the subscription, unless it was replayed, or has none.
    fn live_frame(&self, message: &Rendered) -> Option<Bytes> {
        let is_new = match message.place {
            Place::Event(seq) => seq > self.sent,
            Place::Message(number) => number > self.last_message,
        };
        if is_new { frame_for(message, self.named) } else { None }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn frame_for(message: &Rendered, named: bool) -> Option<Bytes> {
    if named { Some(message.named.clone()) } else { message.unnamed.clone() }
}

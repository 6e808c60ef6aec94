//! An event stream of one family: first the events that the client has missed, then new ones.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::{Caller, Causes, Service, ServiceError, spawn};
use crate::domain::{EventFilter, RowNumber, TokenHash};
use crate::followers::broker::{self, Interest, Message, Subscription, sse};
use crate::store::{History, ReadError, Store, StoredEvent};

/// How often an idle stream sends a comment and checks its session.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// The maximum number of events to replay. If more are missed, reloading everything is cheaper.
const MAX_REPLAYED: usize = 10_000;
/// The maximum number of events that a replay reads at a time, and of bytes that it buffers.
const REPLAYED_AT_ONCE: usize = 16;
const REPLAYED_BYTES: usize = 8 << 10;

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
    /// The last row that the client has or does not need.
    sent: RowNumber,
}

struct Missed {
    filter: EventFilter,
    /// The last event of the replay: the newest one at the start of the stream. Later ones come from the
    /// subscription.
    until: RowNumber,
}

/// The position at which a stream starts.
enum Start {
    /// After that row, which is the last one.
    Now(RowNumber),
    /// After that row, with a replay up to `until`.
    After { row: RowNumber, until: RowNumber },
    /// After that row, and the client must reload everything first.
    Resync(RowNumber),
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
        let (user_id, child_id) = (caller.user().id.clone(), caller.child_id().cloned());
        let session = caller.token_hash().clone();
        let filter = EventFilter {
            user_id: Some(user_id.clone()),
            child_id: child_id.clone(),
            ..EventFilter::default()
        };
        let interest = Interest { user_id, child_id, session: session.clone() };
        // First the subscription, then the history: the other way round, an event in between would be
        // in neither.
        let limit = self.settings.streams_per_session;
        let subscription = self.broker.subscribe(interest, request.closer, limit)?;
        // The end of a session closes only streams that exist by then.
        self.live_session(&session).await?.ok_or(ServiceError::Unauthenticated)?;
        let start = self.start(&filter, request.last_event_id.as_deref()).await;
        let (Start::Now(row) | Start::After { row, .. } | Start::Resync(row)) = start;
        let mut stream = EventStream {
            service: Arc::clone(self),
            session,
            named: request.named,
            subscription,
            heartbeat: heartbeat(),
            ready: VecDeque::from([sse::beginning(row)]),
            missed: None,
            sent: row,
        };
        match start {
            Start::Now(_) => {}
            Start::After { until, .. } => stream.missed = Some(Missed { filter, until }),
            Start::Resync(row) => stream.resync(row),
        }
        Ok(stream)
    }

    async fn start(&self, filter: &EventFilter, last_event_id: Option<&str>) -> Start {
        let history = self.store.history();
        let last = history.last_row();
        let Some(last_event_id) = last_event_id else {
            return Start::Now(last);
        };
        let Some(row) = last_event_id.parse().ok().filter(|row| *row <= last) else {
            return Start::Resync(last);
        };
        // Rows of other families are counted too, so the family's events are at most this many.
        if last - row <= MAX_REPLAYED as RowNumber {
            return Start::After { row, until: last };
        }
        let filter = filter.clone();
        // Counts in memory, and only up to the limit.
        let count = spawn::blocking(move || history.count_after(row, &filter, MAX_REPLAYED + 1));
        match count.await {
            Ok(count) if count <= MAX_REPLAYED => Start::After { row, until: last },
            _ => Start::Resync(last),
        }
    }
}

impl EventStream {
    /// Returns the next frame; `None` at the end of the stream. The session is checked for each frame,
    /// because nothing may be sent after its end, and a replay can take long.
    pub async fn next(&mut self) -> Option<Bytes> {
        let frame = self.frame().await?;
        self.service.is_live(&self.session).await.then_some(frame)
    }

    async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            match self.missed.take() {
                Some(missed) => {
                    if !self.service.is_live(&self.session).await {
                        return None;
                    }
                    self.replay(missed).await;
                }
                None => return self.next_live().await,
            }
        }
    }

    /// Renders the next missed events.
    async fn replay(&mut self, missed: Missed) {
        let history = self.service.store.history();
        let sent = self.sent;
        let read = spawn::blocking(move || {
            let chunk = chunk_after(&*history, sent, &missed.filter, REPLAYED_AT_ONCE);
            chunk.map(|chunk| (chunk, missed))
        });
        let (chunk, missed) = match read.await.map_err(ServiceError::internal) {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return self.replay_failed(&error),
            Err(error) => return self.replay_failed(&error),
        };
        let (mut bytes, mut has_more) = (0, chunk.len() == REPLAYED_AT_ONCE);
        for stored in &chunk {
            if stored.row > missed.until {
                has_more = false;
                break;
            }
            // The rest is read again once the client has received these.
            if bytes >= REPLAYED_BYTES {
                has_more = true;
                break;
            }
            self.sent = stored.row;
            let frame = frame_of(stored, self.named);
            bytes += frame.as_ref().map_or(0, Bytes::len);
            self.ready.extend(frame);
        }
        if has_more {
            self.missed = Some(missed);
        } else {
            self.sent = missed.until;
        }
    }

    fn replay_failed(&mut self, error: &dyn Error) {
        tracing::error!(error = %Causes(error), "cannot replay missed events");
        self.resync(self.service.store.history().last_row());
    }

    /// Makes the client reload everything, and continues after `row`.
    fn resync(&mut self, row: RowNumber) {
        self.sent = row;
        self.ready.push_back(sse::resync(row, self.named));
    }

    async fn next_live(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                message = self.subscription.next() => {
                    let message = message?;
                    // An event of the replay can arrive by the subscription, too.
                    if message.row > self.sent {
                        return Some(frame_for(&message, self.named));
                    }
                }
                _ = self.heartbeat.tick() => {
                    return Some(sse::HEARTBEAT);
                }
            }
        }
    }
}

fn heartbeat() -> Interval {
    let mut interval = interval_at(Instant::now() + HEARTBEAT_INTERVAL, HEARTBEAT_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn frame_of(stored: &StoredEvent, named: bool) -> Option<Bytes> {
    broker::message(stored).map(|message| frame_for(&message, named))
}

fn frame_for(message: &Message, named: bool) -> Bytes {
    if named { message.named.clone() } else { message.unnamed.clone() }
}

/// Reads the next events. Fails if one of them is malformed: a stream could not send it.
fn chunk_after(
    history: &dyn History,
    row: RowNumber,
    filter: &EventFilter,
    limit: usize,
) -> Result<Vec<StoredEvent>, ReadError> {
    let chunk = history.events_after(row, filter, limit)?;
    Ok(chunk.into_iter().collect::<Result<_, _>>()?)
}

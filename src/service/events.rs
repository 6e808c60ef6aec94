//! A live stream of one family's events: first what the reader missed, then what happens.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::{Caller, Causes, Service, ServiceError, spawn, sinks};
use crate::domain::{EventFilter, RowNumber, TokenHash};
use crate::followers::broker::{Interest, Message, Subscription, sse};
use crate::store::{History, ReadError, Store, StoredEvent};

/// How often an idle stream says that it lives, and looks whether its session does.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// The most missed events that are replayed; beyond it, to load everything anew is cheaper.
const MAX_REPLAYED: usize = 10_000;
/// How many events are read at once for a replay, and how many bytes of them wait for the reader.
const REPLAYED_AT_ONCE: usize = 16;
const REPLAYED_BYTES: usize = 8 << 10;

/// What a reader asks for.
#[derive(Clone, Debug)]
pub struct StreamRequest {
    /// The id of the last event that the reader has; none where it begins now.
    pub last_event_id: Option<String>,
    /// Whether the frames have an `event:` line.
    pub named: bool,
    /// What aborts the reader's connection, where it doesn't keep up.
    pub closer: CancellationToken,
}

/// A reader's frames, as they go over the wire. It ends with the session, with the server, and for
/// a reader that doesn't keep up.
pub struct EventStream {
    service: Arc<Service>,
    session: TokenHash,
    named: bool,
    subscription: Subscription,
    heartbeat: Interval,
    /// What is rendered and not yet sent.
    ready: VecDeque<Bytes>,
    /// What is to be replayed; none once the reader has caught up.
    missed: Option<Missed>,
    /// The last row that the reader has, or need not get.
    sent: RowNumber,
}

/// What a reader has missed.
struct Missed {
    filter: EventFilter,
    /// The last event of the replay: the newest one when the stream began. Later ones come from the
    /// subscription.
    until: RowNumber,
}

/// Where a stream begins.
enum Start {
    /// With the first event after that row, which is the last one.
    Now(RowNumber),
    /// After that row, with a replay of what follows it up to `until`.
    After { row: RowNumber, until: RowNumber },
    /// The reader must load everything anew; then after that row.
    Anew(RowNumber),
}

impl Service {
    /// The events that the caller may hear of, from the one after `last_event_id` on: no gap and no
    /// duplicate. Where that can't be, the stream begins with a `resync`.
    ///
    /// Refuses a caller whose session has ended meanwhile, or has as many streams open as it may.
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
        // First the live events, then the past: the other way round, one that comes in between
        // would be in neither.
        let limit = self.settings.streams_per_session;
        let subscription = self.broker.subscribe(interest, request.closer, limit)?;
        // A session that ended before this line has closed only the streams that there were.
        self.live_session(&session).await?.ok_or(ServiceError::Unauthenticated)?;
        let start = self.start(&filter, request.last_event_id.as_deref()).await;
        let (Start::Now(row) | Start::After { row, .. } | Start::Anew(row)) = start;
        let mut feed = EventStream {
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
            Start::After { until, .. } => feed.missed = Some(Missed { filter, until }),
            Start::Anew(row) => feed.resync(row),
        }
        Ok(feed)
    }

    async fn start(&self, filter: &EventFilter, last_event_id: Option<&str>) -> Start {
        let history = self.store.history();
        let last = history.last_row();
        let Some(last_event_id) = last_event_id else {
            return Start::Now(last);
        };
        let Some(row) = last_event_id.parse().ok().filter(|row| *row <= last) else {
            return Start::Anew(last);
        };
        // Rows of all families lie in between, so this bounds the reader's own from above.
        if last - row <= MAX_REPLAYED as RowNumber {
            return Start::After { row, until: last };
        }
        let filter = filter.clone();
        // From memory alone, and no further than is needed to know that they are too many.
        let count = spawn::blocking(move || history.count_after(row, &filter, MAX_REPLAYED + 1));
        match count.await {
            Ok(count) if count <= MAX_REPLAYED => Start::After { row, until: last },
            _ => Start::Anew(last),
        }
    }
}

impl EventStream {
    /// The next frame; none at the stream's end. Every frame is checked again: a replay may take
    /// long, and nothing is sent to a session that has ended since.
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

    /// Renders the next of what was missed.
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
        let (mut bytes, mut is_cut) = (0, chunk.len() == REPLAYED_AT_ONCE);
        for recorded in &chunk {
            if recorded.row > missed.until {
                is_cut = false;
                break;
            }
            // What doesn't fit is read again once the reader has taken this.
            if bytes >= REPLAYED_BYTES {
                is_cut = true;
                break;
            }
            self.sent = recorded.row;
            let frame = frame_of(recorded, self.named);
            bytes += frame.as_ref().map_or(0, Bytes::len);
            self.ready.extend(frame);
        }
        if is_cut {
            self.missed = Some(missed);
        } else {
            self.sent = missed.until;
        }
    }

    fn replay_failed(&mut self, error: &dyn Error) {
        tracing::error!(error = %Causes(error), "missed events could not be replayed");
        self.resync(self.service.store.history().last_row());
    }

    /// Sends the reader to load everything anew, and goes on after `row`.
    fn resync(&mut self, row: RowNumber) {
        self.sent = row;
        self.ready.push_back(sse::resync(row, self.named));
    }

    async fn next_live(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                message = self.subscription.next() => {
                    let message = message?;
                    // What was there before may have been handed out after the subscription.
                    if message.row > self.sent {
                        return Some(chosen(&message, self.named));
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

fn frame_of(recorded: &StoredEvent, named: bool) -> Option<Bytes> {
    sinks::message(recorded).map(|message| chosen(&message, named))
}

fn chosen(message: &Message, named: bool) -> Bytes {
    if named { message.named.clone() } else { message.unnamed.clone() }
}

/// The next events. Fails where one of them is none, which a stream couldn't tell of.
fn chunk_after(
    history: &dyn History,
    row: RowNumber,
    filter: &EventFilter,
    limit: usize,
) -> Result<Vec<StoredEvent>, ReadError> {
    let chunk = history.events_after(row, filter, limit)?;
    Ok(chunk.into_iter().collect::<Result<_, _>>()?)
}

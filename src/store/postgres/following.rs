//! The history of all families, for followers, in the order of the transactions' numbers.
//!
//! A transaction gets its number before it commits, so that one with a smaller number can commit
//! later. Followers read only up to the smallest number of a transaction that is still open: behind
//! that, nothing can be added.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;

use super::cursors::Cursors;
use super::error::Failure;
use super::events::{rows_limit, stored};
use super::inner::Inner;
use super::lease::Leases;
use super::position::parts;
use super::runtime::Runtime;
use super::sql;
use crate::domain::{Id, MessagePosition, Position, UserId};
use crate::store::{
    Fence, Followed, FollowedMessages, Following, Lease, Purpose, ReadError, SavedCursor,
    StoredEvent,
};

/// How long a follower waits for transactions that are open, in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause before it looks again.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct History {
    pub(super) runtime: Runtime,
    pub(super) leases: Arc<Leases>,
    pub(super) cursors: Arc<Cursors>,
}

fn position(row: &Row) -> Result<Option<Position>, Failure> {
    let position: Option<i64> = row.try_get("position")?;
    Ok(position.map(|it| Position(it.cast_unsigned())))
}

impl Inner {
    /// The position of the last event that followers can read, after waiting for committed events
    /// behind open transactions.
    async fn end(&self) -> Result<Position, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (end, are_later) = self.end_now().await?;
            if !are_later || Instant::now() > deadline {
                return Ok(end);
            }
            sleep(PAUSE).await;
        }
    }

    /// The position of the last event that followers can read, and whether there are later ones.
    async fn end_now(&self) -> Result<(Position, bool), Failure> {
        let row = self.db.row(&sql::END, &[]).await?;
        let end = position(&row)?.unwrap_or_default();
        self.end.store(end.0, Ordering::Relaxed);
        Ok((end, row.try_get("are_later")?))
    }

    async fn events_since(
        &self,
        after: Position,
        family: Option<UserId>,
        limit: usize,
    ) -> Result<Followed, Failure> {
        let (xid, place) = parts(after);
        let family = family.as_ref().map(Id::as_str);
        let deadline = Instant::now() + PATIENCE;
        loop {
            // What is read afterwards contains everything up to this end.
            let (end, are_later) = self.end_now().await?;
            let limit = rows_limit(limit);
            let found = self.db.rows(&sql::FOLLOW, &[&xid, &place, &family, &limit]).await?;
            let is_full = rows_limit(found.len()) == limit;
            if found.is_empty() && are_later && Instant::now() < deadline {
                sleep(PAUSE).await;
                continue;
            }
            let last = found.last().map(position).transpose()?.flatten().unwrap_or_default();
            let through = if is_full { last } else { last.max(end).max(after) };
            let has_more = is_full || (are_later && !found.is_empty());
            let events = found.iter().filter_map(|row| event(row).transpose());
            return Ok(Followed { events: events.collect::<Result<_, _>>()?, through, has_more });
        }
    }

    async fn count_since(&self, after: Position) -> Result<usize, Failure> {
        let (xid, place) = parts(after);
        super::events::count(&self.db.row(&sql::COUNT_SINCE, &[&xid, &place]).await?)
    }
}

/// The event of a row with its position; `None` if followers do not get it.
fn event(row: &Row) -> Result<Option<(Position, Arc<StoredEvent>)>, Failure> {
    if row.try_get("is_left_out")? {
        return Ok(None);
    }
    let (Some(position), Ok(event)) = (position(row)?, stored(row)?) else { return Ok(None) };
    Ok(Some((position, Arc::new(event))))
}

impl Following for History {
    fn end(&self) -> Position {
        // Followers read the end at least once in a second.
        let recent = || Position(self.runtime.inner.end.load(Ordering::Relaxed));
        self.read_end().unwrap_or_else(|_| recent())
    }

    fn read_end(&self) -> Result<Position, ReadError> {
        Ok(self.runtime.wait(async |inner| inner.end().await)?)
    }

    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        let family = family.cloned();
        let read = async move |inner: Arc<Inner>| inner.events_since(after, family, limit).await;
        Ok(self.runtime.wait(read)?)
    }

    fn count_since(&self, after: Position) -> usize {
        let counted = self.runtime.wait(async move |inner| inner.count_since(after).await);
        counted.unwrap_or_default()
    }

    fn messages_end(&self) -> Result<MessagePosition, ReadError> {
        Ok(self.runtime.wait(async |inner| inner.messages_end().await)?)
    }

    fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, ReadError> {
        let read = async move |inner: Arc<Inner>| inner.messages_since(after, limit).await;
        Ok(self.runtime.wait(read)?)
    }

    fn wakeups(&self) -> watch::Receiver<()> {
        self.runtime.inner.wakeups.subscribe()
    }

    fn cursor(&self, follower: &str) -> Result<SavedCursor, ReadError> {
        let (cursors, follower) = (Arc::clone(&self.cursors), follower.to_owned());
        let read = async move |inner: Arc<Inner>| cursors.read(&inner, &follower).await;
        Ok(SavedCursor { saved: self.runtime.wait(read)?, noted: None })
    }

    fn save_cursor(&self, follower: &str, cursor: String, lease: &Fence) {
        self.cursors.put(follower, cursor, lease);
        let cursors = Arc::clone(&self.cursors);
        let inner = Arc::clone(&self.runtime.inner);
        self.runtime.handle.spawn(async move { cursors.save(&inner).await });
    }

    /// The cursor in the database is new enough after a kill: the lines since are repeated.
    fn note_cursor(&self, _follower: &str, _cursor: String) {}

    fn lease(&self, purpose: Purpose) -> Option<Lease> {
        let (leases, runtime) = (Arc::clone(&self.leases), self.runtime.clone());
        let take = async move |_| leases.take(&runtime, purpose).await;
        self.runtime.wait(take).unwrap_or_default()
    }
}

//! Stores what children have earned soon after each event, and at the ends of their days.
//!
//! One server at a time follows the events of all families, and evaluates the children that they are about. A
//! lost cursor costs nothing but time: a response about a child's badges evaluates it, too.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::super::{Causes, Service, ServiceError, spawn};
use super::state::{Child, Cursor, Lag};
use crate::domain::{EventFilter, SortOrder, Timestamp, TrackingEvent};
use crate::store::{Fence, Following, Lease, Projection, Purpose, ReadError, Store};

/// The name of the job, and of its cursor.
const NAME: &str = "badges";
/// The number of events that one round reads.
const EVENTS_AT_ONCE: usize = 1_000;
/// A wake-up may be lost.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The pause after a round is that many times as long as the round: the job takes a small part of one
/// processor.
const REST: u32 = 9;
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A round that runs while the server stops ends after this time; the next start continues.
const LAST_ROUND: Duration = Duration::from_secs(2);
/// After this time behind the events, the job is reported as late.
const LATE: Duration = Duration::from_secs(10);
/// A day of a family has ended after this time, whatever its zone.
const LONGEST_DAY: Duration = Duration::from_hours(26);
/// After this time, children that could not be evaluated are tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// How often the ends of days are examined.
const ENDS_INTERVAL: Duration = Duration::from_mins(1);

/// The job of the server that has the lease.
struct Job {
    history: Arc<dyn Following>,
    cursor: Cursor,
    /// When to evaluate children again, because a day has ended.
    ends: HashMap<Child, Timestamp>,
    next_look: Timestamp,
    /// The children that could not be evaluated, and the last reason.
    failed: HashSet<Child>,
    last_error: Option<String>,
    next_try: Timestamp,
}

impl Service {
    /// Reads how far earlier servers have followed the events; without one, begins at the newest event.
    pub async fn start_evaluations(&self) -> Result<(), ServiceError> {
        self.cursor_at_start().await.map(|_| ())
    }

    /// What was earned before causes no messages.
    pub(super) async fn announced_since(&self) -> Result<Timestamp, ServiceError> {
        Ok(Timestamp::from_micros(self.cursor_at_start().await?.since))
    }

    async fn cursor_at_start(&self) -> Result<Cursor, ServiceError> {
        let evaluations = &self.evaluations;
        let read = evaluations.cursor.get_or_try_init(async || {
            let (history, started) = (self.store.following(), evaluations.started);
            let read = spawn::blocking(move || read_cursor(&*history, started));
            Ok::<_, ServiceError>(read.await.map_err(ServiceError::internal)??)
        });
        read.await.copied()
    }

    /// Evaluates the children that events are about, until `stop`; before it ends, also those of the events so far.
    pub async fn evaluate_on_events(self: Arc<Self>, stop: CancellationToken) {
        let mut wakeups = self.store.following().wakeups();
        let (mut lease, mut job) = (None, None);
        loop {
            let woken = async {
                tokio::select! {
                    // This fails after the store is closed.
                    Ok(()) = wakeups.changed() => {}
                    () = tokio::time::sleep(LONGEST_WAIT) => {}
                }
            };
            let is_last = stop.run_until_cancelled(woken).await.is_none();
            wakeups.mark_unchanged();
            if !lease.as_ref().is_some_and(Lease::is_held) {
                job = None;
            }
            if !self.holds(&mut lease, Purpose::Badges).await {
                *self.evaluations.lag.lock() = Lag::default();
                if is_last {
                    return;
                }
                continue;
            }
            let Some(fence) = lease.as_ref().map(Lease::fence) else { continue };
            let started = self.clock.elapsed();
            job = self.detached_round(job.take(), fence, stop.clone()).await;
            let took = self.clock.elapsed().saturating_sub(started);
            if is_last {
                return;
            }
            // A stop ends the pause, and one more round follows.
            let pause = (took * REST).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            stop.run_until_cancelled(tokio::time::sleep(pause)).await.unwrap_or_default();
        }
    }

    /// One round in a task of its own, so that a panic does not end the job.
    async fn detached_round(
        self: &Arc<Self>,
        last: Option<Job>,
        fence: Fence,
        stop: CancellationToken,
    ) -> Option<Job> {
        let service = Arc::clone(self);
        let round = spawn::detached(async move { service.round(last, &fence, &stop).await });
        self.note_round(round.await.and_then(|round| round))
    }

    fn note_round(&self, round: Result<(Job, usize), ServiceError>) -> Option<Job> {
        let mut lag = self.evaluations.lag.lock();
        match round {
            Ok((job, backlog)) => {
                let since = lag.since.unwrap_or_else(|| self.clock.elapsed());
                let since = (backlog > 0).then_some(since);
                *lag = Lag { since, backlog, last_error: job.last_error.clone() };
                Some(job)
            }
            Err(error) => {
                let text = error.to_string();
                if lag.last_error.as_ref() != Some(&text) {
                    tracing::error!(error = %Causes(&error), "the badges of children cannot be evaluated");
                }
                lag.last_error = Some(text);
                None
            }
        }
    }

    /// Evaluates the children of the next events and of the days that have ended. Returns how many events are
    /// left.
    async fn round(
        &self,
        job: Option<Job>,
        lease: &Fence,
        stop: &CancellationToken,
    ) -> Result<(Job, usize), ServiceError> {
        let mut job = match job {
            Some(job) => job,
            None => self.start_job(lease).await?,
        };
        let started = self.clock.elapsed();
        let (history, after) = (Arc::clone(&job.history), job.cursor.after);
        let read = spawn::blocking(move || history.events_since(after, None, EVENTS_AT_ONCE));
        let followed = read.await.map_err(ServiceError::internal)??;
        let about = |event: &TrackingEvent| Some((event.user_id.clone()?, event.child_id.clone()));
        let events = followed.events.iter().filter_map(|(_, stored)| about(&stored.event));
        let mut children: HashSet<Child> = events.collect();
        children.extend(job.ended(self.clock.now()));
        children.extend(job.tried_again(self.clock.now()));
        for child in children {
            let took = self.clock.elapsed().saturating_sub(started);
            if stop.is_cancelled() && took > LAST_ROUND {
                return Ok((job, 0));
            }
            self.evaluate_for(&mut job, child).await;
        }
        let is_further = job.cursor.after < followed.through;
        job.cursor.after = job.cursor.after.max(followed.through);
        let (history, cursor, fence) = (Arc::clone(&job.history), job.cursor, lease.clone());
        let left = spawn::blocking(move || {
            if is_further {
                history.note_cursor(NAME, cursor.text());
                history.save_cursor(NAME, cursor.text(), &fence);
            }
            if followed.has_more { history.count_since(cursor.after).max(1) } else { 0 }
        });
        Ok((job, left.await.map_err(ServiceError::internal)?))
    }

    /// Evaluates a child. After an error, it is tried again later, so that it does not delay other children.
    async fn evaluate_for(&self, job: &mut Job, child: Child) {
        match self.settle_child(&child).await {
            Ok(next) => {
                job.failed.remove(&child);
                match next {
                    Some(end) => job.ends.insert(child, end),
                    None => job.ends.remove(&child),
                };
            }
            Err(error) => {
                let text = Some(error.to_string());
                if job.last_error != text && self.evaluations.lag.lock().last_error != text {
                    tracing::error!(error = %Causes(&error), "the badges of a child could not be evaluated");
                }
                job.last_error = text;
                job.failed.insert(child);
            }
        }
    }

    /// Returns when the end of a day can change the awards.
    async fn settle_child(
        &self,
        (family, child): &Child,
    ) -> Result<Option<Timestamp>, ServiceError> {
        let records = self.awards_scope(family, child).await?;
        Ok(self.settle(&*records, family, child, None).await?.next_end)
    }

    /// Continues where the last holder of the lease stopped.
    async fn start_job(&self, lease: &Fence) -> Result<Job, ServiceError> {
        let history = self.store.following();
        let at_start = self.cursor_at_start().await?;
        let (reader, fence) = (Arc::clone(&history), lease.clone());
        let cursor = spawn::blocking(move || {
            let saved = saved_cursor(&*reader)?;
            let cursor = saved.unwrap_or(at_start);
            if saved.is_none() {
                reader.save_cursor(NAME, cursor.text(), &fence);
            }
            Ok::<_, ReadError>(cursor)
        });
        let cursor = cursor.await.map_err(ServiceError::internal)??;
        let mut job = Job {
            history,
            cursor,
            ends: HashMap::new(),
            next_look: Timestamp::EPOCH,
            failed: HashSet::new(),
            last_error: None,
            next_try: Timestamp::EPOCH,
        };
        self.find_ends(&mut job).await?;
        Ok(job)
    }

    /// Finds the children that have done something on a day that may not be over.
    async fn find_ends(&self, job: &mut Job) -> Result<(), ServiceError> {
        #[derive(Deserialize)]
        struct Row {
            user_id: Option<String>,
            child_id: String,
            occurred_at: String,
        }
        let from = Some(self.clock.now().before(LONGEST_DAY));
        let filter = EventFilter { from, ..EventFilter::default() };
        let mut scan = self.store.scan_events(&filter, SortOrder::Ascending).await?;
        loop {
            let rows = scan.next(EVENTS_AT_ONCE).await?;
            if rows.count() == 0 {
                return Ok(());
            }
            for row in rows.read(0..rows.count()).await? {
                let Ok(row) = serde_json::from_str::<Row>(&row) else { continue };
                let (Some(family), Some(at)) =
                    (row.user_id, Timestamp::parse_iso(&row.occurred_at))
                else {
                    continue;
                };
                job.ends.insert((family.into(), row.child_id.into()), at.after(LONGEST_DAY));
            }
        }
    }

    pub(in crate::service) fn evaluation_health(&self) -> Projection {
        let lag = self.evaluations.lag.lock();
        let is_late = |since| self.clock.elapsed().saturating_sub(since) > LATE;
        let backlog = if lag.since.is_some_and(is_late) { lag.backlog } else { 0 };
        Projection { name: NAME, backlog, last_error: lag.last_error.clone() }
    }
}

impl Cursor {
    fn text(self) -> String {
        serde_json::json!({"after": self.after, "since": self.since}).to_string()
    }
}

impl Job {
    /// The children whose day has ended.
    fn ended(&mut self, now: Timestamp) -> Vec<Child> {
        if now < self.next_look {
            return Vec::new();
        }
        self.next_look = now.after(ENDS_INTERVAL);
        let ended = self.ends.iter().filter(|(_, end)| **end <= now);
        ended.map(|(child, _)| child.clone()).take(EVENTS_AT_ONCE).collect()
    }

    /// The children that are to be tried again now.
    fn tried_again(&mut self, now: Timestamp) -> Vec<Child> {
        if now < self.next_try {
            return Vec::new();
        }
        self.next_try = now.after(RETRY_INTERVAL);
        let again: Vec<Child> = self.failed.iter().take(EVENTS_AT_ONCE).cloned().collect();
        for child in &again {
            self.failed.remove(child);
        }
        if self.failed.is_empty() {
            self.last_error = None;
        }
        again
    }
}

/// The cursor of the last server, or the end of the history.
fn read_cursor(history: &dyn Following, started: Timestamp) -> Result<Cursor, ReadError> {
    if let Some(cursor) = saved_cursor(history)? {
        return Ok(cursor);
    }
    let cursor = Cursor { after: history.read_end()?, since: started.as_micros() };
    // This server may be killed before it has followed an event.
    history.note_cursor(NAME, cursor.text());
    Ok(cursor)
}

/// The cursor of the last server; `None` if there was none with this data.
fn saved_cursor(history: &dyn Following) -> Result<Option<Cursor>, ReadError> {
    let found = history.cursor(NAME)?;
    let texts = [found.noted, found.saved].into_iter().flatten();
    let cursors = texts.filter_map(|text| serde_json::from_str::<Cursor>(&text).ok());
    let cursor = cursors.max_by_key(|cursor| cursor.after);
    let Some(cursor) = cursor else { return Ok(None) };
    // After a backup is restored, positions are used again.
    Ok(Some(Cursor { after: cursor.after.min(history.read_end()?), ..cursor }))
}

//! Delivers what webhooks send, soon after it happens.
//!
//! One server at a time looks for webhooks that something waits for, and has a task for each of them: a slow receiver delays
//! no other. What waits is what follows the webhook's cursor; nothing but the cursor is stored, and nothing is queued in
//! memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::{Causes, Service, ServiceError, spawn};
use super::run::{End, Endpoint};
use crate::domain::webhooks::{Webhook, WebhookId};
use crate::domain::{MessagePosition, Position, Timestamp, UserId};
use crate::store::{Fence, Following, Lease, Projection, Purpose, ReadError, Store as _};

/// The name of the job in `/health`.
const NAME: &str = "webhooks";
/// A wake-up may be lost, and the end of a back-off causes none.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The pause after a round is that many times as long as the round.
const REST: u32 = 9;
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The wait after a run has failed, for example because the store accepts no changes. Its message may have been sent, and the
/// next run sends it again. Each further failure doubles the wait, [`MOST_DOUBLINGS`] times at most (about ten minutes).
const FIRST_RETRY: Duration = Duration::from_secs(5);
const MOST_DOUBLINGS: u32 = 7;
/// The number of events and messages that are read at once.
const AT_ONCE: usize = 1_000;
/// What is being sent while the server stops has that much time; the next start sends it again otherwise.
const LAST_DELIVERIES: Duration = Duration::from_secs(2);

/// How far the events and messages of all families were read, to find those that have new ones.
#[derive(Clone, Copy, Default)]
struct Read {
    event: Position,
    message: MessagePosition,
}

/// A webhook whose runs fail because of this server, and not because of its receiver.
struct Broken {
    error: String,
    /// The number of failures since the last run that has succeeded.
    failures: u32,
    /// When the next run may start, by the time that has passed.
    retry_at: Duration,
}

/// The job of the server that has the lease. Dropping it stops all deliveries.
#[derive(Default)]
struct Job {
    /// `None` while there is no webhook.
    read: Option<Read>,
    /// The webhooks that were there in the last round, as they were.
    known: HashMap<WebhookId, Arc<Webhook>>,
    /// Those for which something may be waiting.
    waiting: HashSet<WebhookId>,
    running: HashMap<WebhookId, CancellationToken>,
    tasks: JoinSet<(WebhookId, Result<End, ServiceError>)>,
    broken: HashMap<WebhookId, Broken>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.running.values().for_each(CancellationToken::cancel);
    }
}

impl Service {
    /// Delivers what webhooks send, until `stop`.
    pub async fn deliver_webhooks(self: Arc<Self>, stop: CancellationToken) {
        let mut wakeups = self.store.following().wakeups();
        let (mut lease, mut job) = (None, Job::default());
        loop {
            let woken = async {
                tokio::select! {
                    // This fails after the store is closed.
                    Ok(()) = wakeups.changed() => {}
                    Some(ended) = job.tasks.join_next() => {
                        job.note(ended.ok(), self.clock.elapsed());
                    }
                    () = tokio::time::sleep(LONGEST_WAIT) => {}
                }
            };
            if stop.run_until_cancelled(woken).await.is_none() {
                return job.finish().await;
            }
            wakeups.mark_unchanged();
            if !lease.as_ref().is_some_and(Lease::is_held) {
                job = Job::default();
            }
            if !self.holds(&mut lease, Purpose::Webhooks).await {
                *self.webhooks.error.lock() = None;
                self.webhooks.backlog.store(0, Ordering::Relaxed);
                continue;
            }
            let Some(fence) = lease.as_ref().map(Lease::fence) else { continue };
            let started = self.clock.elapsed();
            let round = self.start_deliveries(&mut job, &fence).await;
            self.note_deliveries(&job, round);
            let took = self.clock.elapsed().saturating_sub(started);
            let pause = (took * REST).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            stop.run_until_cancelled(tokio::time::sleep(pause)).await.unwrap_or_default();
        }
    }

    fn note_deliveries(&self, job: &Job, round: Result<(), ServiceError>) {
        self.webhooks.backlog.store(job.backlog(), Ordering::Relaxed);
        let mut last = self.webhooks.error.lock();
        let error = round.err();
        let text = error.as_ref().map(ToString::to_string);
        if let Some(error) = error.filter(|_| *last != text) {
            tracing::error!(error = %Causes(&error), "webhooks cannot be looked for");
        }
        *last = text.or_else(|| job.broken.values().next().map(|it| it.error.clone()));
    }

    pub(in crate::service) fn webhooks_health(&self) -> Projection {
        let backlog = self.webhooks.backlog.load(Ordering::Relaxed);
        Projection { name: NAME, backlog, last_error: self.webhooks.error.lock().clone() }
    }

    /// Starts a task for each webhook that something may be waiting for, and ends the tasks of deleted webhooks.
    async fn start_deliveries(
        self: &Arc<Self>,
        job: &mut Job,
        lease: &Fence,
    ) -> Result<(), ServiceError> {
        while let Some(ended) = job.tasks.try_join_next() {
            job.note(ended.ok(), self.clock.elapsed());
        }
        // Before the webhooks are listed, so that nothing is missed in between.
        let (history, read) = (self.store.following(), job.read);
        let news = spawn::blocking(move || news(&*history, read));
        let (read, news) = news.await.map_err(ServiceError::internal)??;
        let webhooks = self.store.webhooks().await?;
        job.read = (!webhooks.is_empty()).then_some(read);
        job.update(webhooks, &news);
        for webhook in job.due(self.clock.now(), self.clock.elapsed()) {
            let stop = CancellationToken::new();
            let (user_id, id) = (webhook.user_id.clone(), webhook.id.clone());
            let endpoint =
                Endpoint { user_id, id: id.clone(), lease: lease.clone(), stop: stop.clone() };
            job.waiting.remove(&id);
            job.running.insert(id.clone(), stop);
            let run = Arc::clone(self).run_endpoint(endpoint);
            // In a task of its own, so that a panic does not end the job.
            job.tasks.spawn(async move { (id, spawn::detached(run).await.and_then(|end| end)) });
        }
        Ok(())
    }
}

impl Job {
    /// Notes the end of a run. `elapsed` is the time that has passed, which a change of the clock does not affect.
    fn note(&mut self, ended: Option<(WebhookId, Result<End, ServiceError>)>, elapsed: Duration) {
        let Some((id, end)) = ended else { return };
        self.running.remove(&id);
        match end {
            Ok(end) => {
                self.broken.remove(&id);
                if end == End::Waiting {
                    self.waiting.insert(id);
                }
            }
            Err(error) => {
                let (text, before) = (error.to_string(), self.broken.get(&id));
                if before.is_none_or(|it| it.error != text) {
                    tracing::error!(error = %Causes(&error), "messages of a webhook cannot be delivered");
                }
                let failures = before.map_or(0, |it| it.failures);
                let retry_at = elapsed + FIRST_RETRY * 2_u32.pow(failures.min(MOST_DOUBLINGS));
                let broken = Broken { error: text, failures: failures.saturating_add(1), retry_at };
                self.broken.insert(id.clone(), broken);
                self.waiting.insert(id);
            }
        }
    }

    /// Compares the webhooks with those of the last round.
    fn update(&mut self, webhooks: Vec<Arc<Webhook>>, news: &HashSet<UserId>) {
        let before = std::mem::take(&mut self.known);
        for webhook in webhooks {
            let id = webhook.id.clone();
            let is_changed = before.get(&id).is_none_or(|it| it.updated_at != webhook.updated_at);
            if is_changed || news.contains(&webhook.user_id) || !webhook.requested.is_empty() {
                self.waiting.insert(id.clone());
            }
            self.known.insert(id, webhook);
        }
        let known = &self.known;
        self.waiting.retain(|id| known.contains_key(id));
        self.broken.retain(|id, _| known.contains_key(id));
        for (id, stop) in &self.running {
            let is_stopped = known.get(id).is_none_or(|it| {
                // What a parent has asked for is sent anyway.
                it.disabled.is_some() && it.requested.is_empty()
            });
            if is_stopped {
                stop.cancel();
            }
        }
    }

    /// The webhooks for which a run starts now.
    fn due(&self, now: Timestamp, elapsed: Duration) -> Vec<Arc<Webhook>> {
        let is_broken =
            |id: &WebhookId| self.broken.get(id).is_some_and(|it| elapsed < it.retry_at);
        let waiting = self.waiting.iter().filter(|id| !self.running.contains_key(id));
        let waiting = waiting.filter(|id| !is_broken(id));
        let waiting = waiting.filter_map(|id| self.known.get(id));
        let is_due = |webhook: &&Arc<Webhook>| {
            !webhook.requested.is_empty() || (webhook.disabled.is_none() && webhook.is_due(now))
        };
        waiting.filter(is_due).cloned().collect()
    }

    /// The number of webhooks with something to deliver. Those that wait for a failing receiver do not count: their families
    /// see them.
    fn backlog(&self) -> usize {
        let running = self.running.keys().filter(|id| !self.waiting.contains(*id));
        let known = self.waiting.iter().chain(running).filter_map(|id| self.known.get(id));
        let is_ours = |webhook: &&Arc<Webhook>| {
            !webhook.requested.is_empty()
                || (webhook.disabled.is_none() && webhook.failing.is_none())
        };
        known.filter(is_ours).count()
    }

    /// Waits a moment for what is being sent.
    async fn finish(mut self) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(LAST_DELIVERIES, ended).await.unwrap_or_default();
    }
}

/// The families with events or messages after what was read, and how far they were read. Without an earlier place, begins at
/// the end.
fn news(history: &dyn Following, read: Option<Read>) -> Result<(Read, HashSet<UserId>), ReadError> {
    let Some(mut read) = read else {
        let read = Read { event: history.read_end()?, message: history.messages_end()? };
        return Ok((read, HashSet::new()));
    };
    let mut families = HashSet::new();
    loop {
        let events = history.events_since(read.event, None, AT_ONCE)?;
        let messages = history.messages_since(read.message, AT_ONCE)?;
        families.extend(events.events.iter().filter_map(|(_, it)| it.event.user_id.clone()));
        families.extend(messages.messages.iter().map(|(_, it)| it.user_id.clone()));
        let is_further = read.event < events.through || read.message < messages.through;
        read = Read {
            event: read.event.max(events.through),
            message: read.message.max(messages.through),
        };
        if !is_further || !(events.has_more || messages.has_more) {
            return Ok((read, families));
        }
    }
}

//! Notices that occurrences become due, late or missed, soon after it happens.
//!
//! Each family keeps the next moment at which something about it changes ([`User::schedule_at`]). One server at a time
//! processes the families whose moment has come, and sets the next one in the transaction that sends the messages: a
//! moment is processed once, by whichever server, also after a restart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use super::super::{Causes, Service, ServiceError, spawn};
use super::family::{FamilySchedule, marks_from};
use super::messages::{announce, state_of};
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::domain::schedule::{MarkKind, Moment, Occurrence, next_moment};
use crate::domain::{Message, Task, Timestamp, User, UserId};
use crate::store::{Change, Changes, Fence, Lease, Projection, Purpose, Scope, Snapshot, Store};

/// The name of the job in `/health`.
const NAME: &str = "schedules";
/// How often the job looks for families whose moment has come.
const INTERVAL: Duration = Duration::from_secs(1);
/// The number of families that are read at once, and of those that are processed side by side.
const FAMILIES_AT_ONCE: usize = 200;
const SIDE_BY_SIDE: usize = 16;
/// Moments that are older were missed because no server was running: one message sums them up.
const OUTAGE: Duration = Duration::from_hours(1);

/// A later moment than so long after now is that of a wrong clock.
const LATEST_MOMENT: Duration = Duration::from_hours(48);
/// Moments before it are not processed: what happened long ago, while no server was running, would take too much memory.
const LOOK_BACK: Duration = Duration::from_hours(32 * 24);

/// The moments of a family that have come.
pub(super) struct Come {
    /// The first of them.
    pub(super) since: Timestamp,
    pub(super) moments: Vec<(Arc<Task>, Occurrence, Moment)>,
}

/// What the processing of a family in one transaction resulted in.
pub(super) enum Processed {
    Done,
    /// The family has changed: it must be read again.
    Outdated,
}

impl Service {
    /// Processes the families whose moment has come, until `stop`.
    pub async fn follow_schedules(self: Arc<Self>, stop: CancellationToken) {
        let mut lease = None;
        loop {
            let pause = tokio::time::sleep(INTERVAL);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
            if !self.holds(&mut lease, Purpose::Schedules).await {
                *self.schedules.error.lock() = None;
                continue;
            }
            let Some(fence) = lease.as_ref().map(Lease::fence) else { continue };
            let (service, stop) = (Arc::clone(&self), stop.clone());
            // In a task of its own, so that a panic does not end the job.
            let round = spawn::detached(async move { service.process_due(&fence, &stop).await });
            self.note_schedules(round.await.and_then(|round| round));
        }
    }

    fn note_schedules(&self, round: Result<(), ServiceError>) {
        let mut last = self.schedules.error.lock();
        let error = round.err();
        let text = error.as_ref().map(ToString::to_string);
        if let Some(error) = error.filter(|_| *last != text) {
            tracing::error!(error = %Causes(&error), "the schedules of families cannot be followed");
        }
        *last = text;
    }

    pub(in crate::service) fn schedules_health(&self) -> Projection {
        let last_error = self.schedules.error.lock().clone();
        Projection { name: NAME, backlog: 0, last_error }
    }

    /// Processes all families whose moment has come. Those that fail do not delay the others; returns the first error.
    async fn process_due(
        &self,
        lease: &Fence,
        stop: &CancellationToken,
    ) -> Result<(), ServiceError> {
        if self.is_clock_ahead() {
            return Ok(());
        }
        let failed = self.schedules.failed(self.clock.elapsed());
        let most = FAMILIES_AT_ONCE + failed.len();
        let (now, earliest) = (self.clock.now(), Timestamp::MIN);
        let mut due = self.store.due_families(earliest..=now, most).await?;
        // A moment is at most a day ahead, unless the clock was ahead when it was set.
        let too_late = now.after(LATEST_MOMENT)..=Timestamp::MAX;
        due.extend(self.store.due_families(too_late, most).await?);
        due.retain(|family| !failed.contains(family));
        let process = |family: UserId| async move {
            if stop.is_cancelled() {
                return Ok(());
            }
            let processed = self.process_family(&family, lease).await;
            if processed.is_err() {
                self.schedules.fail(family, self.clock.elapsed());
            }
            processed
        };
        let processed = stream::iter(due).map(process).buffer_unordered(SIDE_BY_SIDE);
        let processed: Vec<Result<(), ServiceError>> = processed.collect().await;
        processed.into_iter().collect()
    }

    /// Processes the moments of a family that have come.
    async fn process_family(&self, id: &UserId, lease: &Fence) -> Result<(), ServiceError> {
        // Each further attempt means that something of the family was committed meanwhile, or a penalty.
        loop {
            let records = self.store.read(Scope::Family(id.clone())).await?;
            let user = records.user(id);
            let since = user.as_ref().and_then(|user| user.schedule_at);
            let (Some(user), Some(since)) = (user, since) else { return Ok(()) };
            let earliest = self.clock.now().before(LOOK_BACK);
            let first = self.calendar(&user).day_of(since.max(earliest));
            let Some((family, records)) = self.family_schedule_from(id, first).await? else {
                return Ok(());
            };
            let come = Come::of(&family, since);
            let penalties = self.activate_penalties(&family, &come, &*records, lease).await?;
            if let Processed::Outdated = penalties {
                continue;
            }
            if let Processed::Done = self.announce_moments(family, (since, first), lease).await? {
                return Ok(());
            }
        }
    }

    /// Sends the messages of the moments since a time, which is on the day `first`, and sets the next moment.
    async fn announce_moments(
        &self,
        family: FamilySchedule,
        (since, first): (Timestamp, Day),
        lease: &Fence,
    ) -> Result<Processed, ServiceError> {
        let (scope, lease) = (marks_from(&family.user.id, first), lease.clone());
        let commit = self.transact(scope, move |records, _| {
            // The schedules may have changed since.
            let Some(family) = family.clone().by(records) else {
                return Ok((Changes::none(), Processed::Done));
            };
            if family.user.schedule_at != Some(since) || !family.is_complete(records) {
                return Ok((Changes::none(), Processed::Outdated));
            }
            let messages = Come::of(&family, since).messages(&family, records);
            let user = Change::PutUser(family.with_next_moment());
            let changes = Changes::of(messages.into_iter().chain([user]));
            Ok((changes.under(Some(lease.clone())), Processed::Done))
        });
        Ok(commit.await?.value)
    }
}

impl FamilySchedule {
    /// The account with the next moment after now.
    fn with_next_moment(&self) -> User {
        let children: Vec<_> = self.children.iter().map(|child| &**child).collect();
        let tasks = self.tasks.iter().map(|task| &**task);
        let schedule_at = next_moment(tasks, &children, &self.calendar, self.now);
        User { schedule_at, ..User::clone(&self.user) }
    }
}

impl Come {
    /// The moments from `since` to now.
    fn of(family: &FamilySchedule, since: Timestamp) -> Self {
        let (calendar, now) = (&family.calendar, family.now);
        let since = since.max(now.before(LOOK_BACK));
        let first = calendar.day_of(since).plus(-family.longest_grace() - 1);
        let span = Span { first, last: calendar.day_of(now) };
        let mut moments = Vec::new();
        for child in &family.children {
            for (task, occurrence) in family.occurrences(child, span) {
                let come = occurrence.moments().filter(|moment| (since..=now).contains(&moment.at));
                let come: Vec<_> = come.collect();
                moments
                    .extend(come.into_iter().map(|it| (Arc::clone(task), occurrence.clone(), it)));
            }
        }
        moments.sort_by_key(|(_, _, moment)| moment.at);
        Self { since, moments }
    }

    /// The changes that send a message for each moment, or one for all after an outage.
    fn messages(&self, family: &FamilySchedule, records: &dyn Snapshot) -> Vec<Change> {
        let is_current = |(_, occurrence, moment): &&(Arc<Task>, Occurrence, Moment)| {
            state_of(moment.kind) == Some(family.state(occurrence, records))
        };
        let current: Vec<_> = self.moments.iter().filter(is_current).collect();
        let (id, now) = (&family.user.id, family.now);
        let is_old =
            |(_, _, moment): &&(Arc<Task>, Occurrence, Moment)| now.since(moment.at) > OUTAGE;
        if !current.iter().any(is_old) {
            let each = current.iter().flat_map(|(task, occurrence, moment)| {
                announce(occurrence, task, moment.kind, id, records, now)
            });
            return each.collect();
        }
        let count = |kind| current.iter().filter(|(_, _, moment)| moment.kind == kind).count();
        let counts = [MarkKind::Due, MarkKind::Late, MarkKind::Missed].map(count);
        let from = current.first().map_or(self.since, |(_, _, moment)| moment.at);
        vec![Change::PutMessage(Message::tasks_summary(id, (from, now), counts))]
    }
}

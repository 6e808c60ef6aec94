//! Notices that occurrences become due, late or missed, soon after it happens.
//!
//! Each family keeps the next moment at which something about it changes ([`User::schedule_at`]). One server at a time
//! processes the families that are due, and sets the next one in the transaction that sends the messages: a
//! moment is processed once, by whichever server, also after a restart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use super::super::{Causes, Service, ServiceError, spawn};
use super::family::FamilySchedule;
use super::messages::{announce, state_of};
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::domain::schedule::{MarkKind, Moment, Occurrence, next_moment};
use crate::domain::{Child, ChildId, Message, Task, Timestamp, User, UserId};
use crate::store::{Change, Changes, Fence, Lease, Projection, Purpose, Scope, Snapshot, Store};

/// The name of the job in `/health`.
const NAME: &str = "schedules";
/// How often the job looks for families that are due.
const INTERVAL: Duration = Duration::from_secs(1);
/// The number of families that are read at once, and of those that are processed side by side.
const FAMILIES_AT_ONCE: usize = 200;
const SIDE_BY_SIDE: usize = 16;
/// Moments that are older were missed because no server was running: one message sums them up.
const OUTAGE: Duration = Duration::from_hours(1);

/// A moment further ahead than this was set while the clock was ahead.
const FARTHEST_AHEAD: Duration = Duration::from_hours(48);
/// Older moments are not processed: those of a long outage would take too much memory.
const LOOK_BACK: Duration = Duration::from_hours(32 * 24);

/// The moments of a family that have passed and were not processed.
pub(super) struct PastMoments {
    pub(super) moments: Vec<PastMoment>,
}

/// A moment of an occurrence of a task.
pub(super) type PastMoment = (Arc<Task>, Occurrence, Moment);

/// What the processing of a family in one transaction resulted in.
pub(super) enum Processed {
    Done,
    /// The family has changed: it must be read again.
    Outdated,
}

impl Service {
    /// Processes the families that are due, until `stop`.
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
        // A family that failed is not in this round.
        if round.is_ok() && !self.schedules.failed(self.clock.elapsed()).is_empty() {
            return;
        }
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

    /// Processes all families that are due. Those that fail do not delay the others; returns the first error.
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
        let too_late = now.after(FARTHEST_AHEAD)..=Timestamp::MAX;
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

    /// Processes the past moments of a family.
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
            let past = PastMoments::of(&family, since);
            let penalties = self.activate_penalties(&family, &past, &*records, lease).await?;
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
        let (scope, lease) = (Scope::marks_since(&family.user.id, first), lease.clone());
        let commit = self.transact(scope, move |records, _| {
            let user = records.user(&family.user.id).filter(|user| user.deletion.is_none());
            let Some(user) = user else { return Ok((Changes::none(), Processed::Done)) };
            if user.schedule_at != Some(since) || !family.is_current(records) {
                return Ok((Changes::none(), Processed::Outdated));
            }
            let messages = PastMoments::of(&family, since).messages(&family, records);
            let schedule_at = family.next_moment();
            let user = Change::PutUser(User { schedule_at, ..User::clone(&user) });
            let changes = Changes::of(messages.into_iter().chain([user]));
            Ok((changes.under(Some(lease.clone())), Processed::Done))
        });
        Ok(commit.await?.value)
    }
}

impl FamilySchedule {
    /// The next moment after now.
    fn next_moment(&self) -> Option<Timestamp> {
        let children: Vec<_> = self.children.iter().map(|child| &**child).collect();
        let tasks = self.tasks.iter().map(|task| &**task);
        next_moment(tasks, &children, &self.calendar, self.now)
    }
}

impl PastMoments {
    /// The moments from `since` to now.
    fn of(family: &FamilySchedule, since: Timestamp) -> Self {
        let (calendar, now) = (&family.calendar, family.now);
        let since = since.max(now.before(LOOK_BACK));
        let first = calendar.day_of(since).plus(-family.longest_grace() - 1);
        let span = Span { first, last: calendar.day_of(now) };
        let mut moments = Vec::new();
        for child in &family.children {
            for (task, occurrence) in family.occurrences(child, span) {
                let past = occurrence.moments().filter(|moment| (since..=now).contains(&moment.at));
                let past: Vec<_> = past.collect();
                moments
                    .extend(past.into_iter().map(|it| (Arc::clone(task), occurrence.clone(), it)));
            }
        }
        moments.sort_by_key(|(_, _, moment)| moment.at);
        Self { moments }
    }

    /// The changes that send a message for each moment, or one for each child after an outage.
    fn messages(&self, family: &FamilySchedule, records: &dyn Snapshot) -> Vec<Change> {
        let is_current = |(_, occurrence, moment): &&PastMoment| {
            state_of(moment.kind) == Some(family.state(occurrence, records))
        };
        let current: Vec<_> = self.moments.iter().filter(is_current).collect();
        let (id, now) = (&family.user.id, family.now);
        let is_old = |(_, _, moment): &&PastMoment| now.since(moment.at) > OUTAGE;
        if !current.iter().any(is_old) {
            let each = current.iter().flat_map(|(task, occurrence, moment)| {
                announce(occurrence, task, moment.kind, id, records, now)
            });
            return each.collect();
        }
        let of_child = |child: &Arc<Child>| summary(id, &child.id, &current, now);
        family.children.iter().filter_map(of_child).collect()
    }
}

/// The message that sums up the moments of a child; `None` if it has none.
fn summary(
    family: &UserId,
    child: &ChildId,
    moments: &[&PastMoment],
    now: Timestamp,
) -> Option<Change> {
    let own: Vec<&Moment> = moments
        .iter()
        .filter(|(_, occurrence, _)| occurrence.child_id == *child)
        .map(|(_, _, moment)| moment)
        .collect();
    let count = |kind| own.iter().filter(|moment| moment.kind == kind).count();
    let counts = [MarkKind::Due, MarkKind::Late, MarkKind::Missed].map(count);
    let period = (own.first()?.at, now);
    Some(Change::PutMessage(Message::tasks_summary(family, child, period, counts)))
}

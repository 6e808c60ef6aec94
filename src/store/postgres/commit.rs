//! Commits a group of transactions: loads their families, decides one after the other, and swaps the
//! new state in if nobody else has committed meanwhile.

use std::time::Duration;

use deadpool_postgres::Object;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::connect::{On, begin, give_back, rows};
use super::draft::{Draft, Obstacle};
use super::error::{Failure, Kind};
use super::inner::Inner;
use super::job::{Finished, Job};
use super::lease::are_valid;
use super::load::{Loaded, SHARED, Wanted, load};
use super::sql;
use super::swap::Swap;
use crate::clock::{new_seed, random};
use crate::domain::{EventId, RuleViolation, Timestamp};
use crate::store::CommitError;

/// After this time without a result, the transactions fail.
const DEADLINE: Duration = Duration::from_secs(10);
/// After this many conflicts the families are locked before they are loaded.
const CONFLICTS_BEFORE_LOCK: u32 = 3;
const MAX_CONFLICTS: u32 = 12;
/// The number of ids in the column `families.commits`.
const KEPT_COMMITS: i64 = 8;
/// How long a retry waits at least if the database cannot be reached.
const PAUSE: Duration = Duration::from_millis(50);

/// Executes transactions of one lane, and sends each its result. An error of one does not affect the
/// others.
pub(super) async fn commit(inner: &Inner, mut jobs: Vec<Box<dyn Job>>) {
    let error = match Group::new(inner, &mut jobs).run().await {
        Ok(results) => {
            let committed = results.iter().filter(|result| result.is_ok()).count();
            inner.count_commits(committed);
            for (job, result) in jobs.into_iter().zip(results) {
                finish(inner, job, result);
            }
            return;
        }
        Err(Ended::EmailTaken) if jobs.len() > 1 => {
            // The address may be one that only the database knows: each is committed alone.
            for job in jobs {
                Box::pin(commit(inner, vec![job])).await;
            }
            return;
        }
        Err(Ended::EmailTaken) => CommitError::Refused(RuleViolation::EmailTaken),
        Err(Ended::Failed(error)) => error,
    };
    for job in jobs {
        finish(inner, job, Err(error.clone()));
    }
}

fn finish(inner: &Inner, job: Box<dyn Job>, result: Finished) {
    if let Err(error) = &result {
        inner.count_failure(error);
    }
    job.finish(result);
}

/// Why a group was not committed.
enum Ended {
    EmailTaken,
    Failed(CommitError),
}

/// What one attempt results in.
enum Step {
    Done(Attempt),
    Missing(Wanted),
    /// Leases must be valid: the group is committed in a transaction that has locked them.
    Leased,
    Conflict,
    /// The statement was sent, and no answer has come.
    Unanswered(Attempt, Failure),
}

/// A decided group, with what identifies its commit.
struct Attempt {
    commit_id: Uuid,
    /// A family that it changes, and the version that it was loaded with; `None` if the group changes
    /// nothing.
    family: Option<(i64, Option<i64>)>,
    /// An event, with the key of its family.
    event: Option<(i64, EventId)>,
    /// Whether it has an event or a message.
    wakes_followers: bool,
    results: Vec<Finished>,
    /// The families afterwards, if it was committed.
    state: Option<Loaded>,
}

struct Group<'a> {
    inner: &'a Inner,
    jobs: &'a mut [Box<dyn Job>],
    wanted: Wanted,
    /// The keys of the families that were loaded last.
    keys: Vec<i64>,
    now: Timestamp,
    started: Instant,
    /// Whether leases must be valid.
    is_leased: bool,
    /// Whether the records that this server has of the family may be used.
    from_recent: bool,
    /// The attempts whose outcome is not known.
    lost: Vec<Attempt>,
}

impl<'a> Group<'a> {
    fn new(inner: &'a Inner, jobs: &'a mut [Box<dyn Job>]) -> Self {
        let mut wanted = Wanted::default();
        for job in &*jobs {
            wanted.add_scope(job.scope());
        }
        let (now, started) = (inner.clock.now(), Instant::now());
        let (keys, lost) = (Vec::new(), Vec::new());
        Self { inner, jobs, wanted, keys, now, started, is_leased: false, from_recent: true, lost }
    }

    async fn run(mut self) -> Result<Vec<Finished>, Ended> {
        let mut conflicts = 0;
        loop {
            let step = if conflicts < CONFLICTS_BEFORE_LOCK && !self.is_leased {
                self.unlocked().await
            } else {
                self.locked().await
            };
            match step {
                Ok(Step::Done(attempt)) => {
                    self.inner.works();
                    if attempt.wakes_followers {
                        self.inner.wake();
                    }
                    if let Some(state) = attempt.state {
                        self.inner.recent.put(state);
                    }
                    return Ok(attempt.results);
                }
                Ok(Step::Missing(more)) => self.wanted.add(more),
                Ok(Step::Leased) => self.is_leased = true,
                Ok(Step::Conflict) => {
                    conflicts += 1;
                    self.pause(Duration::from_millis(1 << conflicts.min(6))).await;
                }
                Ok(Step::Unanswered(attempt, failure)) => {
                    self.lost.push(attempt);
                    self.wait_for_database(&failure).await?;
                }
                Err(failure) => match failure.kind() {
                    Kind::Conflict => conflicts += 1,
                    // An attempt whose outcome is not known may have created the account meanwhile.
                    Kind::EmailTaken if !self.lost.is_empty() => conflicts += 1,
                    Kind::EmailTaken => return Err(Ended::EmailTaken),
                    Kind::Lost | Kind::Unavailable => self.wait_for_database(&failure).await?,
                    Kind::Full | Kind::Other => {
                        self.inner.fails(&failure);
                        return Err(self.failed(failure.into()));
                    }
                },
            }
            if conflicts > MAX_CONFLICTS {
                return Err(self.failed(CommitError::Overloaded));
            }
        }
    }

    /// Waits for a random part of a time, so that two servers do not conflict again.
    async fn pause(&mut self, longest: Duration) {
        sleep(longest.mul_f64(f64::from(u16::from_be_bytes(random())) / 65536.0)).await;
    }

    async fn wait_for_database(&mut self, failure: &Failure) -> Result<(), Ended> {
        if matches!(failure, Failure::Busy) {
            return Err(self.failed(CommitError::Overloaded));
        }
        self.inner.fails(failure);
        if self.started.elapsed() > DEADLINE {
            return Err(self.failed(CommitError::Unavailable(failure.outage())));
        }
        sleep(PAUSE).await;
        self.pause(PAUSE * 4).await;
        Ok(())
    }

    /// The group fails with an error, or with [`CommitError::OutcomeUnknown`] if an attempt may have
    /// been committed, or may be later.
    fn failed(&self, error: CommitError) -> Ended {
        let is_known = self.lost.is_empty();
        Ended::Failed(if is_known { error } else { CommitError::OutcomeUnknown })
    }

    async fn unlocked(&mut self) -> Result<Step, Failure> {
        let client = self.inner.db.client().await?;
        let step = self.steps(&self.inner.db.on(&**client, &client.statement_cache)).await;
        give_back(client, is_late(&step));
        step
    }

    async fn steps(&mut self, on: &On<'_, impl GenericClient>) -> Result<Step, Failure> {
        if std::mem::take(&mut self.from_recent)
            && let Some(step) = self.step_from_recent(on).await?
        {
            return Ok(step);
        }
        self.step(on).await
    }

    /// Tries to commit without loading the family. Only a commit shows that it has not changed since:
    /// any other result is discarded.
    async fn step_from_recent(
        &mut self,
        on: &On<'_, impl GenericClient>,
    ) -> Result<Option<Step>, Failure> {
        let recent = self.wanted.account().and_then(|account| self.inner.recent.take(account));
        let Some(loaded) = recent else { return Ok(None) };
        Ok(match self.decide_and_swap(on, loaded).await? {
            Step::Done(attempt) if attempt.family.is_some() => Some(Step::Done(attempt)),
            Step::Unanswered(attempt, failure) => Some(Step::Unanswered(attempt, failure)),
            Step::Done(_) | Step::Missing(_) | Step::Leased | Step::Conflict => None,
        })
    }

    /// Like [`Self::unlocked`], in a transaction that has locked the families.
    async fn locked(&mut self) -> Result<Step, Failure> {
        let mut client = self.inner.db.client().await?;
        let step = self.step_locked(&mut client).await;
        give_back(client, is_late(&step));
        step
    }

    async fn step_locked(&mut self, client: &mut Object) -> Result<Step, Failure> {
        let transaction = begin(client).await?;
        rows(&*transaction, &sql::LOCK, &[&self.keys]).await?;
        // While it waited for a lock, a transaction with a greater number may have added an event.
        // Followers would read that one first.
        let later = rows(&*transaction, &sql::HAS_LATER_EVENT, &[&self.keys]).await?;
        if later.first().is_some_and(|row| row.get("is_there")) {
            return Ok(Step::Conflict);
        }
        let on = self.inner.db.on(&*transaction, &transaction.statement_cache);
        match self.step(&on).await? {
            Step::Done(attempt) => {
                let committed = timeout(DEADLINE, transaction.commit()).await;
                let committed = committed.map_err(|_| Failure::Late).and_then(|it| Ok(it?));
                Ok(match committed {
                    Err(failure) => Step::Unanswered(attempt, failure),
                    Ok(()) => Step::Done(attempt),
                })
            }
            // Without a commit, what the statement has done does not count.
            Step::Unanswered(_, failure) => Err(failure),
            other => Ok(other),
        }
    }

    async fn step(&mut self, on: &On<'_, impl GenericClient>) -> Result<Step, Failure> {
        let loaded = load(on, &self.wanted, !self.lost.is_empty()).await?;
        self.keys = loaded.families.iter().map(|family| family.key).collect();
        if let Some(place) = self.committed(on.client, &loaded).await? {
            return Ok(Step::Done(self.lost.swap_remove(place)));
        }
        self.decide_and_swap(on, loaded).await
    }

    async fn decide_and_swap(
        &mut self,
        on: &On<'_, impl GenericClient>,
        loaded: Loaded,
    ) -> Result<Step, Failure> {
        let mut draft = Draft::new(loaded, &self.wanted);
        let results = match self.decide(&mut draft) {
            Ok(results) => results,
            Err(missing) => return Ok(Step::Missing(*missing)),
        };
        let mut attempt = Attempt::new(&draft, results);
        if draft.is_empty() {
            return Ok(Step::Done(attempt));
        }
        let leases = &draft.leases;
        if !leases.is_empty() && (!self.is_leased || !are_valid(on.client, leases).await?) {
            return Ok(Step::Leased);
        }
        match Swap::new(&draft, attempt.commit_id, self.now).execute(on).await {
            Ok(true) => {
                attempt.state = Some(draft.committed());
                Ok(Step::Done(attempt))
            }
            Ok(false) => Ok(Step::Conflict),
            Err(failure) if failure.kind() == Kind::Lost => Ok(Step::Unanswered(attempt, failure)),
            Err(failure) => Err(failure),
        }
    }

    /// Decides the transactions one after the other: each sees the changes of those before it. Fails
    /// if more must be loaded.
    fn decide(&mut self, draft: &mut Draft) -> Result<Vec<Finished>, Box<Wanted>> {
        let (mut results, mut missing) = (Vec::with_capacity(self.jobs.len()), Wanted::default());
        for job in &mut *self.jobs {
            let records = draft.records.scoped(job.scope());
            let result = match job.decide(&records, self.now).map(|it| draft.add(it, self.now)) {
                Ok(Ok(event)) => Ok(event),
                Ok(Err(Obstacle::Refused(violation))) => Err(violation.into()),
                Ok(Err(Obstacle::Missing(more))) => {
                    missing.add(*more);
                    Ok(None)
                }
                Err(error) => Err(error),
            };
            results.push(result);
        }
        if missing == Wanted::default() { Ok(results) } else { Err(Box::new(missing)) }
    }

    /// The place of an unanswered attempt that was committed after all. One that was not committed by
    /// now can still be, until the version of its family changes.
    async fn committed(
        &mut self,
        client: &impl GenericClient,
        loaded: &Loaded,
    ) -> Result<Option<usize>, Failure> {
        for (place, attempt) in self.lost.iter().enumerate() {
            let Some((key, version)) = attempt.family else { continue };
            let Some(family) = loaded.families.iter().find(|it| it.key == key) else { continue };
            if family.commits.contains(&attempt.commit_id) {
                return Ok(Some(place));
            }
            let commits = family.version.unwrap_or_default() - version.unwrap_or_default();
            if commits <= KEPT_COMMITS {
                continue;
            }
            let Some((key, id)) = &attempt.event else { continue };
            let found = rows(client, &sql::HAS_EVENT, &[key, &id.as_str()]).await?;
            if found.first().is_some_and(|row| row.get("is_there")) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}

/// Whether the connection did not respond in time.
fn is_late(step: &Result<Step, Failure>) -> bool {
    matches!(step, Err(Failure::Late) | Ok(Step::Unanswered(_, Failure::Late)))
}

impl Attempt {
    fn new(draft: &Draft, results: Vec<Finished>) -> Self {
        let changed = draft.families.iter().filter(|it| it.key != SHARED || draft.changes_shared);
        let family = changed.map(|family| (family.key, family.version)).next();
        let event = draft.events.first().map(|(key, stored)| (*key, stored.event.id.clone()));
        let family = family.filter(|_| !draft.is_empty());
        let wakes_followers = event.is_some() || draft.has_messages;
        Self { commit_id: new_seed(), family, event, wakes_followers, results, state: None }
    }
}

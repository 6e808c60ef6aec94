//! Stores what children have earned.
//!
//! The daily sums of a child show whether an award is missing; only then is its history read again, to find
//! the event. Nothing is evaluated in the transaction of a mutation, which would have to wait for that. A second
//! evaluation of the same history changes nothing, whichever server runs it: an award that exists is not put again,
//! and its message is committed with it.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::{Service, ServiceError, spawn};
use super::{BadgeState, badges_of};
use crate::domain::badges::{
    Award, AwardKey, Badge, BadgeId, Family, Held, History, NewAward, Plan, RankChange,
    is_rank_outdated, plan,
};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::progress::DailySums;
use crate::domain::{ChildId, Deletion, Message, Ranks, Seq, Timestamp, User, UserId};
use crate::store::{Change, Changes, Scope, Snapshot, Store};

/// The number of events that are read at once.
const EVENTS_AT_ONCE: usize = 2_000;

/// A child, its badges and its awards at one moment.
struct Candidate {
    user: Arc<User>,
    child: ChildId,
    calendar: Calendar,
    today: Day,
    ranks: Ranks,
    /// Those that the family uses.
    badges: Vec<Arc<Badge>>,
    awards: Vec<Arc<Award>>,
}

impl Candidate {
    fn family(&self) -> Family<'_> {
        Family { settings: &self.user.family, calendar: &self.calendar, today: self.today }
    }

    fn held(&self) -> Held<'_> {
        Held::of(self.awards.iter().map(|award| &**award).filter(|award| !award.is_rank()))
    }

    fn rank(&self) -> Option<&Award> {
        self.awards.iter().map(|award| &**award).find(|award| award.is_rank())
    }

    /// Whether the sums show that an award is missing, or that one could be revoked. `checked` is the number of
    /// reversals after which none of the awards below their threshold was revoked.
    fn is_outdated(&self, sums: &DailySums, checked: Option<u32>) -> bool {
        let (held, family) = (self.held(), self.family());
        self.badges.iter().any(|badge| held.lacks(badge, sums, &family))
            || is_rank_outdated(self.rank(), sums.total().earned, &self.ranks)
            || (checked != Some(sums.removals()) && !held.below(sums, &family).is_empty())
    }

    /// What its history changes.
    fn evaluate(&self, history: &History) -> (Plan, Option<RankChange>) {
        let badges = self.badges.iter().map(|badge| &**badge);
        let of = (&self.user.id, &self.child);
        let plan = plan(of, history, badges, &self.held(), &self.family());
        let rank = RankChange::last_in(history, &self.ranks);
        let stored = self.rank().map_or(0, |award| award.threshold);
        let before = self.ranks.standing(stored).number;
        (plan, rank.filter(|rank| rank.standing.number != before))
    }

    /// The end of the day, if the child has done a task on it: then a day without a penalty can end.
    fn next_end(&self, sums: &DailySums) -> Option<Timestamp> {
        let end = self.calendar.start_of(self.today.next());
        (sums.tasks_on(self.today) > 0).then_some(end)
    }
}

/// Which awards front ends receive a message of: those of new events.
#[derive(Clone, Debug)]
struct Announced {
    /// The first start of a server with this data.
    since: Timestamp,
    /// A badge that was created, updated or shown just now.
    quiet: Option<BadgeId>,
}

impl Announced {
    fn includes(&self, new: &NewAward, badge: Option<&Badge>) -> bool {
        let at = new.award.earned_at;
        let is_newer = badge.and_then(|it| it.updated_at).is_none_or(|updated| updated < at);
        let is_quiet = self.quiet.as_ref() == Some(&new.award.key.badge_id);
        new.is_own && !new.is_regained && is_newer && !is_quiet && self.since <= at
    }
}

impl Service {
    /// Stores what a child has earned and lost by now. Returns the next time at which the end of a day can
    /// change that.
    ///
    /// Front ends receive no messages about the badge `quiet`.
    pub(in crate::service) async fn settle_awards(
        &self,
        family: &UserId,
        child: &ChildId,
        quiet: Option<BadgeId>,
    ) -> Result<Option<Timestamp>, ServiceError> {
        let Some(candidate) = self.candidate(family, child).await? else { return Ok(None) };
        let sums = self.daily_sums(&candidate.user, child).await?;
        if candidate.is_outdated(&sums, self.evaluations.checked(family, child)) {
            self.evaluate(family, child, quiet).await?;
        }
        Ok(candidate.next_end(&sums))
    }

    /// Like [`Self::settle_awards`] for a response, which does not depend on it: after an error, the response
    /// contains what is stored.
    pub(in crate::service) async fn settle_before_response(
        &self,
        family: &UserId,
        child: &ChildId,
    ) {
        if let Err(error) = self.settle_awards(family, child, None).await {
            tracing::warn!(%error, "the awards of a child could not be stored");
        }
    }

    /// Stores what all children of a family have earned, without messages about a badge.
    pub(super) async fn settle_family(&self, family: &UserId, quiet: &BadgeId) {
        let records = self.store.read(Scope::Family(family.clone())).await;
        let children = records.map(|records| records.children_of(family)).unwrap_or_default();
        for child in children {
            let settled = self.settle_awards(family, &child.id, Some(quiet.clone())).await;
            if let Err(error) = settled {
                tracing::warn!(%error, "the awards of a child could not be stored");
            }
        }
    }

    /// What an evaluation needs; `None` if the child does not exist, or its account is being deleted.
    async fn candidate(
        &self,
        family: &UserId,
        child: &ChildId,
    ) -> Result<Option<Candidate>, ServiceError> {
        let records = self.store.read(Scope::Awards(family.clone(), child.clone())).await?;
        let Some(user) = owner(&*records, family, child) else { return Ok(None) };
        let earnable = |state: BadgeState| (!state.is_hidden).then_some(state.badge);
        Ok(Some(Candidate {
            child: child.clone(),
            calendar: self.calendar(&user),
            today: self.today(&user),
            ranks: user.family.ranks.clone().unwrap_or_default(),
            badges: badges_of(&*records, family).into_iter().filter_map(earnable).collect(),
            awards: records.awards_of(child),
            user,
        }))
    }

    /// Reads the history of a child, and stores what it changes.
    async fn evaluate(
        &self,
        family: &UserId,
        child: &ChildId,
        quiet: Option<BadgeId>,
    ) -> Result<(), ServiceError> {
        // One at a time: a history takes memory.
        let _turn = self.evaluations.turn.lock().await;
        let announced = Announced { since: self.announced_since().await?, quiet };
        let history = self.history(family, child).await?;
        let Some(candidate) = self.candidate(family, child).await? else { return Ok(()) };
        let evaluated = spawn::blocking(move || {
            let (plan, rank) = candidate.evaluate(&history);
            (candidate, plan, rank, history.removals())
        });
        let (candidate, plan, rank, removals) = evaluated.await.map_err(ServiceError::internal)?;
        if plan.revoked.is_empty() {
            self.evaluations.check(family, child, removals);
        }
        let scope = Scope::Awards(family.clone(), child.clone());
        self.transact(scope, move |records, context| {
            let Candidate { user, child, badges, .. } = &candidate;
            if owner(records, &user.id, child).is_none() {
                return Ok((Changes::none(), ()));
            }
            let (current, now) = (records.awards_of(child), context.now());
            let mut changes = changes_of(&plan, badges, &current, &announced, now);
            if let Some(rank) = &rank {
                changes.extend(changes_of_rank(rank, user, child, &current, &announced, now));
            }
            Ok((Changes::of(changes), ()))
        })
        .await?;
        Ok(())
    }

    async fn history(&self, family: &UserId, child: &ChildId) -> Result<History, ServiceError> {
        let (mut history, mut after) = (History::default(), Seq::START);
        loop {
            let found = self.store.events_after(family, Some(child), after, EVENTS_AT_ONCE).await?;
            let is_last = found.len() < EVENTS_AT_ONCE;
            for found in found {
                match found {
                    Ok(stored) => {
                        history.push(&stored.event);
                        after = stored.seq;
                    }
                    // A row that is not an event counts for nothing.
                    Err(malformed) => after = Seq(malformed.number),
                }
            }
            if is_last {
                return Ok(history);
            }
        }
    }
}

/// The account of a child, unless its deletion has started.
fn owner(records: &dyn Snapshot, family: &UserId, child: &ChildId) -> Option<Arc<User>> {
    let child = records.child(child).filter(|child| child.user_id == *family)?;
    let user = records.user(&child.user_id)?;
    let is_deleted = user.deletion.as_ref().is_some_and(Deletion::has_started);
    (!is_deleted).then_some(user)
}

/// The changes of a plan that another evaluation has not made meanwhile.
fn changes_of(
    plan: &Plan,
    badges: &[Arc<Badge>],
    awards: &[Arc<Award>],
    announced: &Announced,
    now: Timestamp,
) -> Vec<Change> {
    let current: HashMap<&AwardKey, &Award> =
        awards.iter().map(|award| (&award.key, &**award)).collect();
    let mut changes = Vec::new();
    for new in &plan.new {
        let old = current.get(&new.award.key);
        if old.is_some_and(|old| old.revoked_at.is_none()) {
            continue;
        }
        changes.push(Change::PutAward(new.award.clone()));
        let badge = badges.iter().find(|badge| badge.id == new.award.key.badge_id);
        if old.is_none() && announced.includes(new, badge.map(|badge| &**badge)) {
            changes.push(Change::PutMessage(Message::badge_awarded(&new.award, now)));
        }
    }
    for (key, at, event) in &plan.revoked {
        let Some(old) = current.get(key).filter(|old| old.revoked_at.is_none()) else { continue };
        let award = Award { revoked_at: Some(*at), ..Award::clone(old) };
        if announced.since <= *at {
            changes.push(Change::PutMessage(Message::badge_revoked(&award, event, now)));
        }
        changes.push(Change::PutAward(award));
    }
    changes
}

/// The changes of a rank that another evaluation has not stored meanwhile. A change of the family's ranks sends no
/// message.
fn changes_of_rank(
    rank: &RankChange,
    user: &User,
    child: &ChildId,
    awards: &[Arc<Award>],
    announced: &Announced,
    now: Timestamp,
) -> Vec<Change> {
    let award = rank.award(&user.id, child);
    if awards.iter().any(|old| old.is_rank() && **old == award) {
        return Vec::new();
    }
    let is_by_points = user.updated_at.is_none_or(|updated| updated < rank.at);
    let is_new = rank.is_own && announced.since <= rank.at;
    let message = || Change::PutMessage(Message::rank_changed(&user.id, child, rank, now));
    let message = (is_new && is_by_points).then(message);
    [Some(Change::PutAward(award)), message].into_iter().flatten().collect()
}

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

/// A child, its badges and its awards at one moment.
struct Candidate {
    user: Arc<User>,
    child: ChildId,
    calendar: Calendar,
    today: Day,
    ranks: Ranks,
    /// Those that the child can earn.
    badges: Vec<Arc<Badge>>,
    awards: Vec<Arc<Award>>,
}

impl Candidate {
    fn family(&self) -> Family<'_> {
        Family {
            settings: &self.user.family,
            calendar: &self.calendar,
            today: self.today,
            changed_at: self.user.updated_at,
        }
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
    /// A hidden badge that is about to be shown.
    shown: Option<BadgeId>,
}

/// The result of [`Service::settle`].
pub(super) struct Settled {
    /// Whether awards may have been stored.
    pub(super) is_evaluated: bool,
    /// When the end of a day can change the awards.
    pub(super) next_end: Option<Timestamp>,
}

impl Announced {
    fn includes(&self, new: &NewAward, badge: Option<&Badge>) -> bool {
        let at = new.award.earned_at;
        let is_newer = badge.and_then(|it| it.updated_at).is_none_or(|updated| updated < at);
        let is_shown = self.shown.as_ref() == Some(&new.award.key.badge_id);
        new.is_own && !new.is_regained && is_newer && !is_shown && self.since <= at
    }
}

impl Service {
    /// Stores what a child has earned and lost by now. `records` contain the child's awards.
    ///
    /// The child also earns the badge `shown` if it is hidden. Front ends receive no messages about it.
    pub(super) async fn settle(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
        child: &ChildId,
        shown: Option<&BadgeId>,
    ) -> Result<Settled, ServiceError> {
        let Some(candidate) = self.candidate(records, family, child, shown) else {
            return Ok(Settled { is_evaluated: false, next_end: None });
        };
        let sums = self.daily_sums(&candidate.user, child).await?;
        let is_evaluated = self.is_outdated(&candidate, &sums);
        if is_evaluated {
            self.evaluate(family, child, shown).await?;
        }
        Ok(Settled { is_evaluated, next_end: candidate.next_end(&sums) })
    }

    /// Stores what all children of a family have earned and lost by now, before the rules change: later, it is not
    /// known what the old rules gave. The change does not depend on it; an error is logged.
    ///
    /// `shown` is a hidden badge that is about to be shown. The children earn it for their past, without messages.
    pub(in crate::service) async fn settle_family(&self, family: &UserId, shown: Option<&BadgeId>) {
        if let Err(error) = self.try_settle_family(family, shown).await {
            tracing::warn!(%error, "the awards of a family could not be stored");
        }
    }

    async fn try_settle_family(
        &self,
        family: &UserId,
        shown: Option<&BadgeId>,
    ) -> Result<(), ServiceError> {
        let records = self.store.read(Scope::Family(family.clone())).await?;
        for child in records.children_of(family) {
            let records = self.awards_scope(family, &child.id).await?;
            self.settle(&*records, family, &child.id, shown).await?;
        }
        Ok(())
    }

    /// Reads a family's records with the awards of a child.
    pub(super) async fn awards_scope(
        &self,
        family: &UserId,
        child: &ChildId,
    ) -> Result<Arc<dyn Snapshot>, ServiceError> {
        Ok(self.store.read(Scope::Awards(family.clone(), child.clone())).await?)
    }

    /// What an evaluation needs; `None` if the child does not exist, or its account is being deleted.
    fn candidate(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
        child: &ChildId,
        shown: Option<&BadgeId>,
    ) -> Option<Candidate> {
        let user = owner(records, family, child)?;
        let earnable = |state: BadgeState| {
            let can_earn = !state.is_hidden || shown == Some(&state.badge.id);
            can_earn.then_some(state.badge)
        };
        Some(Candidate {
            child: child.clone(),
            calendar: self.calendar(&user),
            today: self.today(&user),
            ranks: user.family.ranks.clone().unwrap_or_default(),
            badges: badges_of(records, family).into_iter().filter_map(earnable).collect(),
            awards: records.awards_of(child),
            user,
        })
    }

    fn is_outdated(&self, candidate: &Candidate, sums: &DailySums) -> bool {
        let checked = self.evaluations.checked(&candidate.user.id, &candidate.child);
        candidate.is_outdated(sums, checked)
    }

    /// Reads the history of a child, and stores what it changes.
    async fn evaluate(
        &self,
        family: &UserId,
        child: &ChildId,
        shown: Option<&BadgeId>,
    ) -> Result<(), ServiceError> {
        // One at a time: a history takes memory.
        let _turn = self.evaluations.turn.lock().await;
        // The evaluation before this one may have been of the same child.
        let records = self.awards_scope(family, child).await?;
        let Some(candidate) = self.candidate(&*records, family, child, shown) else {
            return Ok(());
        };
        let sums = self.daily_sums(&candidate.user, child).await?;
        if !self.is_outdated(&candidate, &sums) {
            return Ok(());
        }
        let history = self.history(family, child).await?;
        // After the history: an award of a later event must not count as checked.
        let records = self.awards_scope(family, child).await?;
        let Some(candidate) = self.candidate(&*records, family, child, shown) else {
            return Ok(());
        };
        let since = self.announced_since().await?;
        self.store_awards(candidate, history, Announced { since, shown: shown.cloned() }).await
    }

    /// Stores what a history changes in the awards of its child.
    async fn store_awards(
        &self,
        candidate: Candidate,
        history: History,
        announced: Announced,
    ) -> Result<(), ServiceError> {
        let evaluated = spawn::blocking(move || {
            let (plan, rank) = candidate.evaluate(&history);
            (candidate, plan, rank, history.removals())
        });
        let (candidate, plan, rank, removals) = evaluated.await.map_err(ServiceError::internal)?;
        let scope = Scope::Awards(candidate.user.id.clone(), candidate.child.clone());
        if plan.revoked.is_empty() {
            self.evaluations.check(&candidate.user.id, &candidate.child, removals);
        }
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
            let next = self.next_events(family, child, after).await?;
            for stored in &next.events {
                history.push(&stored.event);
            }
            if next.is_last {
                return Ok(history);
            }
            after = next.through;
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

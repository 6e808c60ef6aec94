//! What must be loaded, and must be true, before changes are added to a draft.

use std::sync::Arc;

use super::super::load::Wanted;
use super::{Draft, Obstacle};
use crate::domain::{Id, RuleViolation, User, UserId};
use crate::store::constraints::check_penalties;
use crate::store::{Change, Changes};

impl Draft {
    /// Fails if a family that is changed is not loaded.
    pub(super) fn check_loaded(&self, changes: &Changes) -> Result<(), Obstacle> {
        let mut wanted = Wanted::default();
        let event = changes.event.iter().filter_map(|event| event.user_id.as_ref());
        for user_id in changes.records.iter().filter_map(Change::owner).chain(event) {
            if !self.known.contains(&user_id.shared()) && self.place(Some(user_id)).is_none() {
                wanted.accounts.insert(user_id.shared());
            }
        }
        for change in &changes.records {
            if let Change::RemoveSession(hash) = change
                && !self.tokens.contains(&hash.0)
                && self.records.sessions.iter().all(|it| it.token_hash != *hash)
            {
                wanted.tokens.insert(Arc::clone(&hash.0));
            }
        }
        let reversed = changes.event.iter().filter_map(|event| event.reverses());
        let unknown = reversed.filter(|id| !self.reversed.contains(*id));
        wanted.reversed.extend(unknown.map(Arc::from));
        let awarded = changes.records.iter().filter_map(Change::awarded).map(Id::shared);
        wanted.awarded.extend(awarded.filter(|id| !self.awarded.contains(id)));
        wanted.marks = self.marks.missing_for(changes);
        let demotes = changes.records.iter().any(|change| self.demotes(change));
        wanted.admins = demotes && self.admins.is_none();
        if wanted == Wanted::default() { Ok(()) } else { Err(Obstacle::Missing(Box::new(wanted))) }
    }

    fn demotes(&self, change: &Change) -> bool {
        let Change::PutUser(new) = change else { return false };
        self.is_active_admin(&new.id) && !new.is_active_admin()
    }

    pub(super) fn is_active_admin(&self, id: &UserId) -> bool {
        self.records.users.iter().any(|it| it.id == *id && it.is_active_admin())
    }

    /// Fails if the changes break a rule that concerns more than the scope of a transaction.
    pub(super) fn check_rules(&self, changes: &Changes) -> Result<(), Obstacle> {
        let reversed = changes.event.as_ref().and_then(|event| event.reverses());
        if let Some(reversal) = reversed.and_then(|id| self.records.reversals.get(id)) {
            let violation = RuleViolation::AlreadyReversed(reversal.clone());
            return Err(Obstacle::Refused(violation));
        }
        check_penalties(changes, |mark| self.records.has_mark(mark)).map_err(Obstacle::Refused)?;
        for change in &changes.records {
            let Change::PutUser(user) = change else { continue };
            let same_email = |it: &User| it.email.folded() == user.email.folded();
            let is_other = |it: &User| it.id != user.id && !changes.gives_up_email(it);
            if self.records.users.iter().any(|it| same_email(it) && is_other(it)) {
                return Err(Obstacle::Refused(RuleViolation::EmailTaken));
            }
            let is_last = self.admins.is_some_and(|admins| admins <= 1);
            if is_last && self.demotes(change) && !changes.promotes(|id| self.is_active_admin(id)) {
                return Err(Obstacle::Refused(RuleViolation::LastAdministrator));
            }
        }
        Ok(())
    }
}

use std::sync::Arc;

use super::{Change, Changes};
use crate::domain::schedule::{MarkKey, MarkKind};
use crate::domain::{Email, EventId, RuleViolation, User, UserId};

/// Fails if changes break a rule that concerns more than the scope of a transaction contains.
///
/// The closures return the account with an id, one with an email address, the number of
/// administrators that are not marked for deletion, the reversal of an event, and whether a mark exists, all before the
/// changes.
pub(super) fn check(
    changes: &Changes,
    account: impl Fn(&UserId) -> Option<Arc<User>>,
    account_by_email: impl Fn(&Email) -> Option<Arc<User>>,
    count_active_admins: impl Fn() -> usize,
    reversal_of: impl Fn(&str) -> Option<EventId>,
    has_mark: impl Fn(&MarkKey) -> bool,
) -> Result<(), RuleViolation> {
    let reversed = changes.event.as_ref().and_then(|event| event.reverses());
    if let Some(reversal) = reversed.and_then(reversal_of) {
        return Err(RuleViolation::AlreadyReversed(reversal));
    }
    check_penalties(changes, has_mark)?;
    for change in &changes.records {
        let Change::PutUser(user) = change else { continue };
        let old = account(&user.id);
        let is_new_email = old.as_ref().is_none_or(|old| old.email.folded() != user.email.folded());
        let holder = account_by_email(&user.email).filter(|_| is_new_email);
        if holder.is_some_and(|holder| !changes.gives_up_email(&holder)) {
            return Err(RuleViolation::EmailTaken);
        }
        let was_admin = old.is_some_and(|old| old.is_active_admin());
        let is_demoted = was_admin && !user.is_active_admin();
        let is_admin = |id: &UserId| account(id).is_some_and(|user| user.is_active_admin());
        if is_demoted && count_active_admins() <= 1 && !changes.promotes(is_admin) {
            return Err(RuleViolation::LastAdministrator);
        }
    }
    Ok(())
}

/// Fails if changes contain the mark of a penalty that exists.
pub(super) fn check_penalties(
    changes: &Changes,
    has_mark: impl Fn(&MarkKey) -> bool,
) -> Result<(), RuleViolation> {
    let mut marks = changes.records.iter().filter_map(|change| match change {
        Change::PutMark(new) if new.key.kind == MarkKind::Penalty => Some(&new.key),
        _ => None,
    });
    if marks.any(has_mark) { Err(RuleViolation::AlreadyPenalised) } else { Ok(()) }
}

use std::sync::Arc;

use super::{Change, Changes};
use crate::domain::{Email, EventId, RuleViolation, User, UserId};

/// Fails if changes break a rule that concerns more than the scope of a transaction contains.
///
/// The closures return the account with an id, one with an email address, the number of
/// administrators that are not marked for deletion, and the reversal of an event, all before the changes.
pub(super) fn check(
    changes: &Changes,
    account: impl Fn(&UserId) -> Option<Arc<User>>,
    account_by_email: impl Fn(&Email) -> Option<Arc<User>>,
    count_active_admins: impl Fn() -> usize,
    reversal_of: impl Fn(&str) -> Option<EventId>,
) -> Result<(), RuleViolation> {
    let reversed = changes.event.as_ref().and_then(|event| event.reverses());
    if let Some(reversal) = reversed.and_then(reversal_of) {
        return Err(RuleViolation::AlreadyReversed(reversal));
    }
    for change in &changes.records {
        let Change::PutUser(user) = change else { continue };
        let old = account(&user.id);
        let is_new_email = old.as_ref().is_none_or(|old| old.email.folded() != user.email.folded());
        if is_new_email && account_by_email(&user.email).is_some() {
            return Err(RuleViolation::EmailTaken);
        }
        let was_admin = old.is_some_and(|old| old.is_active_admin());
        if was_admin && !user.is_active_admin() && count_active_admins() <= 1 {
            return Err(RuleViolation::LastAdministrator);
        }
    }
    Ok(())
}

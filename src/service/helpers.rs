//! What the helpers of a family may do: less than its parents.

use super::Caller;
use crate::domain::{FamilyRole, Mutation, RuleViolation, Task, Timestamp, TrackingEvent};
use crate::store::Snapshot;

/// Fails if a helper may not execute the mutation. A helper answers only a request that it names, and decides neither
/// about other points than those of the task nor about limits.
pub(super) fn check_mutation(caller: &Caller, mutation: &Mutation) -> Result<(), RuleViolation> {
    let (operation, details) = (&mutation.operation, &mutation.details);
    let names_request = details.request_id.is_some() || !operation.answers_a_request();
    let decides = details.is_forced || details.points.is_some();
    allow(caller, operation.is_open_to_helpers() && names_request && !decides)
}

/// Fails if a helper may not activate the task: it is a penalty, and the settings of the family leave these to parents.
pub(super) fn check_task(
    caller: &Caller,
    task: &Task,
    records: &dyn Snapshot,
) -> Result<(), RuleViolation> {
    let user = records.user(&caller.user().id);
    allow(caller, task.is_good || user.is_some_and(|user| user.family.penalties_by_helpers))
}

/// Fails if a helper may not reverse the event: it is of somebody else, or too old.
pub(super) fn check_reversal(
    caller: &Caller,
    original: &TrackingEvent,
    now: Timestamp,
) -> Result<(), RuleViolation> {
    let own = caller.member().map(|member| member.id.as_str());
    let is_own = own.is_some() && original.actor_id() == own;
    allow(caller, is_own && now < original.created_at.after(FamilyRole::HELPER_REVERSES))
}

/// Fails for a helper unless it `may`.
fn allow(caller: &Caller, may: bool) -> Result<(), RuleViolation> {
    if may || !caller.is_helper() { Ok(()) } else { Err(RuleViolation::NotAllowedToHelper) }
}

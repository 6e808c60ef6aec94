//! Corrections: reversals of earlier events, and adjustments.

use serde_json::Value;

use super::{EventOrigin, about, add, add_requested_delta};
use crate::domain::{
    Action, Child, EntityType, EventFields, Name, Points, RequestId, RuleViolation, TrackingEvent,
};

/// What a reversal takes back.
#[derive(Clone, Copy, Debug)]
pub struct Reversal<'a> {
    pub original: &'a TrackingEvent,
    /// The present name of its task or reward; `None` if that no longer exists.
    pub name: Option<&'a Name>,
    /// Whether it takes less if the child no longer has the points.
    pub is_partial: bool,
}

/// Takes back the recorded delta of an event. Today's points of its task or reward do not matter.
pub fn reverse(
    child: &Child,
    reversal: Reversal<'_>,
    floor: Points,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let Reversal { original, name, is_partial } = reversal;
    if !matches!(original.action, Action::Activated | Action::Redeemed) {
        return Err(RuleViolation::NotReversible);
    }
    let delta = -original.delta;
    let after = corrected(child, delta, is_partial, floor)?;
    let text = |field| original.metadata.as_ref()?.get(field)?.as_str();
    let name = text("name").or_else(|| text("task_name")).or(name.map(Name::as_str));
    let (amount, points) = amount_of(original);
    let mut metadata = about(name.unwrap_or_default(), amount, points, origin.actor);
    add_requested_delta(&mut metadata, child, delta, after);
    metadata.insert("reverses".to_owned(), original.id.as_str().into());
    let entity = (original.entity_type, original.entity_id.as_str());
    Ok(origin.event(child, entity, Action::Cancelled, after, metadata))
}

/// How a parent corrects the points.
#[derive(Clone, Copy, Debug)]
pub struct Adjustment {
    pub delta: i64,
    /// Whether it takes less if the child does not have the points.
    pub is_partial: bool,
}

/// Adds points or takes them, without a task. The event is that of a task or a penalty.
pub fn adjust(
    child: &Child,
    adjustment: Adjustment,
    floor: Points,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let Adjustment { delta, is_partial } = adjustment;
    let after = corrected(child, delta, is_partial, floor)?;
    let mut metadata = about("Adjustment", "points", delta.abs(), origin.actor);
    metadata.insert("adjustment".to_owned(), true.into());
    add_requested_delta(&mut metadata, child, delta, after);
    let entity_type = if delta < 0 { EntityType::Penalty } else { EntityType::Task };
    let entity = (entity_type, "adjustment");
    Ok(origin.event(child, entity, Action::Activated, after, metadata))
}

/// Adds the request that is pending again after a reversal.
pub fn add_restored_request(event: &mut EventFields, id: &RequestId) {
    add(event, "request_id", id.as_str());
}

/// The amount of an event, and the name of its field. Events of older files may have none.
fn amount_of(event: &TrackingEvent) -> (&'static str, i64) {
    let of = |field| event.metadata.as_ref()?.get(field).and_then(Value::as_i64);
    let own = if event.entity_type == EntityType::Reward { "cost" } else { "points" };
    let found = ["points", "cost"].into_iter().find_map(|field| Some((field, of(field)?)));
    found.unwrap_or((own, event.delta.abs()))
}

/// The points after a correction. It does not push them below the floor: then it fails, or takes what is
/// above the floor if it is partial.
fn corrected(
    child: &Child,
    delta: i64,
    is_partial: bool,
    floor: Points,
) -> Result<Points, RuleViolation> {
    let available = child.points.get() - floor.get();
    let points_needed = -delta - available;
    let delta = if delta >= 0 || points_needed <= 0 {
        delta
    } else if is_partial {
        -available.max(0)
    } else {
        return Err(RuleViolation::InsufficientPoints { points_needed });
    };
    child.points.checked_add(delta).ok_or(RuleViolation::PointsOutOfRange)
}

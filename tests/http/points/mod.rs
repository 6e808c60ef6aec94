//! The mutations and the history of points: repeats, concurrency, limits, properties and the
//! clock.

mod adjustments;
mod answers;
pub(crate) mod awards;
mod certificates;
mod changes;
mod clock;
mod corrections;
mod end_to_end;
mod idempotency;
mod mutations;
mod notes;
mod progress;
mod properties;
mod races;
mod refusals;
mod requests;
mod reserved;
mod task_limits;
mod tracking;

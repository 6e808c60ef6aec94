//! The four mutations and the history of points: retries, races, limits, properties and the clock.

mod changes;
mod clock;
mod end_to_end;
mod idempotency;
mod mutations;
mod properties;
mod races;
mod refusals;
mod tracking;

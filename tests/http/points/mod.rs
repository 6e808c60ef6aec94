//! The four mutations and the history of points: repeats, concurrency, limits, properties and the
//! clock.

mod changes;
mod clock;
mod end_to_end;
mod idempotency;
mod mutations;
mod properties;
mod races;
mod refusals;
mod requests;
mod tracking;

//! What administrators do to accounts of others.

mod confirmation;
mod log;
mod overview;
mod resets;
mod statistics;

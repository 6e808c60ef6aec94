//! Account deletion: an account is marked, waits, and is deleted with all its records on a schedule. Its
//! owner can restore it until its deletion starts.

mod account;
mod erasures;
mod first_start;
mod log;
mod marking;
mod other_servers;
mod policy;
mod queue;
mod run;
mod state;

pub use queue::{Queued, ThresholdInForce};
pub use run::{AttemptOutcome, Attempted, Trigger};
pub use state::DeletionSettings;
pub(super) use state::Deletions;

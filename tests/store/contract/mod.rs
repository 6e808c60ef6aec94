//! The guarantees of every implementation of the store's trait. Another implementation needs one
//! more line in `IMPLEMENTATIONS`.

mod administration;
mod api_tokens;
mod badges;
pub(crate) mod bench;
mod calendar_feeds;
mod commits;
mod departures;
mod device_requests;
mod due_families;
mod erasures;
mod following;
mod history;
mod keys;
pub(crate) mod leases;
mod members;
mod messages;
mod records;
mod reversals;
mod scans;
mod schedules;
mod scopes;
mod webhooks;

use bench::{Bench, Medium};
pub(crate) use bench::{activation, family, user};
pub(crate) use following::read_since;
pub(crate) use messages::message;

/// Each function creates an empty medium for one implementation.
const IMPLEMENTATIONS: &[fn() -> Medium] = &[Medium::folder, Medium::memory, Medium::database];

/// Runs a test with each implementation on an empty store.
async fn over_each(test: impl AsyncFn(Bench)) {
    for medium in IMPLEMENTATIONS {
        test(Bench::new(medium())).await;
    }
}

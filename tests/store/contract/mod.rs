//! What every implementation of the store's trait guarantees. A further implementation gets one more
//! line in `IMPLEMENTATIONS`.

mod bench;
mod commits;
mod departures;
mod following;
mod history;
mod records;
mod scopes;

use bench::{Bench, Medium};

/// Each creates an empty medium for one implementation.
const IMPLEMENTATIONS: &[fn() -> Medium] = &[Medium::folder, Medium::memory];

/// Runs a test over every implementation, on an empty store.
async fn over_each(test: impl AsyncFn(Bench)) {
    for medium in IMPLEMENTATIONS {
        test(Bench::new(medium())).await;
    }
}

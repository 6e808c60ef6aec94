//! What only the store on PostgreSQL has: several servers on one database, and databases that it
//! cannot use.

mod allowances;
mod leases;
mod opening;
mod order;
mod plans;
mod restored;
mod servers;
mod silent;

use std::sync::Arc;

use goldstar::clock::Clock;
use goldstar::metrics;
use goldstar::store::postgres::{DatabaseUrl, OpenError, PostgresStore};

use crate::cluster;

async fn open(url: &str) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(&DatabaseUrl::new(url), Clock::system(), metrics::Store::default()).await
}

/// Two servers on a new database.
async fn two() -> [Arc<PostgresStore>; 2] {
    two_on(&cluster::new_database()).await
}

async fn two_on(url: &str) -> [Arc<PostgresStore>; 2] {
    // Both start at the same time, and one of them creates the schema.
    let (one, other) = tokio::join!(open(url), open(url));
    [Arc::new(one.unwrap()), Arc::new(other.unwrap())]
}

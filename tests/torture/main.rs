//! Stress tests: each test chooses its actions by a seed, and runs until its time or its rounds are
//! used up. `cargo test --test torture` runs the short forms, `scripts/torture` the long ones;
//! `docs/reliability.md` contains the results.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(dead_code, unused_imports, reason = "shared with the tests of HTTP, which use the rest")]
#[path = "../http/harness/mod.rs"]
mod harness;
#[expect(dead_code, reason = "shared with the tests of the store, which use the rest")]
#[path = "../store/harness/mod.rs"]
mod store;

mod backups;
mod budget;
mod clock;
mod dribbles;
mod faults;
mod fuzz;
mod idle_readers;
mod kills;
mod logins;
mod lossy_disk;
mod measures;
mod model;
mod model_kills;
mod outage;
mod postgres;
mod power;
mod random;
mod reconnects;
mod recovery;
mod redeems;
mod requests;
mod stream_clients;
mod stuck_readers;
mod torn;
mod unread;

use harness::watched;

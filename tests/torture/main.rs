//! What Goldstar is put through for as long as one likes: each member is a test that draws what it
//! does by a seed, and goes on until its budget is spent. `cargo test --test torture` runs the short
//! forms, `scripts/torture` the long ones; `docs/reliability.md` says what each has found.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "../http/harness/mod.rs"]
mod harness;
#[expect(dead_code, reason = "shared with the tests of the store, which use the rest")]
#[path = "../store/harness.rs"]
mod store;

mod budget;
mod clock;
mod dribbles;
mod faults;
mod fuzz;
mod hearing;
mod idle_readers;
mod kills;
mod logins;
mod lossy_disk;
mod measures;
mod model;
mod outage;
mod power;
mod random;
mod reconnects;
mod recovery;
mod redeems;
mod stuck_readers;
mod torn;
mod unread;

use harness::watched;

//! Damaged data directories: what is said of them, that nothing changes in them, and what comes out
//! of a salvage. `corpus` makes them by script, from a Flask service's directory and from one that
//! Goldstar was killed on.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod bases;
mod corpus;
mod examine;
mod flask;
mod foreign;
mod killed;
mod output;

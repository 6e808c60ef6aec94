//! `goldstar check` and `goldstar checkpoint`: the real binary on copies of a Flask service's
//! directory, on what a killed server has left behind, and on files that were damaged in every way
//! that has a name.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod after_a_kill;
mod arguments;
mod damage;
mod directory;
mod events;
mod old_files;
mod output;
mod records;

//! What somebody tries who means harm: ids, fields, sessions, passwords, names and sizes that aren't
//! theirs to choose. `docs/reliability.md` lists the methods.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod bombs;
mod fields;
mod guesses;
mod home;
mod ids;
mod names;
mod page;
mod private;
mod roles;
mod sessions;
mod table;

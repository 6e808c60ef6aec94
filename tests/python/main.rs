//! What Python writes is read, and what Goldstar writes Python reads: held against the real TinyDB and
//! the real werkzeug.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod history;
mod passwords;
mod roundtrip;
mod tables;
mod unknown;

//! Data and log directories as machines really have them: on file systems that lack something, with
//! pipes and devices in the place of files, and with files of several users. All of it with the real
//! binary.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod attributes;
mod kinds;
mod lacking;
mod mounts;
mod owners;
mod start;
mod system;

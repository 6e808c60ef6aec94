//! The store on real files, with a disk that can fail, and with directories after a crash.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, unused_imports, reason = "shared with the tests of HTTP, which use the rest")]
#[path = "../http/harness/cluster/mod.rs"]
mod cluster;
mod contract;
mod crashes;
mod departures;
mod faults;
mod foreign;
mod harness;
mod leases;
mod postgres;
#[path = "../http/harness/python.rs"]
mod python;
mod salvage;
mod saved_index;
mod server_log;
mod shapes;
#[path = "../http/harness/watched.rs"]
mod watched;

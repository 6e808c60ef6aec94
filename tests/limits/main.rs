//! What the server withstands: clients that are slow, greedy, malformed, foreign or gone, and its own
//! stop; and a disk that is full. All of it from outside, over HTTP or over bare connections.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod bodies;
mod compression;
mod connections;
mod every_answer;
mod expensive;
mod full_disk;
mod heads;
mod hung_up;
mod large_pages;
mod logins;
mod malformed;
mod metrics;
mod monitoring;
mod origins;
mod person;
mod prometheus;
mod shutdown;
mod slow_clients;
mod slow_readers;
mod streams;
mod stuck_disk;
mod timeouts;
mod wire;

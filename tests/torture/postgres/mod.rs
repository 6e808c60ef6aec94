//! Two servers on one PostgreSQL database.

mod failover;
mod life;
mod linearity;
mod model_outage;
mod network;
mod paid_once;
mod paused;
mod storms;

use crate::harness::cluster::Options;
use crate::harness::{TestServer, goldstar};

/// As for users: a commit is on the disk.
fn durable() -> Options {
    let settings = [("fsync", "on"), ("full_page_writes", "on")];
    let settings = settings.map(|(name, value)| (name, value.to_owned())).into();
    Options { settings, ..Options::default() }
}

/// Checks that `goldstar check` finds nothing wrong in a database.
fn check(server: &TestServer, url: &str) {
    let mut command = goldstar(server.folders.root());
    let output = command.args(["check", "--database-url", url]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("Nothing is wrong."), "{text}");
}

//! Two servers on one PostgreSQL database.

mod life;
mod linearity;
mod paid_once;
mod storms;

use crate::harness::{TestServer, goldstar};

/// Checks that `goldstar check` finds nothing wrong in a database.
fn check(server: &TestServer, url: &str) {
    let mut command = goldstar(server.folders.root());
    let output = command.args(["check", "--database-url", url]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("Nothing is wrong."), "{text}");
}

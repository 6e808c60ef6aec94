//! PostgreSQL for tests: one cluster of the test process, which is started by the first test that needs
//! it and has one database for each test, and clusters of single tests.

mod own;

use std::process::Command;
use std::sync::OnceLock;

pub(crate) use own::{Cluster, Options, Stop, unprivileged};

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// The URL of a new, empty database in the cluster of this process.
pub(crate) fn new_database() -> String {
    let start =
        || Cluster::start(Options { hba: "local all locked scram-sha-256", ..Options::default() });
    CLUSTER.get_or_init(start).new_database()
}

/// A program of the installed version.
pub(crate) fn program(name: &str) -> Command {
    Command::new(format!("{}/{name}", own::programs()))
}

/// Executes SQL statements with `psql`. Returns the lines of the result.
pub(crate) fn execute(url: &str, statements: &str) -> Vec<String> {
    let done = program("psql")
        .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", statements, url])
        .output()
        .expect(own::MISSING);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).lines().map(ToOwned::to_owned).collect()
}

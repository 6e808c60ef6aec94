//! The cost of the store on PostgreSQL, compared with the same statements by pgbench.

mod activations;
mod cluster;
mod import;
mod load;
mod pgbench;
mod tracking;

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Plan;
use super::support::process::{Server, without_settings};
use super::table::percentile;

pub(super) use activations::{busy, cost, many, two_servers};
pub(super) use cluster::Cluster;
pub(super) use import::{import, put_rows_of_sessions};
pub(super) use tracking::page;

/// The measurements of a load.
struct Figures {
    count: f64,
    /// Per second.
    rate: f64,
    /// The 99th percentile in seconds.
    p99: f64,
}

impl Figures {
    /// The figures of requests with those times, which took so many seconds together.
    fn of(times: Vec<Duration>, seconds: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a load is short")]
        let count = times.len() as f64;
        Self { count, rate: count / seconds, p99: percentile(times, 99).as_secs_f64() }
    }
}

/// Imports the records in `folder/data` into an empty database.
pub(crate) fn import_into(url: &str, folder: &Path) -> io::Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldstar"));
    command.args(["import", "tinydb", "--database-url", url]).arg(folder.join("data"));
    without_settings(&mut command);
    let done = command.output()?;
    let failed = || io::Error::other(String::from_utf8_lossy(&done.stderr).into_owned());
    if done.status.success() { Ok(()) } else { Err(failed()) }
}

/// Starts Goldstar on a database.
pub(crate) fn serve(plan: &Plan, url: &str) -> io::Result<Server> {
    Server::goldstar(&plan.folder.path().join("postgres"), &["--database-url", url])
}

impl Plan {
    pub(crate) fn cluster(&self) -> &Cluster {
        self.cluster.get_or_init(|| Cluster::start().unwrap())
    }
}

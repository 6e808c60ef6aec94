//! How long a backup takes while the server is busy, and how much it delays changes.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Plan;
use super::busy::{Percentiles, Span, log_in, under_load};
use super::postgres;
use super::support::client::{self, Client};
use super::support::generate::Size;
use super::support::process::{Server, without_settings};
use super::table::{Goal, median, print_report, print_row, time};

/// The number of families, each with a connection.
const CONNECTIONS: u64 = 64;

/// A running server makes the backup.
pub(crate) fn embedded(plan: &Plan) {
    let (users, children, events) = (CONNECTIONS, CONNECTIONS, plan.large);
    let folder = plan.fresh("backup", Size { users, children, events, departing: false });
    let server = Server::goldstar(&folder, &[]).unwrap();
    let data = folder.join("data").display().to_string();
    measure(plan, "", &server, &["--data-dir", &data]);
    let mut client = Client::connect(server.address).unwrap();
    let longest = longest_wait(&mut client);
    print_row(
        "longest time that a change has waited for the backup",
        "upper bound of the histogram's last bucket that is not empty",
        longest * 1e3,
        " ms",
        Goal::AtMost(50.0),
    );
}

/// A command exports the database.
pub(crate) fn database(plan: &Plan) {
    let url = plan.cluster().url("backup");
    plan.cluster().create("backup", "template1").unwrap();
    postgres::import_into(&url, plan.large()).unwrap();
    let server = postgres::serve(plan, &url).unwrap();
    measure(plan, "PostgreSQL: ", &server, &["--database-url", &url]);
}

fn measure(plan: &Plan, store: &str, server: &Server, place: &[&str]) {
    let file = plan.folder.path().join("backup.tar");
    let tokens = log_in(server.address, CONNECTIONS);
    let (mut took, mut bytes, mut times) = (Vec::new(), 0, Percentiles::new());
    for _ in 0..plan.rounds {
        let quiet = Duration::from_secs(plan.seconds);
        let span = round(server.address, &tokens, quiet, &file, place, &mut times);
        took.push((span.1 - span.0).as_secs_f64());
        bytes = fs::metadata(&file).unwrap().len();
        fs::remove_file(&file).unwrap();
    }
    let what = format!("{CONNECTIONS} connections");
    print_report(
        &format!("{store}a backup of {} events and those of the load, {what}", plan.large),
        "from the start of `goldstar backup create` to its end",
        &format!("{}, {} MB", time(median(took)), bytes / 1_000_000),
    );
    times.print(|name| {
        format!("{store}{name} of an activation, {what}, while a backup is made ÷ without")
    });
}

/// Makes a backup after a while of load. Adds the percentiles of the requests during it, and before.
fn round(
    address: SocketAddr,
    tokens: &[String],
    quiet: Duration,
    file: &Path,
    place: &[&str],
    times: &mut Percentiles,
) -> Span {
    let (samples, span) = under_load(address, tokens, |_| {
        thread::sleep(quiet);
        let begun = Instant::now();
        back_up(file, place);
        (begun, Instant::now())
    });
    times.add(&samples, span);
    span
}

fn back_up(file: &Path, place: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldstar"));
    without_settings(&mut command);
    let done = command.args(["backup", "create"]).arg(file).args(place).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// In seconds: the upper bound of the last bucket of the histogram that is not empty.
fn longest_wait(client: &mut Client) -> f64 {
    let metrics = client.succeed(&client::request("GET", "/metrics", "")).unwrap();
    let metrics = String::from_utf8(metrics).unwrap();
    let buckets = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix("goldstar_backup_wait_seconds_bucket{le=\"")?;
        let (bound, count) = rest.split_once("\"} ")?;
        Some((bound.parse::<f64>().ok()?, count.parse::<u64>().ok()?))
    });
    let buckets: Vec<_> = buckets.collect();
    let total = buckets.iter().map(|(_, count)| *count).max().unwrap();
    assert!(total > 0, "no change has waited for a backup");
    buckets.iter().find(|(_, count)| *count == total).unwrap().0
}

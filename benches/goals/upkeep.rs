//! How much the upkeep of the files delays requests: a checkpoint, and the anonymisation of an account's
//! events.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Plan;
use super::busy::{Span, Stop, log_in, overlap, under_load};
use super::support::client::{self, Client, Sample};
use super::support::generate::Size;
use super::support::process::Server;
use super::table::{Goal, median, percentile, print_row, time};

/// The number of families, each with a connection.
const CONNECTIONS: u64 = 64;
/// How long to wait for a checkpoint: the write-ahead log must grow by 16 MiB.
const PATIENCE: Duration = Duration::from_secs(30);

/// The measurements of a round.
struct Round {
    samples: Vec<Sample>,
    checkpoints: Vec<Span>,
    deletion: Span,
}

/// The 99th percentile of an activation during upkeep, compared with that without.
pub(crate) fn upkeep(plan: &Plan) {
    let (mut quiet, mut checkpoint, mut deletion, mut took) = (vec![], vec![], vec![], vec![]);
    for _ in 0..plan.rounds {
        let round = round(plan);
        let p99 = |during: &dyn Fn(&Sample) -> bool| {
            let times = round.samples.iter().filter(|it| during(it)).map(|(_, took)| *took);
            percentile(times.collect(), 99).as_secs_f64()
        };
        let in_checkpoint = |it: &Sample| round.checkpoints.iter().any(|span| overlap(it, *span));
        let in_deletion = |it: &Sample| overlap(it, round.deletion);
        quiet.push(p99(&|it| !in_checkpoint(it) && !in_deletion(it)));
        checkpoint.push(p99(&|it| in_checkpoint(it) && !in_deletion(it)));
        deletion.push(p99(&in_deletion));
        took.push((round.deletion.1 - round.deletion.0).as_secs_f64());
    }
    let (quiet, took) = (median(quiet), time(median(took)));
    for (what, p99) in [
        ("while a checkpoint is made".to_owned(), median(checkpoint)),
        (format!("while {} events are made anonymous ({took})", plan.large), median(deletion)),
    ] {
        print_row(
            &format!(
                "99th percentile of an activation, {CONNECTIONS} connections, {what} ÷ without"
            ),
            &format!("{} ÷ {}", time(p99), time(quiet)),
            p99 / quiet,
            "",
            Goal::AtMost(1.5),
        );
    }
}

/// Starts a new server and its load, waits for checkpoints, and then deletes an account with all
/// its events.
fn round(plan: &Plan) -> Round {
    let size =
        Size { users: CONNECTIONS, children: CONNECTIONS, events: plan.large, departing: true };
    let folder = plan.fresh("upkeep", size);
    // Otherwise nothing is deleted for 24 hours after the first start.
    let first_start =
        r#"{"_default": {"1": {"name": "account_deletion_first_start", "value": 1.0}}}"#;
    fs::write(folder.join("data/settings.json"), first_start).unwrap();
    let server = Server::goldstar(&folder, &["--request-timeout", "3600"]).unwrap();
    let tokens = log_in(server.address, CONNECTIONS);
    let mut client = Client::connect(server.address).unwrap();
    let delete = client::request("POST", "/admin/deletion-queue/run", &tokens[0]);
    let (samples, (checkpoints, deletion)) = under_load(server.address, &tokens, |stop| {
        let checkpoints_seen = AtomicBool::new(false);
        thread::scope(|scope| {
            let end = stop.when_dropped();
            let (journal, seen) = (folder.join("data/journal"), &checkpoints_seen);
            let watch = scope.spawn(move || watch(stop, seen, &journal));
            wait_for_a_checkpoint(Duration::from_secs(plan.seconds), &checkpoints_seen);
            let begun = Instant::now();
            let answer = client.succeed(&delete).unwrap();
            let deletion = (begun, Instant::now());
            drop(end);
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.contains("\"deleted\""), "{answer}");
            (watch.join().unwrap(), deletion)
        })
    });
    Round { samples, checkpoints, deletion }
}

/// Records the times of checkpoints: the write-ahead log continues in a new segment, and the old one
/// exists until the checkpoint is complete.
fn watch(stop: &Stop, seen: &AtomicBool, journal: &Path) -> Vec<Span> {
    let (mut spans, mut begun) = (Vec::new(), None);
    while !stop.is_set() {
        let files = fs::read_dir(journal).unwrap().map(|entry| entry.unwrap().path());
        let is_segment =
            |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
        let under_way = files.filter(is_segment).count() > 1;
        begun = match begun {
            None if under_way => Some(Instant::now()),
            Some(begun) if !under_way => {
                spans.push((begun, Instant::now()));
                seen.store(true, Ordering::Relaxed);
                None
            }
            begun => begun,
        };
        thread::sleep(Duration::from_millis(1));
    }
    spans
}

/// Lets the load run for a while, and until a checkpoint is complete.
fn wait_for_a_checkpoint(at_least: Duration, seen: &AtomicBool) {
    let begun = Instant::now();
    thread::sleep(at_least);
    while !seen.load(Ordering::Relaxed) {
        assert!(begun.elapsed() < PATIENCE, "no checkpoint in {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

//! How the figures of the embedded store change with the number of events, up to ten million.

mod plot;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::Plan;
use super::activation::{EACH, FAMILIES, requests};
use super::oha::{Outcome, Request, load};
use super::start::{as_f64, memory_after_use};
use super::support::client::{self, Client};
use super::support::generate::Size;
use super::support::process::Server;
use super::table::{Goal, median, print_row, rounded, time};
use super::tracking::print_slowest;

/// The size with which the others are compared.
const BASE: u64 = 1_000;
/// How long a server is under load before it is killed.
const BEFORE_KILL: Duration = Duration::from_secs(2);

/// The figures of one size. Times are in seconds.
#[derive(Serialize)]
struct Figures {
    events: u64,
    families: u64,
    /// The size of the tracking table's file.
    file_bytes: u64,
    start_after_stop: f64,
    start_after_kill: f64,
    anonymous_bytes: u64,
    /// With 64 connections.
    activations_per_second: f64,
    /// With one connection.
    median: f64,
    p99: f64,
    /// The same at 1,000 events, in the same rounds.
    base_median: f64,
    base_p99: f64,
}

pub(crate) fn scale(plan: &Plan) {
    let sizes: &[u64] = if plan.is_quick {
        &[1_000, 10_000, 100_000]
    } else {
        &[1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    };
    let all: Vec<Figures> = sizes.iter().map(|events| measure(plan, *events)).collect();
    write(plan, &all);
    if let Some(largest) = all.last() {
        print_goals(largest);
        print_slowest(plan, &folder(plan, largest.events), largest.events);
    }
    print_table(&all);
}

/// Fewer than of other rows: the largest directory alone takes some minutes for each.
fn rounds(plan: &Plan) -> usize {
    plan.rounds.min(3)
}

/// One family for each 100 events, at least ten and at most 100,000.
fn families(events: u64) -> u64 {
    (events / 100).clamp(10, 100_000)
}

/// The directory of that size. A small one is written again, so that the events of earlier loads do not multiply it.
fn folder(plan: &Plan, events: u64) -> PathBuf {
    let name = format!("scale-{events}");
    let folder = plan.folder.path().join(&name);
    if events > 100_000 && folder.exists() {
        return folder;
    }
    let families = families(events);
    plan.fresh(&name, Size { users: families, children: families, events, departing: false })
}

fn measure(plan: &Plan, events: u64) -> Figures {
    eprintln!("{events} events");
    let path = folder(plan, events);
    let file_bytes = fs::metadata(path.join("data/tracking_events.json")).unwrap().len();
    let start = || Server::goldstar(&path, &[]).unwrap().start.as_secs_f64();
    // The first start reads files of another program.
    start();
    let start_after_stop = median((0..rounds(plan)).map(|_| start()).collect());
    let anonymous_bytes = memory_after_use(&path, families(events));
    let [ours, base] = latencies(plan, events);
    let rates = (0..rounds(plan)).map(|_| {
        let server = Server::goldstar(&folder(plan, events), &[]).unwrap();
        let requests = requests(server.address, FAMILIES);
        load(server.address, &requests, EACH, plan.seconds).unwrap().rate
    });
    let activations_per_second = median(rates.collect());
    let after_kill = (0..rounds(plan)).map(|_| start_after_kill(&folder(plan, events)));
    Figures {
        events,
        families: families(events),
        file_bytes,
        start_after_stop,
        start_after_kill: median(after_kill.collect()),
        anonymous_bytes,
        activations_per_second,
        median: ours.0,
        p99: ours.1,
        base_median: base.0,
        base_p99: base.1,
    }
}

/// The medians of the median and the 99th percentile of an activation by one connection, at that size and at the base.
fn latencies(plan: &Plan, events: u64) -> [(f64, f64); 2] {
    let size = Size { users: 10, children: 10, events: BASE, departing: false };
    let folders = [folder(plan, events), plan.fresh("scale-base", size)];
    let servers = folders.each_ref().map(|folder| Server::goldstar(folder, &[]).unwrap());
    let requests = servers.each_ref().map(|server| requests(server.address, 1));
    let mut outcomes = [Vec::new(), Vec::new()];
    for _ in 0..rounds(plan) {
        for ((server, requests), outcomes) in servers.iter().zip(&requests).zip(&mut outcomes) {
            outcomes.push(load(server.address, requests, 1, plan.seconds).unwrap());
        }
    }
    outcomes.map(|outcomes| {
        let of = |figure: fn(&Outcome) -> f64| median(outcomes.iter().map(figure).collect());
        (of(|outcome| outcome.median), of(|outcome| outcome.p99))
    })
}

/// The seconds of a start after the server was killed during a load.
fn start_after_kill(folder: &Path) -> f64 {
    let server = Server::goldstar(folder, &[]).unwrap();
    let requests = requests(server.address, FAMILIES);
    thread::scope(|scope| {
        let address = server.address;
        for request in requests.iter().cycle().take(FAMILIES * EACH) {
            scope.spawn(move || activate_until_killed(address, request));
        }
        thread::sleep(BEFORE_KILL);
        server.kill().unwrap();
    });
    Server::goldstar(folder, &[]).unwrap().start.as_secs_f64()
}

fn activate_until_killed(address: std::net::SocketAddr, request: &Request) {
    let token = request.token.as_deref().unwrap_or_default();
    let request = client::request(request.method, &request.path, token);
    let mut client = Client::connect(address).unwrap();
    while client.succeed(&request).is_ok() {}
}

fn print_goals(largest: &Figures) {
    let Figures { events, families, .. } = largest;
    let at = format!("at {events} events of {families} families");
    let rows = [
        (
            format!("median of an activation {at} ÷ at {BASE} events"),
            format!("{} ÷ {}", time(largest.median), time(largest.base_median)),
            largest.median / largest.base_median,
            "",
            1.1,
        ),
        (
            format!("99th percentile of an activation {at} ÷ at {BASE} events"),
            format!("{} ÷ {}", time(largest.p99), time(largest.base_p99)),
            largest.p99 / largest.base_p99,
            "",
            1.5,
        ),
        (
            format!("start {at}, after a stop"),
            "from the start of the process to the line with its address".to_owned(),
            largest.start_after_stop,
            " s",
            1.5,
        ),
        (
            format!("start {at}, after `kill -9` under load"),
            "the same".to_owned(),
            largest.start_after_kill,
            " s",
            3.0,
        ),
        (
            format!("anonymous memory {at}"),
            "`RssAnon` after 1,000 queries and activations".to_owned(),
            as_f64(largest.anonymous_bytes) / 1e6,
            " MB",
            300.0,
        ),
    ];
    for (what, measured, value, unit, goal) in rows {
        print_row(&what, &measured, value, unit, Goal::AtMost(goal));
    }
}

/// The table below the plots.
fn print_table(all: &[Figures]) {
    println!();
    println!(
        "| events | families | tracking file | start after a stop | start after `kill -9` | \
         `RssAnon` | activations/s, 64 connections | median, one connection | 99th percentile |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for it in all {
        println!(
            "| {} | {} | {} MB | {} | {} | {} MB | {} | {} | {} |",
            it.events,
            it.families,
            rounded(as_f64(it.file_bytes) / 1e6),
            time(it.start_after_stop),
            time(it.start_after_kill),
            rounded(as_f64(it.anonymous_bytes) / 1e6),
            rounded(it.activations_per_second),
            time(it.median),
            time(it.p99),
        );
    }
}

/// Writes the figures and the plots: into the documentation, unless they are meaningless.
fn write(plan: &Plan, all: &[Figures]) {
    let folder = if plan.is_quick {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("scale")
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images")
    };
    fs::create_dir_all(&folder).unwrap();
    let json = serde_json::to_string_pretty(all).unwrap();
    fs::write(folder.join("scale.json"), json + "\n").unwrap();
    for (name, plot) in plots(all) {
        fs::write(folder.join(name), plot.svg()).unwrap();
    }
}

fn plots(all: &[Figures]) -> [(&'static str, plot::Plot); 4] {
    let line = |name, value: &dyn Fn(&Figures) -> f64| plot::Line {
        name,
        points: all.iter().map(|it| (as_f64(it.events), value(it))).collect(),
    };
    let plot = |title, unit, lines| plot::Plot { title, x: "tracking events", y: unit, lines };
    let rate = vec![line("64 connections", &|it| it.activations_per_second)];
    let latency =
        vec![line("99th percentile", &|it| it.p99 * 1e6), line("median", &|it| it.median * 1e6)];
    let memory = vec![line("RssAnon", &|it| as_f64(it.anonymous_bytes) / 1e6)];
    let start = vec![
        line("after kill -9 under load", &|it| it.start_after_kill),
        line("after a stop", &|it| it.start_after_stop),
    ];
    [
        ("scale-throughput.svg", plot("Durable activations", "activations per second", rate)),
        ("scale-latency.svg", plot("Time of an activation, one connection", "µs", latency)),
        ("scale-memory.svg", plot("Memory of the server", "MB", memory)),
        ("scale-start.svg", plot("Time of a start", "seconds", start)),
    ]
}

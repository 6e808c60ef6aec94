//! A simulated day of many families, with a load that grows until something breaks.

mod crowd;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use goldstar::clock::Clock;
use sha2::{Digest as _, Sha256};

use super::Plan;
use super::devices;
use super::postgres::{Cluster, import_into, put_rows_of_sessions, serve};
use super::start::as_f64;
use super::streams::Readers;
use super::support::client::{self, Client};
use super::support::generate::{Size, USER, id};
use super::support::process::Server;
use super::table::{Goal, print_report, print_row, rounded, time};
use crowd::{Answer, Crowd, Day};

/// A day is broken if its 99th percentile is longer, in seconds.
const LONGEST: f64 = 1.0;
/// A day is broken if a larger part of its requests does not succeed.
const MOST_FAILURES: f64 = 0.001;
/// The load is not increased beyond that multiple of the first day's.
const MOST_GROWTH: f64 = 512.0;
/// Of how many families one has an event stream.
const PER_STREAM: usize = 50;

pub(crate) fn day(plan: &Plan) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let families = plan.families * if plan.is_quick { 10 } else { 100 };
    let size =
        Size { users: families, children: families, events: families * 10, departing: false };
    let folder = plan.fresh("day", size);
    let url = plan.cluster().url("day");
    plan.cluster().create("day", "template1").unwrap();
    import_into(&url, &folder).unwrap();
    let tokens = put_sessions(plan.cluster(), &folder, families);
    print_steps_head();
    let mut goals = Vec::new();
    {
        let server = Server::goldstar(&folder, &[]).unwrap();
        let first = if plan.is_quick { 200.0 } else { 500.0 };
        goals.push(("embedded", grow("embedded", &[server], &tokens, first)));
    }
    let servers = [serve(plan, &url).unwrap(), serve(plan, &url).unwrap()];
    let first = if plan.is_quick { 50.0 } else { 100.0 };
    let name = "PostgreSQL, two servers";
    goals.push((name, grow(name, &servers, &tokens, first)));
    println!();
    super::table::print_head();
    for (store, result) in goals {
        print_goals(store, &result);
    }
}

/// Writes a session of each family into a directory and into a database: a log-in of each would take too long. Returns their
/// tokens.
fn put_sessions(cluster: &Cluster, folder: &Path, families: u64) -> Arc<[String]> {
    let now = Clock::system().now().as_micros() / 1_000_000;
    let expires_at = now + 29 * 86_400;
    let tokens: Arc<[String]> = (0..families).map(|n| format!("{n:043}")).collect();
    let (mut table, mut lines) = (String::new(), String::new());
    for (n, token) in (0..).zip(tokens.iter()) {
        let mut hash = String::new();
        Sha256::digest(token).iter().for_each(|byte| write!(hash, "{byte:02x}").unwrap());
        let user = id(USER, n);
        // In the form of a row that the server has written.
        let row = format!(
            r#"{{"token_sha256": "{hash}", "user_id": "{user}", "child_id": null, "created_at": {now}.0, "last_used_at": {now}.0, "expires_at": {expires_at}.0}}"#
        );
        let comma = if n == 0 { "" } else { "," };
        write!(table, r#"{comma}"{}":{row}"#, n + 1).unwrap();
        writeln!(lines, "{row}").unwrap();
    }
    fs::write(folder.join("data/sessions.json"), format!("{{\"_default\":{{{table}}}}}")).unwrap();
    put_rows_of_sessions(cluster, "day", &lines).unwrap();
    tokens
}

/// The figures of a store whose load has grown.
struct Grown {
    /// The rate in the peaks of the first day that was broken, in requests per second.
    broken: f64,
    /// The largest number of successes per second in the peaks of a day.
    maximum: f64,
    /// The same, at twice the load of the first broken day.
    beyond: f64,
    /// The anonymous memory after the first day, after the last one, and after the day of rest, in bytes.
    memory: [u64; 3],
    /// The 99th percentiles of the first day and of the day of rest in seconds, with the same load.
    p99: [f64; 2],
    /// The requests of the day of rest that did not succeed.
    failures: usize,
    /// The changes that were acknowledged on all days, and the events that were stored.
    changes: [u64; 2],
    /// The number of event streams, and the seconds until all of them are open again after an outage.
    outage: (usize, f64),
}

/// A store that lives through days.
struct Stage<'a> {
    store: &'a str,
    servers: &'a [Server],
    tokens: &'a Arc<[String]>,
    runtime: tokio::runtime::Runtime,
    crowd: Arc<Crowd>,
    /// The changes that were acknowledged.
    changes: u64,
}

impl<'a> Stage<'a> {
    fn new(store: &'a str, servers: &'a [Server], tokens: &'a Arc<[String]>) -> Self {
        let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
        let crowd = Crowd::new(&addresses, Arc::clone(tokens));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        Self { store, servers, tokens, runtime, crowd, changes: 0 }
    }

    /// Of all servers, in bytes.
    fn memory(&self) -> u64 {
        self.servers.iter().map(|server| server.memory("RssAnon").unwrap()).sum()
    }

    /// The events in the history.
    fn events(&self) -> u64 {
        let mut client = Client::connect(self.servers[0].address).unwrap();
        let request = client::request("GET", "/admin/tracking?limit=1", &self.tokens[0]);
        let answer = client.succeed(&request).unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        answer["total"].as_u64().unwrap()
    }

    /// One day with that rate in its peaks.
    fn live(&mut self, name: &str, rate: f64) -> Day {
        let day = self.runtime.block_on(self.crowd.live_through(rate, 1));
        self.changes += day.count(|answer| answer == Answer::Done(true)) as u64;
        let share = |count: usize| as_f64(count as u64) / as_f64(day.total() as u64) * 100.0;
        println!(
            "| {} | {name} | {} | {} | {} | {} | {} % | {} % | {} MB |",
            self.store,
            rounded(rate),
            rounded(day.peak_rate()),
            time(day.percentile(50)),
            time(day.percentile(99)),
            rounded(share(day.count(|answer| answer == Answer::Later))),
            rounded(share(day.count(|answer| answer == Answer::Failed))),
            rounded(as_f64(self.memory()) / 1e6),
        );
        day
    }
}

fn print_steps_head() {
    println!();
    println!(
        "| store | day | requests/s in the peaks | successes/s | median | 99th percentile | 503 with \
         `Retry-After` | other failures | `RssAnon` |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
}

fn grow(store: &str, servers: &[Server], tokens: &Arc<[String]>, first: f64) -> Grown {
    let mut stage = Stage::new(store, servers, tokens);
    let streams: Vec<String> = tokens.iter().step_by(PER_STREAM).cloned().collect();
    let mut devices = Readers::start_devices(servers[0].address, streams.len(), &streams);
    devices.wait();
    let stored = stage.events();
    let (mut rate, mut day) = (first, stage.live("first", first));
    let (first_p99, first_memory) = (day.percentile(99), stage.memory());
    let mut maximum = day.peak_rate();
    while !is_broken(&day) && rate < first * MOST_GROWTH {
        rate *= 2.0;
        day = stage.live("the next", rate);
        maximum = maximum.max(day.peak_rate());
    }
    let beyond = stage.live("twice the load of the broken day", rate * 2.0).peak_rate();
    let last_memory = stage.memory();
    let rest = stage.live("the rest", first);
    Grown {
        broken: rate,
        maximum: maximum.max(beyond),
        beyond,
        memory: [first_memory, last_memory, stage.memory()],
        p99: [first_p99, rest.percentile(99)],
        failures: rest.total() - rest.count(|answer| matches!(answer, Answer::Done(_))),
        changes: [stage.changes, stage.events() - stored],
        outage: (streams.len(), outage(&mut devices)),
    }
}

fn is_broken(day: &Day) -> bool {
    let done = day.count(|answer| matches!(answer, Answer::Done(_)));
    let failures = 1.0 - as_f64(done as u64) / as_f64(day.total() as u64);
    failures > MOST_FAILURES || day.percentile(99) > LONGEST
}

/// The seconds until all streams are open again after an outage.
fn outage(devices: &mut Readers) -> f64 {
    devices.order(devices::CLOSE);
    devices.wait();
    let begun = Instant::now();
    devices.order(&format!("{} 0", devices::OPEN));
    devices.wait();
    begun.elapsed().as_secs_f64()
}

fn print_goals(store: &str, grown: &Grown) {
    let rate = rounded(grown.broken);
    print_row(
        &format!(
            "{store}: successes/s at twice the load that breaks a day ({rate} requests/s) ÷ maximum"
        ),
        &format!("{} ÷ {}", rounded(grown.beyond), rounded(grown.maximum)),
        grown.beyond / grown.maximum,
        "",
        Goal::AtLeast(0.8),
    );
    let [before, after] = grown.p99;
    print_row(
        &format!("{store}: 99th percentile of the day after ÷ of the first, with the same load"),
        &format!("{} ÷ {}; {} failures", time(after), time(before), grown.failures),
        after / before,
        "",
        Goal::AtMost(2.0),
    );
    let [first, last, rest] = grown.memory.map(|bytes| as_f64(bytes) / 1e6);
    print_report(
        &format!(
            "{store}: anonymous memory after the first day, after the largest load, and a day later"
        ),
        "`RssAnon` of all servers",
        &format!("{} MB, {} MB, {} MB", rounded(first), rounded(last), rounded(rest)),
    );
    let [acknowledged, stored] = grown.changes;
    assert!(stored >= acknowledged, "{acknowledged} changes were acknowledged, {stored} stored");
    print_report(
        &format!("{store}: events that were stored beyond the acknowledged changes"),
        &format!("{stored} stored, {acknowledged} acknowledged"),
        &(stored - acknowledged).to_string(),
    );
    let (streams, seconds) = grown.outage;
    print_report(
        &format!("{store}: after an outage, until {streams} event streams are open again"),
        "all reconnect together",
        &time(seconds),
    );
}

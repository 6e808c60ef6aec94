//! The cost of an activation.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::oha::{Outcome, Request, load};
use super::processor::processor_time;
use super::support::client::{self, Client};
use super::support::generate::{CHILD, Size, TASK, id};
use super::support::process::Server;
use super::table::{Goal, median, print_row, rounded, time};
use super::{Plan, peers};

const SMALL: u64 = 1_000;
const CONNECTIONS: usize = 64;
/// How many families the connections belong to, each with a session and a process of oha's own.
pub(crate) const FAMILIES: usize = 8;
/// The connections of one family.
pub(crate) const EACH: usize = CONNECTIONS / FAMILIES;

/// The rate and the times of a durable activation, compared with a JSON POST that adds to a number in
/// memory.
pub(crate) fn against_memory(plan: &Plan) {
    let answer = answer_bytes(plan);
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        ours.push(activate(plan, SMALL, FAMILIES, EACH).rate);
        limits.push(limit(plan, answer, "/memory", FAMILIES, EACH).rate);
    }
    print_rates(
        &format!("durable activations/s, {CONNECTIONS} connections ÷ axum, JSON POST in memory"),
        ours,
        limits,
        Goal::AtLeast(0.6),
    );
}

/// Many connections, compared with a JSON POST that shares a sync with those beside it: their rates, and the processor time
/// of their servers, which other programs disturb less.
pub(crate) fn against_group_commit(plan: &Plan) {
    let answer = answer_bytes(plan);
    let [mut ours, mut theirs] = [const { Measured::new() }; 2];
    for _ in 0..plan.rounds {
        let server = Server::goldstar(&fresh(plan, SMALL), &[]).unwrap();
        let activations = requests(server.address, FAMILIES);
        ours.add(&server, &activations, EACH, plan.seconds);
        let server = peers::limits(plan.folder.path(), answer, b"{}");
        theirs.add(&server, &posts("/committed", FAMILIES), EACH, plan.seconds);
    }
    let group = format!("{CONNECTIONS} connections ÷ axum, JSON POST with a group commit");
    print_rates(
        &format!("durable activations/s, {group}"),
        ours.rates,
        theirs.rates,
        Goal::AtLeast(0.9),
    );
    let (ours, theirs) = (median(ours.costs), median(theirs.costs));
    print_row(
        &format!("processor time of the server for an activation, {group}"),
        &format!("{} ÷ {}", time(ours), time(theirs)),
        ours / theirs,
        "",
        Goal::AtMost(1.4),
    );
}

/// The rates of a server with many connections, and its processor time for each response in seconds.
pub(crate) struct Measured {
    pub(crate) rates: Vec<f64>,
    pub(crate) costs: Vec<f64>,
}

impl Measured {
    pub(crate) const fn new() -> Self {
        Self { rates: Vec::new(), costs: Vec::new() }
    }

    /// Adds the figures of one load, with that number of connections for each request.
    pub(crate) fn add(
        &mut self,
        server: &Server,
        requests: &[Request],
        connections: usize,
        seconds: u64,
    ) {
        let process = server.id().to_string();
        let before = processor_time(&process).unwrap();
        let rate = load(server.address, requests, connections, seconds).unwrap().rate;
        let spent = processor_time(&process).unwrap() - before;
        // oha counts what was answered in its time, and what it breaks off is little.
        let responses = rate * Duration::from_secs(seconds).as_secs_f64();
        self.rates.push(rate);
        self.costs.push(spent / responses);
    }
}

/// Compared with the same request to a service on `SQLite`: many connections, and one.
pub(crate) fn against_sqlite(plan: &Plan) {
    for (families, each, goal) in [(FAMILIES, EACH, 3.0), (1, 1, 1.0)] {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            ours.push(activate(plan, SMALL, families, each).rate);
            let server = peers::sqlite(&fresh(plan, SMALL));
            let requests = requests(server.address, families);
            peers.push(load(server.address, &requests, each, plan.seconds).unwrap().rate);
        }
        let connections = families * each;
        print_rates(
            &format!(
                "durable activations/s at {SMALL} events, connections: {connections} ÷ axum + SQLite"
            ),
            ours,
            peers,
            Goal::AtLeast(goal),
        );
    }
}

/// One connection, compared with a JSON POST that is synced.
pub(crate) fn against_one_sync(plan: &Plan) {
    let answer = answer_bytes(plan);
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        ours.push(activate(plan, SMALL, 1, 1).rate);
        limits.push(limit(plan, answer, "/committed", 1, 1).rate);
    }
    print_rates(
        "durable activations/s, one connection ÷ axum, JSON POST with one `fdatasync`",
        ours,
        limits,
        Goal::AtLeast(0.95),
    );
}

/// Many connections, compared with a Flask + TinyDB service, at two sizes of the tracking table.
pub(crate) fn against_flask(plan: &Plan) {
    for (events, goal) in [(SMALL, 450.0), (10 * SMALL, 2_500.0)] {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            ours.push(activate(plan, events, FAMILIES, EACH).rate);
            peers.push(activate_by_flask(plan, events).rate);
        }
        print_rates(
            &format!(
                "durable activations/s at {events} events, {CONNECTIONS} connections ÷ Flask + \
                 TinyDB"
            ),
            ours,
            peers,
            Goal::AtLeast(goal),
        );
    }
}

/// One connection, on a small and on a large tracking table.
pub(crate) fn growth(plan: &Plan) {
    let small = plan.fresh("small", families(SMALL, 100));
    let servers = [small.as_path(), plan.large()].map(|it| Server::goldstar(it, &[]).unwrap());
    let requests = servers.each_ref().map(|server| requests(server.address, 1));
    let mut outcomes = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for (which, server) in servers.iter().enumerate() {
            outcomes[which].push(load(server.address, &requests[which], 1, plan.seconds).unwrap());
        }
    }
    for (name, which, goal) in [
        ("median", (|outcome: &Outcome| outcome.median) as fn(&Outcome) -> f64, 1.1),
        ("99th percentile", |outcome| outcome.p99, 1.5),
    ] {
        let [small, large] =
            outcomes.each_ref().map(|outcomes| median(outcomes.iter().map(which).collect()));
        print_row(
            &format!("{name} of an activation at {} events ÷ at {SMALL}", plan.large),
            &format!("{} ÷ {}", time(large), time(small)),
            large / small,
            "",
            Goal::AtMost(goal),
        );
    }
}

/// A directory in which each family has one child.
pub(crate) fn families(events: u64, users: u64) -> Size {
    Size { users, children: users, events, departing: false }
}

/// A new directory for the next candidate.
fn fresh(plan: &Plan, events: u64) -> PathBuf {
    plan.fresh("activation", families(events, CONNECTIONS as u64))
}

fn activate(plan: &Plan, events: u64, families: usize, connections: usize) -> Outcome {
    let server = Server::goldstar(&fresh(plan, events), &[]).unwrap();
    let requests = requests(server.address, families);
    load(server.address, &requests, connections, plan.seconds).unwrap()
}

fn activate_by_flask(plan: &Plan, events: u64) -> Outcome {
    let server = peers::flask(&fresh(plan, events));
    let requests = requests(server.address, FAMILIES);
    // It is so slow that a shorter time would count too few requests.
    load(server.address, &requests, EACH, plan.seconds * 3).unwrap()
}

fn limit(plan: &Plan, answer: usize, path: &str, families: usize, connections: usize) -> Outcome {
    let server = peers::limits(plan.folder.path(), answer, b"{}");
    load(server.address, &posts(path, families), connections, plan.seconds).unwrap()
}

/// A POST of each of the first families to a server of limits.
fn posts(path: &str, families: usize) -> Vec<Request> {
    let post = |n| Request {
        method: "POST",
        path: path.to_owned(),
        token: None,
        body: Some(format!(r#"{{"child_id":"{}","task_id":"{}"}}"#, id(CHILD, n), id(TASK, n))),
    };
    (0..).take(families).map(post).collect()
}

/// An activation in each of the first families, by its own session.
pub(crate) fn requests(address: SocketAddr, families: usize) -> Vec<Request> {
    let mut client = Client::connect(address).unwrap();
    (0..)
        .take(families)
        .map(|n| Request {
            method: "POST",
            path: client::activation(n, n),
            token: Some(client.log_in(n).unwrap()),
            body: None,
        })
        .collect()
}

/// The length of an activation's response.
fn answer_bytes(plan: &Plan) -> usize {
    let server = Server::goldstar(&fresh(plan, SMALL), &[]).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    let request = client::request("POST", &client::activation(0, 0), &token);
    client.succeed(&request).unwrap().len()
}

/// A row of rates, and of their ratio.
pub(crate) fn print_rates(what: &str, ours: Vec<f64>, theirs: Vec<f64>, goal: Goal) {
    let (ours, theirs) = (median(ours), median(theirs));
    let measured = format!("{} ÷ {}", rounded(ours), rounded(theirs));
    print_row(what, &measured, ours / theirs, "", goal);
}

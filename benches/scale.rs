//! What a mutation, a start and an event's memory cost as the history grows.
//!
//! `cargo bench --bench scale` prints a table, `-- start` and the like only a part of it. Only its ratios mean something: both sides of each
//! are measured in one run, in turns, client and server on one machine.
#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use support::client::{Client, activation};
use support::generate::{Size, generate};
use support::server::Server;

const SMALL: u64 = 1_000;
const LARGE: u64 = 1_000_000;
const USERS: u64 = 100;
const CHILDREN_PER_USER: u64 = 10;
const CONNECTIONS: u64 = 64;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let [small, large] = [SMALL, LARGE].map(|events| {
        let path = folder.path().join(events.to_string());
        let size = Size { users: USERS, children_per_user: CHILDREN_PER_USER, events };
        generate(&path.join("data"), size).unwrap();
        path
    });
    let parts: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    println!("| what | measured | goal |");
    println!("| --- | --- | --- |");
    if wants("start") {
        start_time(&large);
    }
    let servers = [&small, &large].map(|path| Server::start(path).unwrap());
    if wants("memory") {
        memory(&servers);
    }
    let tokens = servers.each_ref().map(|server| {
        let mut client = Client::connect(server.address).unwrap();
        (0..CONNECTIONS).map(|user| client.log_in(user).unwrap()).collect::<Vec<_>>()
    });
    if wants("growth") {
        growth(&servers, &tokens);
    }
    if wants("connections") {
        group_commit(&servers[1], &tokens[1]);
    }
}

/// A start on a large directory, against reading and parsing its largest file once.
fn start_time(large: &Path) {
    let (mut starts, mut parses) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        starts.push(Server::start(large).unwrap().start);
        let begun = Instant::now();
        let events = parse(&large.join("data/tracking_events.json"));
        parses.push(begun.elapsed());
        assert_eq!(events.default.len() as u64, LARGE);
    }
    let ratio = ratio(median(&mut starts), median(&mut parses));
    let (start, parse) = (median(&mut starts), median(&mut parses));
    println!(
        "| start at {LARGE} events ÷ read and parse with serde_json | {start:.2?} ÷ {parse:.2?} = \
         {ratio:.2} | ≤ 1 |"
    );
}

/// A row of the file, as a program would have it that knows nothing better.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is parsed for the time that takes")]
struct Event {
    id: String,
    user_id: Option<String>,
    child_id: String,
    entity_type: String,
    entity_id: String,
    action: String,
    points_before: i64,
    points_after: i64,
    delta: i64,
    occurred_at: String,
    created_at: String,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Table {
    #[serde(rename = "_default")]
    default: std::collections::BTreeMap<String, Event>,
}

fn parse(path: &Path) -> Table {
    let bytes = fs::read(path).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The memory of an event: the difference between two servers, by the number of events.
fn memory([small, large]: &[Server; 2]) {
    let [small, large] = [small, large].map(|server| server.anonymous_memory().unwrap());
    let each = (large - small) / (LARGE - SMALL);
    println!(
        "| memory of an event beyond its row on disk | ({large} − {small}) B ÷ {} = {each} B | ≤ 100 B |",
        LARGE - SMALL
    );
}

/// The median of an activation by one connection, on the small and on the large directory in turns.
fn growth(servers: &[Server; 2], tokens: &[Vec<String>; 2]) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..20 {
        for (which, server) in servers.iter().enumerate() {
            let mut client = Client::connect(server.address).unwrap();
            let request = activation(0, CHILDREN_PER_USER, &tokens[which][0]);
            times[which].extend(client.repeat(&request, 100).unwrap());
        }
    }
    let [small, large] = &mut times;
    let (small, large) = (median(small), median(large));
    println!(
        "| median activation at {LARGE} events ÷ at {SMALL} | {large:.0?} ÷ {small:.0?} = {:.2} | \
         ≤ 1.1 |",
        ratio(large, small)
    );
}

/// Activations a second by many connections, against those by one, in turns.
fn group_commit(server: &Server, tokens: &[String]) {
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        one.push(throughput(server, &tokens[..1], 1_000));
        many.push(throughput(server, tokens, 400));
    }
    let (one, many) = (median_of(&mut one), median_of(&mut many));
    println!(
        "| activations/s by {CONNECTIONS} connections ÷ by one | {many:.0} ÷ {one:.0} = {:.1} | ≥ 10 |",
        many / one
    );
}

fn throughput(server: &Server, tokens: &[String], each: usize) -> f64 {
    let begun = Instant::now();
    let clients: Vec<_> = (0..)
        .zip(tokens)
        .map(|(user, token)| {
            let request = activation(user, CHILDREN_PER_USER, token);
            let address = server.address;
            thread::spawn(move || {
                Client::connect(address).unwrap().repeat(&request, each).unwrap();
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let count = (tokens.len() * each) as f64;
    count / begun.elapsed().as_secs_f64()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn median_of(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

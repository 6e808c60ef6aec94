//! The cost of a start, and the memory after it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::Deserialize;

use super::Plan;
use super::support::client::{self, Client};
use super::support::generate::{CHILD, id};
use super::support::process::Server;
use super::table::{Goal, median, print_row, rounded, time};

const MEGABYTE: f64 = 1e6;

/// A start on the large directory, compared with reading and parsing its largest file once.
pub(crate) fn start(plan: &Plan) {
    let file = plan.large().join("data/tracking_events.json");
    let (mut starts, mut parses) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        starts.push(Server::goldstar(plan.large(), &[]).unwrap().start.as_secs_f64());
        let begun = Instant::now();
        let events = parse(&file);
        parses.push(begun.elapsed().as_secs_f64());
        assert!(events.default.len() as u64 >= plan.large);
    }
    let (start, parse) = (median(starts), median(parses));
    let megabytes = as_f64(fs::metadata(&file).unwrap().len()) / MEGABYTE;
    print_row(
        &format!(
            "start at {} events ({megabytes:.0} MB) ÷ reading the file and parsing it once with \
             serde_json",
            plan.large
        ),
        &format!("{} ÷ {}", time(start), time(parse)),
        start / parse,
        "",
        Goal::AtMost(0.5),
    );
}

/// A row of the file, as a simple program would represent it.
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
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is parsed for the time that takes")]
struct Metadata {
    task_name: Option<String>,
    reward_name: Option<String>,
    is_good: Option<bool>,
    cost: Option<i64>,
}

#[derive(Deserialize)]
struct Table {
    #[serde(rename = "_default")]
    default: HashMap<u64, Event>,
}

fn parse(path: &Path) -> Table {
    let bytes = fs::read(path).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The private memory of a server with the large directory after some use.
pub(crate) fn memory(plan: &Plan) {
    print_row(
        &format!("anonymous memory at {} events, everything loaded", plan.large),
        "`RssAnon` after 1,000 queries and activations",
        as_f64(memory_after_use(plan.large(), 1_000)) / MEGABYTE,
        " MB",
        Goal::AtMost(100.0),
    );
}

/// The private memory of a server after 1,000 queries of its children, and as many activations.
pub(crate) fn memory_after_use(folder: &Path, children: u64) -> u64 {
    let server = Server::goldstar(folder, &[]).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    for n in 0..1_000 {
        let path = format!("/admin/tracking?child_id={}", id(CHILD, n % children));
        client.succeed(&client::request("GET", &path, &token)).unwrap();
        client.succeed(&client::request("POST", &client::activation(0, 0), &token)).unwrap();
    }
    server.memory("RssAnon").unwrap()
}

/// The memory of an idle server with the demo's data, and the size of its binary.
pub(crate) fn footprint(plan: &Plan) {
    let folder = plan.folder.path().join("demo");
    let server = Server::goldstar(&folder, &["--demo"]).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    client.succeed(&client::request("GET", "/health", "")).unwrap();
    let whole = as_f64(server.memory("VmRSS").unwrap()) / MEGABYTE;
    let anonymous = as_f64(server.memory("RssAnon").unwrap()) / MEGABYTE;
    print_row(
        "memory when idle, the demo's data",
        &format!("`VmRSS`, of which {} MB are anonymous", rounded(anonymous)),
        whole,
        " MB",
        Goal::AtMost(16.0),
    );
    let binary = fs::metadata(env!("CARGO_BIN_EXE_goldstar")).unwrap().len();
    print_row("release binary", "stripped", as_f64(binary) / MEGABYTE, " MB", Goal::AtMost(12.0));
}

#[expect(clippy::cast_precision_loss, reason = "bytes, far below 2⁵³")]
pub(crate) fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}

//! Many event streams that reconnect at once, and receive what they have missed.

use std::thread;
use std::time::{Duration, Instant};

use super::Plan;
use super::busy::{Percentiles, log_in, under_load};
use super::devices;
use super::start::as_f64;
use super::streams::Readers;
use super::support::client::{self, Client};
use super::support::generate::Size;
use super::support::process::Server;
use super::table::{median, print_report, time};

/// The families that change something meanwhile, with a connection each. They have no streams.
const BUSY: usize = 8;
/// The streams of each of the other families.
const STREAMS: usize = 100;
/// The events that each stream has missed.
const MISSED: usize = 10;

pub(crate) fn storm(plan: &Plan) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let families = (BUSY + plan.readers / STREAMS) as u64;
    let size = Size { users: families, children: families, events: 1_000, departing: false };
    let more = ["--streams-per-session", "1000", "--max-connections", "19000"];
    let server = Server::goldstar(&plan.fresh("storm", size), &more).unwrap();
    let tokens = log_in(server.address, families);
    let mut client = Client::connect(server.address).unwrap();
    let mut devices = Readers::start_devices(server.address, plan.readers, &tokens[BUSY..]);
    devices.wait();
    let (mut took, mut times) = (Vec::new(), Percentiles::new());
    for _ in 0..plan.rounds {
        devices.order(devices::CLOSE);
        devices.wait();
        for (family, token) in (0..).zip(&tokens).skip(BUSY) {
            let activation = client::request("POST", &client::activation(family, family), token);
            (0..MISSED).for_each(|_| drop(client.succeed(&activation).unwrap()));
        }
        let (samples, span) = under_load(server.address, &tokens[..BUSY], |_| {
            thread::sleep(Duration::from_secs(plan.seconds));
            let begun = Instant::now();
            devices.order(&format!("{} {MISSED}", devices::OPEN));
            devices.wait();
            (begun, Instant::now())
        });
        took.push((span.1 - span.0).as_secs_f64());
        times.add(&samples, span);
    }
    let took = median(took);
    let streams = plan.readers;
    print_report(
        &format!(
            "{streams} streams that reconnect at once, until all have the {MISSED} events that they \
             missed"
        ),
        &format!("{} for each stream", time(took / as_f64(streams as u64))),
        &time(took),
    );
    times.print(|name| {
        format!(
            "{name} of an activation, {BUSY} connections, while {streams} streams reconnect ÷ without"
        )
    });
}

//! What badges, a webhook and event streams of a family add to its activations.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::Plan;
use super::activation::{Measured, families, requests};
use super::streams::Readers;
use super::support::client::{self, Client};
use super::support::process::Server;
use super::table::{Goal, median, print_report, print_row, rounded, time};

const CONNECTIONS: usize = 64;
const EVENTS: u64 = 1_000;
const STREAMS: usize = 100;
/// The badges of the family, besides the built-in ones.
const BADGES: usize = 10;

/// What the family uses.
#[derive(Clone, Copy)]
struct Use {
    name: &'static str,
    has_badges: bool,
    has_webhook: bool,
    streams: usize,
}

const PLAIN: Use = Use { name: "nothing", has_badges: false, has_webhook: false, streams: 0 };
const USES: [Use; 6] = [
    PLAIN,
    Use { name: "ten badges", has_badges: true, ..PLAIN },
    Use { name: "a webhook", has_webhook: true, ..PLAIN },
    Use { name: "one event stream", streams: 1, ..PLAIN },
    Use { name: "100 event streams", streams: STREAMS, ..PLAIN },
    Use { name: "all of them", has_badges: true, has_webhook: true, streams: STREAMS },
];

/// The activations of one family by many connections: their rate, and the processor time of the server.
pub(crate) fn features(plan: &Plan) {
    let receiver = receiver();
    let mut figures = [const { Measured::new() }; USES.len()];
    for _ in 0..plan.rounds {
        for (usage, figures) in USES.into_iter().zip(&mut figures) {
            measure(plan, usage, receiver, figures);
        }
    }
    let figures = figures.map(|it| (median(it.rates), median(it.costs)));
    let [(rate, cost), .., all] = figures;
    let of_a_family = format!("{CONNECTIONS} connections of one family");
    print_row(
        &format!(
            "durable activations/s, {of_a_family} with {BADGES} badges, a webhook and {STREAMS} \
             event streams ÷ without"
        ),
        &format!("{} ÷ {}", rounded(all.0), rounded(rate)),
        all.0 / rate,
        "",
        Goal::AtLeast(0.8),
    );
    for (usage, (one_rate, one_cost)) in USES.into_iter().zip(figures).skip(1) {
        print_report(
            &format!(
                "processor time of the server for an activation, {of_a_family} with {} ÷ without",
                usage.name
            ),
            &format!("{} ÷ {}; {} activations/s", time(one_cost), time(cost), rounded(one_rate)),
            &rounded(one_cost / cost),
        );
    }
}

fn measure(plan: &Plan, usage: Use, receiver: SocketAddr, figures: &mut Measured) {
    let folder = plan.fresh("features", families(EVENTS, 1));
    let more = ["--webhook-allow", "127.0.0.1", "--streams-per-session", "1000"];
    let server = Server::goldstar(&folder, &more).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    let mut create = |path: &str, body: &str| {
        client.succeed(&client::json_request("POST", path, &token, body)).unwrap();
    };
    for n in 0..if usage.has_badges { BADGES } else { 0 } {
        let body = format!(
            r#"{{"name":"Badge {n}","metric":"tasks_done","thresholds":[{},1000000]}}"#,
            (n + 1) * 10_000
        );
        create("/badges", &body);
    }
    if usage.has_webhook {
        let body = format!(r#"{{"url":"http://{receiver}/","events":["tracking_event.created"]}}"#);
        create("/webhooks", &body);
    }
    // Declared after the server, so that the streams end first.
    let mut devices = Readers::start_devices(server.address, usage.streams, &[token]);
    devices.wait();
    let requests = requests(server.address, 1);
    figures.add(&server, &requests, CONNECTIONS, plan.seconds);
}

/// A receiver of webhooks that answers 200 at once.
fn receiver() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            // The end of a connection is no failure.
            thread::spawn(move || drop(answer(stream)));
        }
    });
    address
}

/// Answers requests until the connection ends.
fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.split_once(':');
            if let Some((_, value)) =
                header.filter(|it| it.0.eq_ignore_ascii_case("content-length"))
            {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
        }
        stream.read_exact(&mut vec![0; length])?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}

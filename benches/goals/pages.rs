//! The cost of the web pages: the server's time, the bytes that a browser loads, and many open pages.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::Plan;
use super::start::as_f64;
use super::streams::Readers;
use super::support::client::{self, Client};
use super::support::generate::{CHILD, Size, id};
use super::support::process::Server;
use super::table::{Goal, median, print_row, time};

/// The children of the family. Its home page shows the progress of each.
const CHILDREN: u64 = 4;
/// How often a page or its JSON is fetched in a round.
const FETCHES: usize = 100;
/// How many pages of a family are open at once.
const OPEN: usize = 1_000;

pub(crate) fn pages(plan: &Plan) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let events = plan.large / 10;
    let size = Size { users: 1, children: CHILDREN, events, departing: false };
    let more = ["--streams-per-session", "1000", "--max-connections", "19000"];
    let server = Server::goldstar(&plan.fresh("pages", size), &more).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    let child = format!("/app/children/{}", id(CHILD, 0));
    times(plan, &mut client, &token, &child);
    for (name, page) in [("family", "/app"), ("child's", &child)] {
        let bytes = weight(server.address, &token, page).unwrap();
        print_row(
            &format!("bytes of the {name} page with its files, compressed"),
            "headers and bodies of all responses to a browser that has none of them",
            as_f64(bytes) / 1e3,
            " kB",
            Goal::AtMost(60.0),
        );
    }
    many(plan, &server, &mut client, &token);
}

/// The pages beside the JSON that they show, by one connection.
fn times(plan: &Plan, client: &mut Client, token: &str, child: &str) {
    let get = |path: &str| vec![client::request("GET", path, token)];
    let mut shown: Vec<String> = ["/children", "/tasks", "/rewards"].map(ToOwned::to_owned).into();
    shown.extend(["/tasks/pending", "/rewards/pending"].map(ToOwned::to_owned));
    shown.extend((0..CHILDREN).map(|n| format!("/children/{}/progress", id(CHILD, n))));
    let json = shown.iter().map(|path| client::request("GET", path, token)).collect();
    let history = get(&format!("{child}/history"));
    let loads = [get("/app"), get(child), history, json];
    let mut measured = [const { Vec::new() }; 4];
    for _ in 0..plan.rounds * FETCHES {
        for (measured, requests) in measured.iter_mut().zip(&loads) {
            let begun = Instant::now();
            for request in requests {
                client.succeed(request).unwrap();
            }
            measured.push(begun.elapsed().as_secs_f64());
        }
    }
    let [family, of_child, history, json] = measured.map(median);
    let events = plan.large / 10;
    for (name, value) in [("family", family), ("child's", of_child), ("history", history)] {
        print_row(
            &format!("median time of the {name} page of {CHILDREN} children with {events} events"),
            "one connection",
            value * 1e3,
            " ms",
            Goal::AtMost(5.0),
        );
    }
    print_row(
        "median time of the family page ÷ of the JSON that it shows",
        &format!("{} ÷ {} for {} responses", time(family), time(json), shown.len()),
        family / json,
        "",
        Goal::AtMost(3.0),
    );
}

/// The bytes of a page and of the files that it names, as a browser without a cache loads them.
fn weight(address: SocketAddr, token: &str, page: &str) -> io::Result<u64> {
    let request = client::request("GET", page, token);
    let html = String::from_utf8_lossy(&Client::connect(address)?.succeed(&request)?).into_owned();
    let files: BTreeSet<&str> = html
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .map(|text| text.split('#').next().unwrap_or(text))
        .collect();
    std::iter::once(page).chain(files).map(|path| transferred(address, token, path)).sum()
}

/// The bytes of a response with its headers.
fn transferred(address: SocketAddr, token: &str, path: &str) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: session={token}\r\n\
         Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    if response.starts_with(b"HTTP/1.1 200") {
        Ok(response.len() as u64)
    } else {
        Err(io::Error::other(format!("{path} was refused")))
    }
}

/// Many open pages: each has a stream, and fetches itself again when an event arrives.
fn many(plan: &Plan, server: &Server, client: &mut Client, token: &str) {
    let before = server.memory("RssAnon").unwrap();
    let mut pages = Readers::start_pages(server.address, OPEN, &[token.to_owned()]);
    pages.wait();
    let after = server.memory("RssAnon").unwrap();
    print_row(
        &format!("memory of each of {OPEN} open pages of a family"),
        "growth of the server's `RssAnon`, two connections each",
        as_f64(after.saturating_sub(before)) / as_f64(OPEN as u64) / 1024.0,
        " KiB",
        Goal::AtMost(64.0),
    );
    let activation = client::request("POST", &client::activation(0, 0), token);
    let shown = (0..plan.rounds * 2).map(|_| {
        let begun = Instant::now();
        client.succeed(&activation).unwrap();
        pages.wait();
        begun.elapsed().as_secs_f64()
    });
    let shown = median(shown.collect());
    print_row(
        &format!("an activation, until the last of {OPEN} open pages has the new version"),
        &format!("{} for each page", time(shown / as_f64(OPEN as u64))),
        shown,
        " s",
        Goal::AtMost(1.0),
    );
}

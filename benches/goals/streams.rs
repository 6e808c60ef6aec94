//! The cost of event streams: their memory when idle, and the time of an event for all of them.
//!
//! The readers are a process of their own, this same program: a process may have 20,000 open files, and
//! the server needs one per stream itself.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use super::Plan;
use super::devices;
use super::start::as_f64;
use super::support::client::{self, Client};
use super::support::generate::Size;
use super::support::process::Server;
use super::table::{Goal, median, print_row, time};

/// The command that turns this program into the readers, followed by the address and the number.
pub(crate) const READERS: &str = "--readers";
/// The same, for readers that also fetch a page after each event.
pub(crate) const PAGES: &str = "--pages";

/// The most streams that a session may be allowed.
const PER_SESSION: usize = 1_000;

pub(crate) fn streams(plan: &Plan) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let size = Size { users: 1, children: 1, events: 1_000, departing: false };
    let more = ["--streams-per-session", "1000", "--max-connections", "19000"];
    let server = Server::goldstar(&plan.fresh("streams", size), &more).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let sessions = plan.readers.div_ceil(PER_SESSION);
    let tokens: Vec<String> = (0..sessions).map(|_| client.log_in(0).unwrap()).collect();
    let activation = client::request("POST", &client::activation(0, 0), &tokens[0]);
    let last = client.log_in(0).unwrap();
    let frame = one_frame(server.address, &last, &mut client, &activation);
    let before = server.memory("RssAnon").unwrap();
    let mut readers = Readers::start(server.address, plan.readers, &tokens);
    readers.wait();
    let after = server.memory("RssAnon").unwrap();
    print_row(
        &format!("memory of each of {} idle event streams", plan.readers),
        "growth of the server's `RssAnon`",
        as_f64(after.saturating_sub(before)) / as_f64(plan.readers as u64) / 1024.0,
        " KiB",
        Goal::AtMost(14.0),
    );
    let mut loop_of_writes = LoopOfWrites::start(plan.readers);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds * 2 {
        let begun = Instant::now();
        client.succeed(&activation).unwrap();
        readers.wait();
        ours.push(begun.elapsed().as_secs_f64());
        theirs.push(loop_of_writes.tell(&frame));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    print_row(
        &format!(
            "an activation's event to {} streams, until the last has it ÷ writing the same bytes \
             to as many sockets in a loop",
            plan.readers
        ),
        &format!("{} ÷ {}", time(ours), time(theirs)),
        ours / theirs,
        "",
        Goal::AtMost(1.1),
    );
}

/// The bytes that a stream receives for one event.
fn one_frame(address: SocketAddr, token: &str, client: &mut Client, activation: &[u8]) -> Vec<u8> {
    let mut stream = open_stream(address, token).unwrap();
    client.succeed(activation).unwrap();
    let mut seen = Vec::new();
    read_event(&mut stream, &mut seen).unwrap();
    let begin = find(&seen, b"event: ").unwrap();
    seen.split_off(begin)
}

/// The process of the readers; it ends when this is dropped.
pub(crate) struct Readers {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Readers {
    /// Starts it. It opens that number of streams, distributed evenly among the sessions.
    fn start(address: SocketAddr, count: usize, tokens: &[String]) -> Self {
        Self::run(READERS, address, count, tokens)
    }

    /// The same, for streams that belong to open pages.
    pub(crate) fn start_pages(address: SocketAddr, count: usize, tokens: &[String]) -> Self {
        Self::run(PAGES, address, count, tokens)
    }

    /// The same, for streams that follow everything and [reconnect](devices::follow).
    pub(crate) fn start_devices(address: SocketAddr, count: usize, tokens: &[String]) -> Self {
        Self::run(devices::DEVICES, address, count, tokens)
    }

    fn run(command: &str, address: SocketAddr, count: usize, tokens: &[String]) -> Self {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args([command, &address.to_string(), &count.to_string()]);
        process.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = process.spawn().unwrap();
        let tokens = tokens.join(" ");
        writeln!(process.stdin.as_mut().unwrap(), "{tokens}").unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    /// Gives an order to the devices.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{order}").unwrap();
    }

    /// Waits until every stream is open, and in later calls until each has received one more event, and its page
    /// if it has one.
    pub(crate) fn wait(&mut self) {
        let mut line = String::new();
        assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "the readers have failed");
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("the readers could not be stopped: {error}");
        }
    }
}

/// The best possible server: blocking writes to one socket after the other.
struct LoopOfWrites {
    /// Declared before the sockets and so dropped before them: readers fail if a stream ends.
    readers: Readers,
    sockets: Vec<TcpStream>,
}

impl LoopOfWrites {
    fn start(count: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut readers = Readers::start(listener.local_addr().unwrap(), count, &[String::new()]);
        let accept = |_| {
            let (mut socket, _) = listener.accept().unwrap();
            socket.set_nodelay(true).unwrap();
            let mut request = [0; 1024];
            assert_ne!(socket.read(&mut request).unwrap(), 0);
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\nretry: 2000\n\n").unwrap();
            socket
        };
        let sockets = (0..count).map(accept).collect();
        readers.wait();
        Self { readers, sockets }
    }

    /// Sends a frame to all sockets. Returns the seconds until the last reader has received it.
    fn tell(&mut self, frame: &[u8]) -> f64 {
        let begun = Instant::now();
        for socket in &mut self.sockets {
            socket.write_all(frame).unwrap();
        }
        self.readers.wait();
        begun.elapsed().as_secs_f64()
    }
}

/// The readers' process: opens the streams and prints a line, and another line each time that every
/// stream has received one more event. With pages, each stream has a second connection, on which it then fetches
/// the family's page.
pub(crate) fn read(address: SocketAddr, count: usize, with_pages: bool) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
    let tokens: Vec<&str> = line.trim_end().split(' ').collect();
    let token = |n: usize| tokens[n / PER_SESSION % tokens.len()];
    let mut streams: Vec<TcpStream> =
        (0..count).map(|n| open_stream(address, token(n)).unwrap()).collect();
    let pages = if with_pages { count } else { 0 };
    let mut pages: Vec<_> = (0..pages)
        .map(|n| (Client::connect(address).unwrap(), client::request("GET", "/app", token(n))))
        .collect();
    let mut seen = Vec::new();
    loop {
        println!("all");
        for stream in &mut streams {
            read_event(stream, &mut seen).unwrap();
        }
        for (client, request) in &mut pages {
            client.begin(request).unwrap();
        }
        for (client, _) in &mut pages {
            assert_eq!(client.receive().unwrap().0, 200);
        }
    }
}

/// Opens an event stream, and reads its beginning.
fn open_stream(address: SocketAddr, token: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&client::request("GET", "/events", token))?;
    let mut seen = Vec::new();
    read_until(&mut stream, &mut seen, |seen| {
        find(seen, b"retry: ").is_some_and(|at| find(&seen[at..], b"\n\n").is_some())
    })?;
    Ok(stream)
}

/// Reads up to the end of an event into `seen`, with anything before it, such as a heartbeat.
fn read_event(stream: &mut TcpStream, seen: &mut Vec<u8>) -> io::Result<()> {
    read_until(stream, seen, |seen| {
        find(seen, b"data: ").is_some_and(|at| find(&seen[at..], b"\n\n").is_some())
    })
}

fn read_until(
    stream: &mut TcpStream,
    seen: &mut Vec<u8>,
    is_enough: impl Fn(&[u8]) -> bool,
) -> io::Result<()> {
    seen.clear();
    let mut bytes = [0; 4096];
    while !is_enough(seen) {
        match stream.read(&mut bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => seen.extend_from_slice(&bytes[..length]),
        }
    }
    Ok(())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

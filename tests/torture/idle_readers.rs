//! Thousands of clients of the event stream without events: the memory for each, and the time until
//! an event reaches all of them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use goldstar::clock::Clock;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::budget::{Rounds, Run};
use crate::harness::person::head;
use crate::harness::{Admin, Family, Folders, Scrape, Settings, TestServer, eventually, within};
use crate::measures::{anonymous_memory, millis};

const ROUNDS: Rounds = Rounds { short: 1, long: 1 };
/// The number of clients in the two forms, if the system allows a process that many files.
const SHORT: usize = 300;
const LONG: usize = 10_000;
/// Other open files of the test and the server.
const OTHERS: usize = 500;
/// The number of concurrent connection attempts.
const AT_ONCE: usize = 100;
/// The memory that one client may take, in KiB.
const ROOM: u64 = 32;

/// A client of the stream.
struct Reader {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Reader {
    async fn open(server: &TestServer, number: usize) -> Self {
        let mut stream = TcpStream::connect(server.socket_address()).await.unwrap();
        let cookie = format!("Cookie: session={}", token(number));
        stream.write_all(head("GET", "/events", &[&cookie]).as_bytes()).await.unwrap();
        let mut reader = Self { stream, received: Vec::new() };
        // The first frame of every stream.
        reader.read_to("retry: ").await;
        assert!(reader.received.starts_with(b"HTTP/1.1 200 "));
        reader
    }

    /// Reads until this text has come.
    async fn read_to(&mut self, text: &str) {
        let has_come = |bytes: &[u8]| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        while !has_come(&self.received) {
            let read = self.stream.read_buf(&mut self.received);
            let count = within("more of the stream", read).await.unwrap();
            assert!(count > 0, "it ended: {}", self.received.escape_ascii());
        }
    }
}

fn token(number: usize) -> String {
    format!("reader-{number}")
}

/// Writes a session of the administrator for each client, as a login would.
fn put_sessions(folders: &Folders, count: usize) {
    let now = Duration::from_micros(Clock::system().now().as_micros().unsigned_abs());
    let ends = now + Duration::from_hours(24);
    let sessions = (1..=count).map(|number| {
        let hash = Sha256::digest(token(number).as_bytes());
        let digits: Vec<String> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let session = json!({
            "token_sha256": digits.concat(), "user_id": "admin-1", "child_id": null,
            "created_at": now.as_secs_f64(), "last_used_at": now.as_secs_f64(),
            "expires_at": ends.as_secs_f64(),
        });
        (number.to_string(), session)
    });
    let sessions: Map<String, Value> = sessions.collect();
    folders.put("sessions.json", &json!({"_default": sessions}).to_string());
}

/// The wanted number, or fewer if the system allows a process fewer connections.
fn fitting(wanted: usize) -> usize {
    let limit = rlimit::increase_nofile_limit((wanted + OTHERS) as u64).unwrap();
    wanted.min(usize::try_from(limit).unwrap() - OTHERS)
}

/// The results of the run.
struct Figures {
    /// The server's memory without clients, with them, and after an event for all, in KiB.
    memory: [u64; 3],
    /// From the request for that event until the last client has received it.
    last: Duration,
}

async fn measure(count: usize) -> Figures {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    put_sessions(&folders, count);
    // All these sessions belong to one account, and a login of the test must not end them.
    let unlimited = "--sessions-per-family=0".to_owned();
    let flags = vec![format!("--max-connections={}", count + OTHERS), unlimited];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let Admin(parent) = server.admin().await;
    let family = Family::of(parent).await;
    family.event().await;
    let before = anonymous_memory(server.pid());
    let opening = stream::iter(1..=count).map(|number| Reader::open(&server, number));
    let mut readers: Vec<Reader> = opening.buffer_unordered(AT_ONCE).collect().await;
    let open = Scrape::of(&server).await.get("sse_readers");
    assert_eq!(open, i64::try_from(count).unwrap());
    let with = anonymous_memory(server.pid());
    let started = Instant::now();
    let event = family.event().await;
    let id = event["id"].as_str().unwrap();
    join_all(readers.iter_mut().map(|reader| reader.read_to(id))).await;
    let last = started.elapsed();
    let after = anonymous_memory(server.pid());
    drop(readers);
    eventually("the ends of all streams", async || {
        (Scrape::of(&server).await.get("sse_readers") == 0).then_some(())
    })
    .await;
    Figures { memory: [before, with, after], last }
}

#[tokio::test]
async fn an_idle_stream_takes_little_memory() {
    let mut run = Run::of("idle_readers", &ROUNDS);
    let mut report = String::new();
    while run.next().is_some() {
        let count = fitting(if run.is_short { SHORT } else { LONG });
        let Figures { memory: [before, with, after], last } = measure(count).await;
        let cost = |memory: u64| memory.saturating_sub(before) * 10 / count as u64;
        let (idle, used) = (cost(with), cost(after));
        assert!(idle.max(used) <= ROOM * 10, "{before}, {with} and {after} KiB");
        let tenths = |cost| format!("{}.{} KiB", cost / 10, cost % 10);
        report = format!(
            "{count} readers: {} of memory each, {} once they have heard of an event, the last of \
             them after {}",
            tenths(idle),
            tenths(used),
            millis(last)
        );
    }
    run.report(&report);
}

//! Requests that arrive at given times, whether earlier ones are answered or not, as from many devices.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::support::client;
use crate::support::generate::{CHILD, id};
use crate::table::percentile;

/// How long a device waits for a response.
const PATIENCE: Duration = Duration::from_secs(10);
/// The parts of a day: how long it lasts, and the share of the peak's rate. A day has a morning and an evening peak.
const PARTS: [(Duration, f64); 5] = [
    (Duration::from_secs(1), 0.1),
    (Duration::from_secs(3), PEAK),
    (Duration::from_secs(2), 0.4),
    (Duration::from_secs(3), PEAK),
    (Duration::from_secs(1), 0.1),
];
const PEAK: f64 = 1.0;

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// 200; of a change, if `true`.
    Done(bool),
    /// 503 with `Retry-After`.
    Later,
    /// Anything else, or no response in time.
    Failed,
}

/// The requests of a day.
pub(super) struct Day {
    /// The seconds of the peaks.
    peak_seconds: f64,
    answers: Vec<Measured>,
}

struct Measured {
    answer: Answer,
    took: Duration,
    /// Whether the response came during a peak.
    is_peak: bool,
}

impl Day {
    pub(super) fn count(&self, is_chosen: impl Fn(Answer) -> bool) -> usize {
        self.answers.iter().filter(|it| is_chosen(it.answer)).count()
    }

    pub(super) fn total(&self) -> usize {
        self.answers.len()
    }

    /// The successes during the peaks, per second.
    pub(super) fn peak_rate(&self) -> f64 {
        let done = |it: &&Measured| it.is_peak && matches!(it.answer, Answer::Done(_));
        #[expect(clippy::cast_precision_loss, reason = "a day has far fewer requests than 2⁵³")]
        let count = self.answers.iter().filter(done).count() as f64;
        count / self.peak_seconds
    }

    /// In seconds, of the successes.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let done = self.answers.iter().filter(|it| matches!(it.answer, Answer::Done(_)));
        let times: Vec<Duration> = done.map(|it| it.took).collect();
        if times.is_empty() { f64::NAN } else { percentile(times, percent).as_secs_f64() }
    }
}

/// The devices, and their connections that wait for the next request.
pub(super) struct Crowd {
    servers: Vec<(SocketAddr, Mutex<Vec<TcpStream>>)>,
    /// The token of each family.
    tokens: Arc<[String]>,
}

impl Crowd {
    pub(super) fn new(servers: &[SocketAddr], tokens: Arc<[String]>) -> Arc<Self> {
        let servers = servers.iter().map(|it| (*it, Mutex::default())).collect();
        Arc::new(Self { servers, tokens })
    }

    /// Sends the requests of a day with that rate in its peaks. Returns when all are answered or have failed.
    pub(super) async fn live_through(self: &Arc<Self>, rate: f64, seed: u64) -> Day {
        let (sender, mut answers) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut from = begun;
        for (length, share) in PARTS {
            let mut at = from;
            while at < from + length {
                sleep_until(at).await;
                let (crowd, sender, draw) = (Arc::clone(self), sender.clone(), random.next());
                tokio::spawn(async move {
                    let answer = timeout(PATIENCE, crowd.request(draw)).await;
                    let answer = answer.map_or(Answer::Failed, |it| it.unwrap_or(Answer::Failed));
                    let is_peak = share_at(begun.elapsed()) >= PEAK;
                    // The day waits for all answers.
                    drop(sender.send(Measured { answer, took: at.elapsed(), is_peak }));
                });
                at += Duration::from_secs_f64(1.0 / (rate * share));
            }
            from += length;
        }
        drop(sender);
        let mut all = Vec::new();
        while let Some(answer) = answers.recv().await {
            all.push(answer);
        }
        // In the night, most devices disconnect.
        self.servers.iter().for_each(|(_, idle)| idle.lock().unwrap().clear());
        let peaks = PARTS.iter().filter(|(_, share)| *share >= PEAK);
        let peak_seconds = peaks.map(|(length, _)| length.as_secs_f64()).sum();
        Day { peak_seconds, answers: all }
    }

    async fn request(&self, draw: u64) -> io::Result<Answer> {
        let (address, idle) = &self.servers[index(draw, self.servers.len())];
        let family = index(draw >> 8, self.tokens.len());
        let (is_change, request) = request(draw >> 40, family as u64, &self.tokens[family]);
        let waiting = idle.lock().unwrap().pop();
        let mut stream = match waiting {
            Some(stream) => stream,
            None => connect(*address, family).await?,
        };
        stream.write_all(&request).await?;
        let (head, stays_open) = receive(&mut stream).await?;
        if stays_open {
            idle.lock().unwrap().push(stream);
        }
        Ok(if head.starts_with("HTTP/1.1 200") {
            Answer::Done(is_change)
        } else if head.starts_with("HTTP/1.1 503") && head.contains("\r\nretry-after:") {
            Answer::Later
        } else {
            Answer::Failed
        })
    }
}

/// Connects from an address of this family: a server limits the connections of one address.
async fn connect(address: SocketAddr, family: usize) -> io::Result<TcpStream> {
    let [.., high, middle, low] = family.to_be_bytes();
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 1 + high, middle, low), 0).into())?;
    socket.connect(address).await
}

/// A random index.
fn index(draw: u64, count: usize) -> usize {
    usize::try_from(draw % count as u64).unwrap_or_default()
}

fn share_at(elapsed: Duration) -> f64 {
    let mut end = Duration::ZERO;
    let part = PARTS.iter().find(|(length, _)| {
        end += *length;
        elapsed < end
    });
    part.map_or(0.0, |part| part.1)
}

/// Of 100 requests, 5 are changes, 35 the family's page, 30 what a child is to do today, 30 its history.
fn request(draw: u64, family: u64, token: &str) -> (bool, Vec<u8>) {
    let child = id(CHILD, family);
    let (method, path) = match draw % 100 {
        0..5 => ("POST", client::activation(family, family)),
        5..40 => ("GET", "/app".to_owned()),
        40..70 => ("GET", format!("/children/{child}/today")),
        _ => ("GET", format!("/children/{child}/tracking?limit=20")),
    };
    (method == "POST", client::request(method, &path, token))
}

/// The headers of a response, and whether its connection stays open.
async fn receive(stream: &mut TcpStream) -> io::Result<(String, bool)> {
    let (mut bytes, mut kept) = ([0; 4096], Vec::new());
    let mut wanted = usize::MAX;
    let mut head = String::new();
    while kept.len() < wanted {
        let length = stream.read(&mut bytes).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        kept.extend_from_slice(&bytes[..length]);
        if head.is_empty()
            && let Some(end) = memchr::memmem::find(&kept, b"\r\n\r\n")
        {
            head = String::from_utf8_lossy(&kept[..end + 2]).to_ascii_lowercase();
            let body = head.split_once("content-length:").and_then(|(_, rest)| rest.lines().next());
            wanted = end + 4 + body.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
            head.replace_range(..4, "HTTP");
        }
    }
    let stays_open = !head.contains("connection: close");
    Ok((head, stays_open))
}

/// Xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

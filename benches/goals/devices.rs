//! Event streams that follow everything and reconnect, in a process of their own: this same program.

use std::io::{self, BufRead as _};
use std::net::SocketAddr;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

/// The command that turns this program into the devices, followed by the address and the number.
pub(crate) const DEVICES: &str = "--devices";
/// The order to close all streams.
pub(crate) const CLOSE: &str = "close";
/// The order to open all streams at once. A number of events follows: a stream is live when it has received as many that
/// were stored while it was closed.
pub(crate) const OPEN: &str = "open";

/// How long a device waits after a stream that was refused, or has ended by itself.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Clone, Copy)]
struct Order {
    is_open: bool,
    missed: usize,
}

/// The process: opens the streams, distributed evenly among the sessions, and prints a line when all are live. After that it
/// carries out the orders on the standard input, and prints a line when all streams have done so.
pub(crate) fn follow(address: SocketAddr, count: usize) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let mut tokens = String::new();
    io::stdin().read_line(&mut tokens).unwrap();
    let tokens: Vec<String> = tokens.split_whitespace().map(ToOwned::to_owned).collect();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let (orders, received) = watch::channel(Order { is_open: true, missed: 0 });
    let (done, mut all) = mpsc::unbounded_channel();
    for n in 0..count {
        let device = Device {
            address,
            token: tokens[n * tokens.len() / count].clone(),
            orders: received.clone(),
            done: done.clone(),
            last: String::new(),
            seen: 0,
            is_live: false,
        };
        runtime.spawn(device.run());
    }
    let mut wait = || {
        (0..count).for_each(|_| all.blocking_recv().unwrap());
        println!("all");
    };
    wait();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let missed = line.strip_prefix(OPEN).map(|missed| missed.trim().parse().unwrap());
        orders.send(Order { is_open: missed.is_some(), missed: missed.unwrap_or(0) }).unwrap();
        wait();
    }
}

struct Device {
    address: SocketAddr,
    token: String,
    orders: watch::Receiver<Order>,
    /// Receives a value when an order is carried out.
    done: mpsc::UnboundedSender<()>,
    /// The id of the last event.
    last: String,
    /// The events since the last order.
    seen: usize,
    is_live: bool,
}

impl Device {
    async fn run(mut self) {
        let mut orders = self.orders.clone();
        loop {
            let order = *orders.borrow_and_update();
            (self.seen, self.is_live) = (0, false);
            if order.is_open {
                tokio::select! {
                    () = self.stay_open(order.missed) => {}
                    changed = orders.changed() => changed.unwrap(),
                }
            } else {
                self.done.send(()).unwrap();
                orders.changed().await.unwrap();
            }
        }
    }

    /// Opens the stream again whenever it ends.
    async fn stay_open(&mut self, missed: usize) {
        loop {
            // What ends a stream does not matter: a browser opens it again.
            drop(self.stream(missed).await);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads one stream until it ends.
    async fn stream(&mut self, missed: usize) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        let last = &self.last;
        let resume =
            if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
        let request = format!(
            "GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: session={}\r\n",
            self.token
        );
        stream.write_all(format!("{request}{resume}\r\n").as_bytes()).await?;
        let (mut bytes, mut kept) = ([0; 4096], Vec::new());
        let mut has_begun = false;
        loop {
            let length = stream.read(&mut bytes).await?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            kept.extend_from_slice(&bytes[..length]);
            let Some(end) = memmem::rfind(&kept, b"\n\n") else { continue };
            has_begun |= memmem::find(&kept, b"retry: ").is_some();
            self.read(&kept[..end]);
            kept.drain(..end + 2);
            if has_begun && self.seen >= missed && !self.is_live {
                self.is_live = true;
                self.done.send(()).map_err(io::Error::other)?;
            }
        }
    }

    /// Counts the events, and remembers the id of the last.
    fn read(&mut self, text: &[u8]) {
        let prefix = b"\nid: ";
        self.seen += memmem::find_iter(text, prefix).count();
        if let Some(place) = memmem::rfind(text, prefix) {
            let id = &text[place + prefix.len()..];
            let id = &id[..memchr::memchr(b'\n', id).unwrap_or(id.len())];
            String::from_utf8_lossy(id).trim_end().clone_into(&mut self.last);
        }
    }
}

//! A browser behind a proxy: `curl`, which supports TLS and HTTP/2.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use super::proxy::{Proxy, SITE};
use crate::harness::{DEADLINE, Frame, PASSWORD};

/// One browser with its cookies and its own address.
pub(super) struct Browser<'a> {
    proxy: &'a Proxy,
    site: &'static str,
    address: Ipv4Addr,
    cookies: PathBuf,
}

/// The response to a request.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

impl Answer {
    /// The body of a response, which must have this status.
    #[track_caller]
    pub(super) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}{}", self.head, self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The text of a header; empty if it is missing.
    pub(super) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|line| line.0.eq_ignore_ascii_case(name));
        found.next().unwrap_or_default().1
    }
}

impl<'a> Browser<'a> {
    pub(super) fn new(proxy: &'a Proxy, address: Ipv4Addr) -> Self {
        let cookies = proxy.folder().join(format!("cookies of {address}"));
        Self { proxy, site: SITE, address, cookies }
    }

    /// The same browser on another site.
    pub(super) fn on(&self, site: &'static str) -> Self {
        Self { proxy: self.proxy, site, address: self.address, cookies: self.cookies.clone() }
    }

    fn command(&self, path: &str) -> Command {
        let mut command = Command::new("curl");
        let deadline = DEADLINE.as_secs().to_string();
        command.args(["-q", "-sS", "-N", "--noproxy", "*", "--max-time", &deadline]);
        command.args(["--interface", &self.address.to_string(), "--cacert"]);
        command.arg(self.proxy.certificate()).arg("-b").arg(&self.cookies);
        let Self { site, proxy, .. } = self;
        command.args(["--connect-to", &format!("{site}:443:{}", proxy.address)]);
        command.arg(format!("https://{site}{path}"));
        command
    }

    /// Sends a request with further arguments of `curl`.
    pub(super) fn send(&self, path: &str, arguments: &[&str]) -> Answer {
        let mut command = self.command(path);
        command.arg("-i").arg("-c").arg(&self.cookies).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer = String::from_utf8(output.stdout).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), text: text.to_owned() }
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send(path, &[])
    }

    pub(super) fn act(&self, path: &str) -> Answer {
        self.send(path, &["-X", "POST"])
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, &["-H", "Content-Type: application/json", "-d", &body.to_string()])
    }

    pub(super) fn sign_up(&self, email: &str) -> Answer {
        let account = json!({
            "first_name": "Paula", "last_name": "Parent", "email": email, "password": PASSWORD,
        });
        self.post("/api/auth/signup", &account)
    }

    /// Tries to log in, with a forged header about this browser's address.
    pub(super) fn guess_password(&self, forged: Option<&str>) -> Answer {
        let header = format!("X-Forwarded-For: {}", forged.unwrap_or_default());
        let json = "Content-Type: application/json";
        let guess = json!({"email": "paula@example.org", "password": "wrong password"});
        // `curl` omits a header without a value.
        self.send("/api/auth/login", &["-H", &header, "-H", json, "-d", &guess.to_string()])
    }

    /// Opens the event stream after the frame with that id.
    pub(super) fn events(&self, last: Option<&str>) -> Stream {
        self.try_events(last).unwrap()
    }

    /// Opens the event stream at another address than `/api/events`.
    pub(super) fn events_at(&self, path: &str) -> Stream {
        open(self.command(path)).unwrap()
    }

    /// Opens the event stream; the error is the response instead of it.
    pub(super) fn try_events(&self, last: Option<&str>) -> Result<Stream, String> {
        let mut command = self.command("/api/events");
        if let Some(last) = last {
            command.args(["-H", &format!("Last-Event-ID: {last}")]);
        }
        open(command)
    }
}

fn open(mut command: Command) -> Result<Stream, String> {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            // The test may have stopped reading.
            sender.send(line).unwrap_or_default();
        }
    });
    let stream = Stream { child, lines };
    // The server has registered the stream when it sends the reconnect delay.
    let first = stream.line();
    if first.starts_with("retry: ") { Ok(stream) } else { Err(first) }
}

/// An open event stream; it is closed when this is dropped.
pub(super) struct Stream {
    child: Child,
    lines: Receiver<String>,
}

impl Stream {
    fn line(&self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line of the stream")
    }

    /// The next frame with a tracking event. The badges that it earns are skipped.
    pub(super) fn next(&mut self) -> Frame {
        loop {
            let frame = self.next_with_data();
            if !matches!(&*frame.event, "badge_awarded" | "badge_revoked" | "rank_changed") {
                return frame;
            }
        }
    }

    fn next_with_data(&mut self) -> Frame {
        let mut frame = Frame { event: String::new(), id: String::new(), data: Value::Null };
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some(("event", event)) => event.clone_into(&mut frame.event),
                Some(("id", id)) => id.clone_into(&mut frame.id),
                Some(("data", data)) => frame.data = serde_json::from_str(data).unwrap(),
                _ if line.is_empty() && !frame.data.is_null() => return frame,
                // A heartbeat, or the end of a frame without data.
                _ => {}
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

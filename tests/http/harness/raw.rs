//! A connection without an HTTP client, which can send any bytes.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, within};

/// A connection.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    /// Bytes that were received after the last response.
    received: Vec<u8>,
}

impl Raw {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a request without a body, and returns the response.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        self.answer().await
    }

    /// The next response, which must come and must have a length.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answered = self.try_answer().await;
        answered.expect("the connection ended without an answer")
    }

    /// The next response; `None` if the connection ends instead.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        let head = loop {
            let end = self.received.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                break self.received.drain(..end + 4).collect::<Vec<_>>();
            }
            if !self.receive().await {
                assert!(self.received.is_empty(), "{}", self.received.escape_ascii());
                return None;
            }
        };
        let head = String::from_utf8(head).unwrap();
        let (line, fields) = head.split_once("\r\n").unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let headers: HeaderMap = fields.lines().filter_map(field).collect();
        let length = headers["content-length"].to_str().unwrap().parse().unwrap();
        while self.received.len() < length {
            assert!(self.receive().await, "the body is cut short");
        }
        let text = String::from_utf8(self.received.drain(..length).collect()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Some(Answer { status, headers, text, body })
    }

    /// Checks that the connection ends cleanly, without further bytes.
    pub(crate) async fn assert_end(&mut self) {
        let more = self.receive().await;
        assert!(!more && self.received.is_empty(), "{}", self.received.escape_ascii());
    }

    /// Reads more bytes; returns false at the end.
    async fn receive(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.received);
        within("more bytes", read).await.unwrap() > 0
    }
}

fn field(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(": ")?;
    Some((name.parse().unwrap(), value.parse().unwrap()))
}

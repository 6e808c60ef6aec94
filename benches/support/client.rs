//! One keep-alive connection, with only the parts of HTTP that a benchmark needs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::generate::{CHILD, PASSWORD, TASK, email, id};

/// A connection to a server.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// A completed request: its start, and its duration.
pub(crate) type Sample = (Instant, Duration);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request. Returns the status, headers and body of the response.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<(u16, String, Vec<u8>)> {
        self.begin(request)?;
        self.receive()
    }

    /// Sends a request, and does not wait for its response.
    pub(crate) fn begin(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(request)
    }

    /// The status, headers and body of the next response.
    pub(crate) fn receive(&mut self) -> io::Result<(u16, String, Vec<u8>)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok((status, head, body))
    }

    /// Sends a request that must succeed. Returns the body of the response.
    pub(crate) fn succeed(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let (status, head, body) = self.send(request)?;
        if matches!(status, 200 | 201) { Ok(body) } else { Err(io::Error::other(head)) }
    }

    /// Sends a request that must succeed. Returns its start and duration.
    pub(crate) fn sample(&mut self, request: &[u8]) -> io::Result<Sample> {
        let begun = Instant::now();
        self.succeed(request)?;
        Ok((begun, begun.elapsed()))
    }

    /// Logs in the n-th account. Returns the session's token.
    pub(crate) fn log_in(&mut self, user: u64) -> io::Result<String> {
        let body = format!("{{\"email\":\"{}\",\"password\":\"{PASSWORD}\"}}", email(user));
        let (status, head, _) = self.send(&json_request("POST", "/auth/login", "", &body))?;
        let token = head.split_once("session=").and_then(|(_, rest)| rest.split(';').next());
        token
            .filter(|_| status == 200)
            .map(ToOwned::to_owned)
            .ok_or_else(|| io::Error::other(format!("the login was refused: {head}")))
    }
}

/// A request without a body.
pub(crate) fn request(method: &str, path: &str, token: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nCookie: session={token}\r\n\r\n")
        .into_bytes()
}

/// A request with a JSON body.
pub(crate) fn json_request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nCookie: session={token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The path that activates a child's task.
pub(crate) fn activation(user: u64, child: u64) -> String {
    format!("/children/{}/tasks/{}/activate", id(CHILD, child), id(TASK, user))
}

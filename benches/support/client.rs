//! One kept connection, and no more of HTTP than a benchmark needs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::generate::{CHILD, PASSWORD, TASK, email, id};

/// A connection to the server.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request; returns the answer's status, head and body.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<(u16, String, Vec<u8>)> {
        self.stream.get_mut().write_all(request)?;
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

    /// Logs the n-th account in; returns its session's token.
    pub(crate) fn log_in(&mut self, user: u64) -> io::Result<String> {
        let body = format!("{{\"email\":\"{}\",\"password\":\"{PASSWORD}\"}}", email(user));
        let length = body.len();
        let request = format!(
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let (status, head, _) = self.send(request.as_bytes())?;
        let token = head.split_once("session=").and_then(|(_, rest)| rest.split(';').next());
        token
            .filter(|_| status == 200)
            .map(ToOwned::to_owned)
            .ok_or_else(|| io::Error::other(format!("the login was refused: {head}")))
    }

    /// Activates a request `count` times; returns how long each took.
    pub(crate) fn repeat(&mut self, request: &[u8], count: usize) -> io::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let begun = Instant::now();
            let (status, head, _) = self.send(request)?;
            times.push(begun.elapsed());
            if status != 200 {
                return Err(io::Error::other(head));
            }
        }
        Ok(times)
    }
}

/// The request by which a family's first child is given its task.
pub(crate) fn activation(user: u64, children_per_user: u64, token: &str) -> Vec<u8> {
    let (child, task) = (id(CHILD, user * children_per_user), id(TASK, user));
    format!(
        "POST /children/{child}/tasks/{task}/activate HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes()
}

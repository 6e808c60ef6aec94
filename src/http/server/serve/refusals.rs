//! Refuses connections beyond the limits.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::close::{TIMEOUT, close_gracefully, response_bytes};
use crate::http::error::ApiError;

/// How many refused connections may be open at once, in addition to the others: each uses a socket and a
/// task until its client closes it, or for some seconds.
pub const MAX_REFUSALS: usize = 256;
/// The time limit for closing one while more than half of them are open.
const CROWDED_TIMEOUT: Duration = Duration::from_millis(500);
/// The most bytes that are read at once: longer than the head of a request.
const MAX_READ_BYTES: u64 = 64 << 10;

pub(super) struct Refusals {
    response: Vec<u8>,
    open: Arc<Semaphore>,
}

impl Refusals {
    pub(super) async fn new() -> Self {
        // A body in memory can be read, or the tests would fail.
        let response = response_bytes(ApiError::TooManyConnections).await.unwrap_or_default();
        Self { response, open: Arc::new(Semaphore::new(MAX_REFUSALS)) }
    }

    /// Sends the error response. Returns what closes the connection when the client has read it; if too
    /// many connections wait for that, this one is closed at once.
    pub(super) fn refuse(
        &self,
        stream: TcpStream,
        shutdown: CancellationToken,
    ) -> Option<impl Future<Output = ()> + use<>> {
        if let Err(error) = respond(&stream, &self.response) {
            tracing::debug!(%error, "a refused connection failed");
            return None;
        }
        let permit = Arc::clone(&self.open).try_acquire_owned().ok()?;
        let is_crowded = self.open.available_permits() < MAX_REFUSALS / 2;
        let time = if is_crowded { CROWDED_TIMEOUT } else { TIMEOUT };
        Some(async move {
            close_gracefully(stream, None, time, &shutdown).await;
            drop(permit);
        })
    }
}

/// Sends the response, for which a new connection always has room, and reads what has arrived: TCP resets
/// a connection that is closed with unread bytes, and then the client may lose the response. Under load the
/// request has usually arrived by now.
fn respond(stream: &TcpStream, response: &[u8]) -> io::Result<()> {
    let socket = SockRef::from(stream);
    (&*socket).write_all(response)?;
    match io::copy(&mut (&*socket).take(MAX_READ_BYTES), &mut io::sink()) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

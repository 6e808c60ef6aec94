//! The stream of a connection, with two rules that hyper does not have: a client reads its response in
//! time, and every error response has the JSON form.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::write_budget::{CurrentResponse, WriteBudget};
use crate::http::server::headers;

/// hyper's own responses are shorter.
const MAX_OWN_RESPONSE_BYTES: usize = 256;

/// A client's stream, as hyper uses it. A write fails if the client has read nothing for the write
/// timeout, or reads its response too slowly.
pub(super) struct ClientStream {
    stream: TcpStream,
    current: Arc<CurrentResponse>,
    budget: WriteBudget,
    /// Set while the client reads nothing.
    stalled: Option<Stall>,
    /// Whether hyper sent a response of its own, which the client did not get.
    has_suppressed: bool,
    /// Whether the client has closed its side.
    is_ended: bool,
}

/// A period in which the client reads nothing.
struct Stall {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl Stall {
    fn of(longest: Duration) -> Self {
        Self { since: Instant::now(), end: Box::pin(tokio::time::sleep(longest)) }
    }
}

impl ClientStream {
    pub(super) fn new(
        stream: TcpStream,
        budget: WriteBudget,
        current: Arc<CurrentResponse>,
    ) -> Self {
        Self { stream, current, budget, stalled: None, has_suppressed: false, is_ended: false }
    }

    /// Whether hyper sent a response of its own, which the client did not get.
    pub(super) fn has_suppressed(&self) -> bool {
        self.has_suppressed
    }

    /// Whether the client has closed its side.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The underlying stream, which hyper has not closed.
    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }

    fn in_time(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.budget.follow(&self.current, self.stalled.is_some());
        if let Poll::Ready(taken) = written {
            if let Some(stalled) = self.stalled.take() {
                self.budget.spend(stalled.since.elapsed());
            }
            self.budget.earn(*taken.as_ref().unwrap_or(&0));
            return Poll::Ready(taken);
        }
        let longest = self.budget.left();
        let stalled = self.stalled.get_or_insert_with(|| Stall::of(longest));
        ready!(stalled.end.as_mut().poll(context));
        // The kernel discards the unsent bytes together with the connection.
        self.stream.set_zero_linger()?;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Whether these bytes are hyper's own response to a request that it cannot parse: a head without a
/// body, and without a header that every response of the application has. The blank line at the end
/// distinguishes it from a part of a response body, which never has such line ends.
fn is_hypers_own(bytes: &[u8]) -> bool {
    let is_refusal = bytes.starts_with(b"HTTP/1.") && bytes.get(9) == Some(&b'4');
    is_refusal
        && bytes.len() <= MAX_OWN_RESPONSE_BYTES
        && bytes.ends_with(b"\r\n\r\n")
        && memmem::find(bytes, headers::IN_EVERY_RESPONSE.as_str().as_bytes()).is_none()
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.remaining();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.is_ended = before > 0 && buffer.remaining() == before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [bytes] = slices
            && is_hypers_own(bytes)
        {
            self.has_suppressed = true;
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Does nothing: the connection may still send an error, and closes the stream itself.
    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_to_a_client_that_reads_nothing_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let budget = WriteBudget::new(Duration::from_mins(1), 0);
        let mut stream = ClientStream::new(accepted, budget, Arc::default());
        let written = stream.write_all(&vec![0; 64 << 20]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[test]
    fn hypers_own_responses_are_recognized() {
        let own = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert!(is_hypers_own(own));
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 404 Not Found\r\nx-content-type-options: nosniff\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 400 is how a child is called\"}",
            b"",
        ] {
            assert!(!is_hypers_own(other), "{}", other.escape_ascii());
        }
    }
}

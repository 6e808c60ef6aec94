//! A connection's bytes, under two rules that hyper doesn't have: a client takes its answer in time,
//! and no answer is without the contract's form.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::pace::{Pace, Patience};
use crate::http::server::guard;

/// More than hyper's own answers ever have.
const MAX_OWN_ANSWER_BYTES: usize = 256;

/// A client's stream, as hyper uses it. Writing fails where the client has taken nothing for the
/// write time-out, or takes its answer too slowly.
pub(super) struct ClientStream {
    stream: TcpStream,
    pace: Arc<Pace>,
    patience: Patience,
    /// Runs while the client takes nothing.
    stalled: Option<Stall>,
    /// Whether hyper gave an answer of its own, which was kept from the client.
    has_withheld: bool,
    /// Whether the client has closed its side.
    is_ended: bool,
}

/// A time in which the client takes nothing.
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
    /// With that much patience for each answer; `pace` knows when one begins.
    pub(super) fn new(stream: TcpStream, patience: Patience, pace: Arc<Pace>) -> Self {
        Self { stream, pace, patience, stalled: None, has_withheld: false, is_ended: false }
    }

    /// Whether hyper gave an answer of its own, which was kept from the client.
    pub(super) fn has_withheld(&self) -> bool {
        self.has_withheld
    }

    /// Whether the client has closed its side.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The bare stream, which hyper has not closed.
    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }

    fn in_time(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.patience.follow(&self.pace, self.stalled.is_some());
        if let Poll::Ready(taken) = written {
            if let Some(stalled) = self.stalled.take() {
                self.patience.spend(stalled.since.elapsed());
            }
            self.patience.earn(*taken.as_ref().unwrap_or(&0));
            return Poll::Ready(taken);
        }
        let longest = self.patience.left();
        let stalled = self.stalled.get_or_insert_with(|| Stall::of(longest));
        ready!(stalled.end.as_mut().poll(context));
        // What the machine still holds for this client goes with the connection.
        self.stream.set_zero_linger()?;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Whether these bytes are the answer that hyper gives by itself to what it can't parse: a head
/// without a body, and without the header that every answer of the router has. The last line tells
/// it from the rest of a body that was written in parts: no body of ours has such line ends.
fn is_hypers_own(bytes: &[u8]) -> bool {
    let is_refusal = bytes.starts_with(b"HTTP/1.") && bytes.get(9) == Some(&b'4');
    is_refusal
        && bytes.len() <= MAX_OWN_ANSWER_BYTES
        && bytes.ends_with(b"\r\n\r\n")
        && memmem::find(bytes, guard::MARK.as_str().as_bytes()).is_none()
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
            self.has_withheld = true;
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

    /// Nothing: something may still have to be said, and the closing be waited for.
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
    async fn writing_to_a_client_that_reads_nothing_fails_in_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let patience = Patience::new(Duration::from_mins(1), 0);
        let mut stream = ClientStream::new(accepted, patience, Arc::default());
        let written = stream.write_all(&vec![0; 64 << 20]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[test]
    fn hypers_own_answers_are_told_from_the_routers() {
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

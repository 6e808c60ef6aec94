//! A client's stream for a server that may respond before the request.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A stream that delivers nothing until something was written to it. A server at its limit of
/// connections sends its error before it reads a request. hyper would take that for a violation of
/// the protocol; delayed, it is the response to the request.
pub(super) struct AskFirst {
    stream: TcpStream,
    has_written: bool,
}

impl AskFirst {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, has_written: false }
    }
}

impl AsyncRead for AskFirst {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_written {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        } else {
            // The same task writes, and `poll_write` wakes it.
            Poll::Pending
        }
    }
}

impl AsyncWrite for AskFirst {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.has_written = true;
        context.waker().wake_by_ref();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

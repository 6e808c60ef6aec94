//! A client's stream for a server that may answer before it is asked.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A stream that is read from once something was written to it. A server without room for a
/// connection says so unasked, which hyper would take for a breach of the protocol; so it is the
/// answer to the request.
pub(super) struct AskFirst {
    stream: TcpStream,
    is_asked: bool,
}

impl AskFirst {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, is_asked: false }
    }
}

impl AsyncRead for AskFirst {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_asked {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        } else {
            // The task that writes is the same one, and is woken then.
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
        self.is_asked = true;
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

//! One connection, from its first request to its end.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use memchr::memchr;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::pace::{Pace, Patience};
use super::stream::ClientStream;
use super::{Connections, Open, farewell};
use crate::http::error::ApiError;
use crate::http::server::app::Entrance;
use crate::http::server::request_context::Peer;
use crate::http::settings::Limits;
use crate::metrics::HeadRefusal;

/// The longest head that a request may have.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// What a connection buffers of its requests.
const MAX_BUFFER_BYTES: usize = 2 * MAX_HEAD_BYTES;
/// What the machine is asked to hold for a client that doesn't read: left to itself it takes some
/// megabytes, and only then it shows that a stream's reader is stuck.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// How long a request's head may take on a connection that is kept for a health check, at most.
const RESERVED_HEAD_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Connection {
    pub(super) peer: Arc<Peer>,
    pub(super) limits: Limits,
    /// Counts the heads that are not taken.
    pub(super) connections: Arc<Connections>,
    /// Lets the request under way be the last one.
    pub(super) shutdown: CancellationToken,
}

impl Connection {
    /// Answers requests until either side ends the connection, which counts as open until then.
    pub(super) async fn answer(self, stream: TcpStream, entrance: Entrance, open: Open) {
        // Small answers and live frames must not wait for more to send.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        if let Err(error) = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES) {
            tracing::debug!(%error, "a connection keeps the machine's send buffer");
        }
        let peer = Arc::clone(&self.peer);
        let pace = Arc::new(Pace::default());
        let patience = Patience::new(self.limits.write_timeout, self.limits.min_transfer_rate);
        let stream = ClientStream::new(stream, patience, Arc::clone(&pace));
        let service = service_fn(move |request: Request<Incoming>| {
            let (pace, answer) =
                (Arc::clone(&pace), entrance.answer(&peer, request.map(Body::new)));
            // In a box, which is gone once the answer begins: a stream's connection stays small.
            Box::pin(answer.map(move |answer| {
                pace.begin(&answer);
                Ok::<_, Infallible>(answer)
            }))
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(!self.peer.is_reserved)
            .header_read_timeout(self.head_timeout())
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let Some(ended) = self.until_end(&mut connection).await else { return };
        let http1::Parts { io, read_buf, .. } = connection.into_parts();
        self.part(io.into_inner(), ended, &read_buf).await;
        drop(open);
    }

    /// One that is kept for a health check must soon be free for the next.
    fn head_timeout(&self) -> Duration {
        let usual = self.limits.head_timeout;
        if self.peer.is_reserved { usual.min(RESERVED_HEAD_TIMEOUT) } else { usual }
    }

    /// How hyper has ended the connection; none where it is to be dropped.
    async fn until_end<S>(
        &self,
        mut connection: &mut http1::Connection<TokioIo<ClientStream>, S>,
    ) -> Option<hyper::Result<()>>
    where
        S: HttpService<Incoming, ResBody = Body>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        tokio::select! {
            ended = &mut connection => return Some(ended),
            () = self.peer.closer.cancelled() => return None,
            () = self.shutdown.cancelled() => {}
        }
        Pin::new(&mut *connection).graceful_shutdown();
        self.peer.closer.run_until_cancelled(connection).await
    }

    /// Tells the client why the connection ends, where it doesn't know, and closes it.
    async fn part(&self, stream: ClientStream, ended: hyper::Result<()>, unparsed: &[u8]) {
        let mut last_words = None;
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
            let why = head_refusal(&error, unparsed, stream.has_withheld());
            last_words = why.map(|why| {
                self.connections.head_refused(why);
                ApiError::from(why)
            });
            let is_idle = error.is_timeout();
            if is_idle && self.peer.is_reserved {
                last_words = Some(ApiError::TooManyConnections);
            }
            if last_words.is_none() && !is_idle {
                return;
            }
        }
        if last_words.is_some() || !stream.is_ended() {
            // In a box, lest each connection has room for it from its beginning on.
            let parted = farewell::part(stream.into_inner(), last_words, &self.shutdown);
            self.peer.closer.run_until_cancelled(Box::pin(parted)).await;
        }
    }
}

/// Why a request's head was not taken, where that has ended the connection. `unparsed` is what the client had
/// sent of its next request.
fn head_refusal(error: &hyper::Error, unparsed: &[u8], is_withheld: bool) -> Option<HeadRefusal> {
    let unparsed = unparsed.trim_ascii_start();
    if error.is_timeout() {
        // A kept connection that nobody uses ends without a word: its client would take the answer
        // for that of its next request.
        (!unparsed.is_empty()).then_some(HeadRefusal::Timeout)
    } else if error.is_parse_version_h2() {
        Some(HeadRefusal::Malformed)
    } else if !error.is_parse() || !is_withheld {
        // The client has an answer, or a part of one.
        None
    } else if !error.is_parse_too_large() {
        Some(HeadRefusal::Malformed)
    } else if memchr(b'\n', &unparsed[..unparsed.len().min(MAX_HEAD_BYTES)]).is_none() {
        Some(HeadRefusal::UriTooLong)
    } else {
        Some(HeadRefusal::TooLarge)
    }
}

impl From<HeadRefusal> for ApiError {
    fn from(why: HeadRefusal) -> Self {
        match why {
            HeadRefusal::Malformed => Self::MalformedRequest,
            HeadRefusal::TooLarge => Self::HeadTooLarge,
            HeadRefusal::UriTooLong => Self::UriTooLong,
            HeadRefusal::Timeout => Self::RequestTimeout,
        }
    }
}

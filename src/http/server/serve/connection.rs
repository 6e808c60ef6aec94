//! One connection: its requests, and its close.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use memchr::memchr;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::close::{TIMEOUT, close_gracefully};
use super::permits::ConnectionPermit;
use super::stream::ClientStream;
use super::write_budget::{CurrentResponse, WriteBudget};
use crate::http::error::ApiError;
use crate::http::server::app::App;
use crate::http::server::request_context::Peer;
use crate::metrics::HeadRefusal;

/// The longest head of a request.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// The most bytes of requests that a connection buffers.
const MAX_BUFFER_BYTES: usize = 2 * MAX_HEAD_BYTES;
/// The send buffer in the kernel. By default it grows to some megabytes before a write shows that the
/// reader of an event stream is stuck.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// The longest time for a request's head on a connection that is reserved for health checks.
const RESERVED_HEAD_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Connection {
    pub(super) app: App,
    pub(super) peer: Arc<Peer>,
    /// Makes the request in progress the last one.
    pub(super) shutdown: CancellationToken,
    pub(super) permit: ConnectionPermit,
}

impl Connection {
    /// Serves requests until either side ends the connection.
    pub(super) async fn serve(self, stream: TcpStream) {
        // Small responses and events are sent without delay.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        if let Err(error) = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES) {
            tracing::debug!(%error, "a connection keeps the default send buffer");
        }
        let limits = self.app.settings().limits;
        let current = Arc::new(CurrentResponse::default());
        let budget = WriteBudget::new(limits.write_timeout, limits.min_transfer_rate);
        let stream = ClientStream::new(stream, budget, Arc::clone(&current));
        let (app, peer) = (self.app.clone(), Arc::clone(&self.peer));
        let service = service_fn(move |request: Request<Incoming>| {
            let response = app.clone().respond(Arc::clone(&peer), request.map(Body::new));
            let current = Arc::clone(&current);
            // On the heap, and freed at the start of the response: the connection of an event stream
            // stays small.
            Box::pin(async move {
                let response = response.await;
                current.start(&response);
                Ok::<_, Infallible>(response)
            })
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(!self.permit.is_reserved())
            .header_read_timeout(self.head_timeout(limits.head_timeout))
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let Some(ended) = self.until_end(&mut connection).await else { return };
        let http1::Parts { io, read_buf, .. } = connection.into_parts();
        self.close(io.into_inner(), ended, &read_buf).await;
    }

    /// A connection that is reserved for health checks is soon free for the next check.
    fn head_timeout(&self, ordinary: Duration) -> Duration {
        if self.permit.is_reserved() { ordinary.min(RESERVED_HEAD_TIMEOUT) } else { ordinary }
    }

    /// hyper's result at the end of the connection, or `None` if the connection is dropped.
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

    /// Closes the connection, with an error response if the client does not have one yet.
    async fn close(&self, stream: ClientStream, ended: hyper::Result<()>, unparsed: &[u8]) {
        let mut last_error = None;
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection failed");
            let reason = head_refusal(&error, unparsed, stream.has_suppressed());
            last_error = reason.map(|reason| {
                self.app.metrics().head_refused(reason);
                ApiError::from(reason)
            });
            let is_idle = error.is_timeout();
            if is_idle && self.permit.is_reserved() {
                last_error = Some(ApiError::TooManyConnections);
            }
            if last_error.is_none() && !is_idle {
                return;
            }
        }
        if last_error.is_some() || !stream.is_ended() {
            // On the heap, so that open connections do not reserve space for it.
            let closed = close_gracefully(stream.into_inner(), last_error, TIMEOUT, &self.shutdown);
            self.peer.closer.run_until_cancelled(Box::pin(closed)).await;
        }
    }
}

/// Why the head of a request was refused, if that ended the connection. `unparsed` is what the client had
/// sent of its next request.
fn head_refusal(
    error: &hyper::Error,
    unparsed: &[u8],
    has_suppressed: bool,
) -> Option<HeadRefusal> {
    let unparsed = unparsed.trim_ascii_start();
    if error.is_timeout() {
        // An idle connection ends without a response, which the client would take for the response to
        // its next request.
        (!unparsed.is_empty()).then_some(HeadRefusal::Timeout)
    } else if error.is_parse_version_h2() {
        Some(HeadRefusal::Malformed)
    } else if !error.is_parse() || !has_suppressed {
        // The client has a response, or a part of one.
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
    fn from(reason: HeadRefusal) -> Self {
        match reason {
            HeadRefusal::Malformed => Self::MalformedRequest,
            HeadRefusal::TooLarge => Self::HeadTooLarge,
            HeadRefusal::UriTooLong => Self::UriTooLong,
            HeadRefusal::Timeout => Self::RequestTimeout,
        }
    }
}

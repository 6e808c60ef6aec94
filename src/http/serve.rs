//! The accept loop. It stands in for `axum::serve`, which has no time limit for a request's head
//! and no way to drop a single connection.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Layer, ServiceExt};
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};

/// How long a client may take for the head of a request, and for the next request on a connection
/// that it keeps.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest head that a request may have.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// What a connection buffers of its requests.
const MAX_BUFFER_BYTES: usize = 2 * MAX_HEAD_BYTES;
/// How long requests that are under way may take at shutdown.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait where the machine has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Aborts the connection that a request came on. In the extensions of every request.
#[derive(Clone, Debug)]
pub(super) struct ConnectionCloser(pub(super) CancellationToken);

/// The other end of the connection that a request came on. In the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Answers requests until `shutdown`; then takes no more, lets those under way finish for at most
/// ten seconds, and drops what is left. The live streams must be ended by then: they don't finish
/// by themselves.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    // Around the router: within it, a route would be chosen before the path is normalized.
    let app = NormalizePathLayer::trim_trailing_slash().layer(router);
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let connection = Connection {
                    peer: Peer(peer),
                    closer: abort.child_token(),
                    shutdown: shutdown.clone(),
                };
                connections.spawn(connection.answer(stream, app.clone()));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections that did not end are dropped");
        abort.cancel();
        connections.wait().await;
    }
}

/// A connection that broke before it was accepted is its client's matter; anything else, such as
/// too many open files, needs a moment to pass.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

struct Connection {
    peer: Peer,
    closer: CancellationToken,
    shutdown: CancellationToken,
}

impl Connection {
    async fn answer(self, stream: TcpStream, app: NormalizePath<Router>) {
        // Small answers and live frames must not wait for more to send.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        let (peer, closer) = (self.peer, ConnectionCloser(self.closer.clone()));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(closer.clone());
            app.clone().oneshot(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.closer.cancelled() => return,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                match self.closer.run_until_cancelled(connection).await {
                    Some(ended) => ended,
                    None => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

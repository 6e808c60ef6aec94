//! The server's edge: it takes connections, as many as are allowed, and ends them. It stands in for
//! `axum::serve`, which has no time limit for a request's head, no cap, and no way to drop a single
//! connection.

mod connection;
mod count;
mod farewell;
mod pace;
mod stream;

pub use count::{Connections, MAX_REFUSALS};

use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::error::ApiError;
use crate::http::server::addresses::Place;
use crate::http::server::app::Entrance;
use crate::http::server::request_context::Peer;
use crate::http::settings::Limits;
use connection::Connection;
use count::Counted;

/// How long to wait where the machine has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until `shutdown`; then takes no more, lets those under way finish for seven
/// tenths of `limits.shutdown_timeout` at most, and drops what is left. The live streams must be
/// ended by then: they don't finish by themselves.
pub async fn serve(
    listener: TcpListener,
    entrance: Entrance,
    limits: Limits,
    connections: Arc<Connections>,
    shutdown: CancellationToken,
) {
    let abort = CancellationToken::new();
    let edge = Edge { entrance, limits, connections, shutdown, abort, tasks: TaskTracker::new() };
    edge.accept(listener).await;
    edge.finish().await;
}

struct Edge {
    entrance: Entrance,
    limits: Limits,
    connections: Arc<Connections>,
    shutdown: CancellationToken,
    /// Drops every connection.
    abort: CancellationToken,
    /// One for every connection.
    tasks: TaskTracker,
}

impl Edge {
    /// The listener is closed when this returns.
    async fn accept(&self, listener: TcpListener) {
        let mut is_failing = false;
        while let Some(accepted) = self.shutdown.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.take(stream, peer);
                }
                Err(error) if is_of_client(&error) => {}
                Err(error) => {
                    if !mem::replace(&mut is_failing, true) {
                        tracing::error!(%error, "no connection can be accepted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr) {
        if let Some(open) = self.open(peer.ip()) {
            let is_reserved = open.is_reserved;
            let closer = self.abort.child_token();
            let connection = Connection {
                limits: self.limits,
                connections: Arc::clone(&self.connections),
                peer: Arc::new(Peer { address: peer, closer, is_reserved }),
                shutdown: self.shutdown.clone(),
            };
            self.tasks.spawn(connection.answer(stream, self.entrance.clone(), open));
        } else if let Some(refusal) = self.connections.refuse_one() {
            let (shutdown, abort) = (self.shutdown.clone(), self.abort.clone());
            self.tasks.spawn(async move {
                let reason = Some(ApiError::TooManyConnections);
                abort.run_until_cancelled(farewell::part(stream, reason, &shutdown)).await;
                drop(refusal);
            });
        }
    }

    /// The room for a connection from there: as all have it, or, where that is taken, as a health check
    /// has it that comes from this machine.
    fn open(&self, address: IpAddr) -> Option<Open> {
        let place = self.entrance.occupy(address);
        let usual = place.ok().and_then(|place| {
            let counted = self.connections.open_one(self.limits.max_connections)?;
            Some(Open { _counted: counted, _place: place, is_reserved: false })
        });
        usual.or_else(|| {
            let is_here = address.to_canonical().is_loopback();
            let most = if is_here { self.limits.health_connections } else { 0 };
            let counted = self.connections.reserve_one(most)?;
            Some(Open { _counted: counted, _place: None, is_reserved: true })
        })
    }

    async fn finish(self) {
        self.tasks.close();
        let grace = self.limits.shutdown_timeout.mul_f64(0.7);
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(open = self.tasks.len(), "connections that did not end are dropped");
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }
}

/// The room that a connection takes up until this is dropped.
struct Open {
    _counted: Counted,
    _place: Option<Place>,
    /// Whether it is kept for a health check.
    is_reserved: bool,
}

/// A connection that broke before it was accepted is its client's matter; anything else, such as
/// too many open files, needs a moment to pass.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

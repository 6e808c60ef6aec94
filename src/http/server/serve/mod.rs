//! Accepts connections and serves them with hyper. See `docs/decisions/07-hyper-directly.md` for what
//! `axum::serve` and hyper-util lack.

mod close;
mod connection;
mod operator;
mod permits;
mod refusals;
mod stream;
mod write_budget;

pub use operator::serve_operator;
pub use refusals::MAX_REFUSALS;

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app::App;
use super::request_context::Peer;
use connection::Connection;
use permits::Permits;
use refusals::Refusals;

/// The delay before the next attempt when no connection can be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `shutdown`. Then accepts no more, lets the requests in progress finish for
/// at most seven tenths of the shutdown timeout, and drops what is left. Event streams do not finish by
/// themselves: the caller ends them.
pub async fn serve(listener: TcpListener, app: App, shutdown: CancellationToken) {
    let server = Server {
        permits: Permits::new(&app.settings().limits, app.metrics()),
        refusals: Refusals::new().await,
        app,
        shutdown,
        abort: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    server.accept(listener).await;
    finish(&server.app, &server.tasks, &server.abort).await;
}

struct Server {
    app: App,
    permits: Permits,
    refusals: Refusals,
    shutdown: CancellationToken,
    /// Drops every connection.
    abort: CancellationToken,
    /// One for every connection.
    tasks: TaskTracker,
}

impl Server {
    /// Closes the listener on return.
    async fn accept(&self, listener: TcpListener) {
        let mut is_failing = false;
        while let Some(accepted) = self.shutdown.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.spawn(stream, peer);
                }
                Err(error) if is_aborted(&error) => {}
                Err(error) => {
                    if !mem::replace(&mut is_failing, true) {
                        tracing::error!(%error, "no connection can be accepted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, address: SocketAddr) {
        if let Some(permit) = self.permits.connection(&self.app, address.ip()) {
            let closer = self.abort.child_token();
            let connection = Connection {
                app: self.app.clone(),
                peer: Arc::new(Peer::client(address, closer, permit.is_reserved())),
                shutdown: self.shutdown.clone(),
                permit,
            };
            self.tasks.spawn(connection.serve(stream));
        } else {
            self.refuse(stream);
        }
    }

    fn refuse(&self, stream: TcpStream) {
        self.app.metrics().connections_refused.inc();
        if let Some(closed) = self.refusals.refuse(stream, self.shutdown.clone()) {
            let abort = self.abort.clone();
            self.tasks.spawn(async move { abort.run_until_cancelled(closed).await });
        }
    }
}

/// Waits for the connections for a share of the shutdown timeout, and then drops those that are left.
async fn finish(app: &App, tasks: &TaskTracker, abort: &CancellationToken) {
    tasks.close();
    let grace = app.settings().limits.shutdown_timeout.mul_f64(0.7);
    if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
        tracing::warn!(open = tasks.len(), "connections that did not end are dropped");
        abort.cancel();
        tasks.wait().await;
    }
}

/// Whether the client aborted the connection before it was accepted. Any other error, such as too many
/// open files, lasts for a while.
fn is_aborted(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

//! Serves the operator's commands on a Unix socket.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::geteuid;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{ACCEPT_PAUSE, finish};
use crate::http::server::app::App;
use crate::http::server::request_context::Peer;

/// The highest number of open connections to the socket. Further ones wait.
const MAX_COMMANDS: usize = 128;
/// How long a connection may be open before its request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
const ROOT: u32 = 0;

/// Serves the connections of this process's user and of root until `shutdown`. Then accepts no more, and
/// ends like [`super::serve`].
pub async fn serve_operator(listener: UnixListener, app: App, shutdown: CancellationToken) {
    let (permits, tasks) = (Arc::new(Semaphore::new(MAX_COMMANDS)), TaskTracker::new());
    let abort = CancellationToken::new();
    let accept = async {
        loop {
            let permit = Arc::clone(&permits).acquire_owned().await;
            match listener.accept().await {
                Ok((stream, _)) if is_allowed(&stream) => {
                    let closer = abort.child_token();
                    let served = serve_commands(stream, app.clone(), closer, shutdown.clone());
                    tasks.spawn(async move {
                        served.await;
                        drop(permit);
                    });
                }
                Ok(_) => tracing::warn!("another user has connected to the operator's socket"),
                Err(error) => {
                    tracing::debug!(%error, "no command can connect");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    let _: Option<Infallible> = shutdown.run_until_cancelled(accept).await;
    drop(listener);
    finish(&app, &tasks, &abort).await;
}

/// Whether the other end runs as this process's user or as root.
fn is_allowed(stream: &UnixStream) -> bool {
    let user = stream.peer_cred().map(|peer| peer.uid());
    user.is_ok_and(|user| user == ROOT || user == geteuid().as_raw())
}

async fn serve_commands(
    stream: UnixStream,
    app: App,
    closer: CancellationToken,
    shutdown: CancellationToken,
) {
    let peer = Arc::new(Peer { closer: closer.clone(), ..Peer::operator() });
    let service = service_fn(move |request: Request<Incoming>| {
        let response = app.clone().respond(Arc::clone(&peer), request.map(Body::new));
        Box::pin(async move { Ok::<_, Infallible>(response.await) })
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = closer.cancelled() => None,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            closer.run_until_cancelled(connection).await
        }
    };
    if let Some(Err(error)) = ended {
        tracing::debug!(%error, "the connection of a command failed");
    }
}

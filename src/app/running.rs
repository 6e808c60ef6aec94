//! A server between its start and its stop.

use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::StorageConfig;
use crate::disk::CommandSocket;
use crate::http;
use crate::service::Service;

/// Why a server did not stop cleanly. Every change that was confirmed to a client is durable
/// anyway.
#[derive(Debug, Error)]
pub enum StopError {
    /// The shutdown timeout expired.
    #[error("not all data files were written in time; nothing is lost: the next start writes them")]
    Late,
    /// Not all data files could be written. The journal contains what they lack.
    #[error("not all data files could be written; nothing is lost: the next start writes them")]
    Close(#[source] io::Error),
    /// A background task panicked.
    #[error("the server failed")]
    Panicked(#[from] JoinError),
}

/// Where a server accepts connections.
pub(super) struct Listeners {
    pub(super) clients: TcpListener,
    /// `None` for a server on a database, and if the socket cannot be created.
    pub(super) commands: Option<CommandSocket>,
}

/// Creates the socket for commands in a data directory that this process has locked. Blocks.
pub(super) fn open_socket(storage: &StorageConfig) -> Option<CommandSocket> {
    if storage.database_url.is_some() {
        return None;
    }
    let opened = CommandSocket::open(&storage.data_dir);
    let warn = |error: &io::Error| {
        let folder = storage.data_dir.display();
        tracing::warn!(
            %folder, %error,
            "no socket for commands can be created: while this server runs, commands cannot use its \
             data directory"
        );
    };
    opened.inspect_err(warn).ok()
}

/// Serves requests until `shutdown` completes. Then stops within the shutdown timeout: a share of
/// it is for open requests, the rest for writing the files.
pub(super) async fn run(
    listeners: Listeners,
    service: Arc<Service>,
    app: http::App,
    limits: http::Limits,
    shutdown: CancellationToken,
) -> Result<(), StopError> {
    let expiry = tokio::spawn(Arc::clone(&service).run_expiry(shutdown.clone()));
    let sessions = Arc::clone(&service).follow_ended_sessions(shutdown.clone());
    let sessions = tokio::spawn(sessions);
    let logs = Arc::clone(&service).remove_requested_logs(shutdown.clone());
    let logs = tokio::spawn(logs);
    let copies = Arc::clone(&service).copy_erasures_on_schedule(shutdown.clone());
    let copies = tokio::spawn(copies);
    let backups = tokio::spawn(Arc::clone(&service).back_up_on_schedule(shutdown.clone()));
    let badges = tokio::spawn(Arc::clone(&service).evaluate_on_events(shutdown.clone()));
    let schedules = tokio::spawn(Arc::clone(&service).follow_schedules(shutdown.clone()));
    let webhooks = tokio::spawn(Arc::clone(&service).deliver_webhooks(shutdown.clone()));
    let deletion = tokio::spawn(Arc::clone(&service).delete_on_schedule());
    let end_of_streams = async {
        shutdown.cancelled().await;
        service.start_shutdown();
        Instant::now() + limits.shutdown_timeout
    };
    let Listeners { clients, commands } = listeners;
    let requests = http::serve(clients, app.clone(), shutdown.clone());
    let commands = serve_commands(commands, app, shutdown.clone());
    let ((), (), deadline) = tokio::join!(requests, commands, end_of_streams);
    // It may be waiting for a change that the disk does not accept.
    expiry.abort();
    // It may be verifying a large file.
    backups.abort();
    ended("the expiry", expiry).await;
    ended("the backups", backups).await;
    ended("the end of other servers' sessions", sessions).await;
    let between_two_steps = async {
        ended("the copies of the erasure list", copies).await;
        ended("the evaluation of badges", badges).await;
        ended("the schedules", schedules).await;
        ended("the webhooks", webhooks).await;
        ended("account deletion", deletion).await;
        ended("the removal of deleted accounts' logs", logs).await;
    };
    tokio::time::timeout_at(deadline, between_two_steps).await.map_err(|_| StopError::Late)?;
    let closed = tokio::time::timeout_at(deadline, service.close()).await;
    closed.map_err(|_| StopError::Late)?.map_err(StopError::Close)
}

/// Serves the operator's commands, and removes the socket at the end.
async fn serve_commands(
    socket: Option<CommandSocket>,
    app: http::App,
    shutdown: CancellationToken,
) {
    let Some(mut socket) = socket else { return };
    let listener = socket.take_listener().map(UnixListener::from_std);
    match listener.transpose() {
        Ok(Some(listener)) => http::serve_operator(listener, app, shutdown).await,
        Ok(None) => {}
        Err(error) => {
            let socket = socket.path().display();
            tracing::warn!(%socket, %error, "commands cannot be served");
        }
    }
}

/// Waits for the end of a background task.
async fn ended(what: &'static str, task: JoinHandle<()>) {
    if let Err(error) = task.await
        && error.is_panic()
    {
        tracing::error!(what, %error, "a task of the server's own failed");
    }
}

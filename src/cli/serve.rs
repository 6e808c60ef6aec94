//! `goldstar serve`

use std::io::{self, IsTerminal, Write};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::greeting::Greeting;
use super::open_files::make_room_for;
use super::signals::cancel_on_signal;
use super::{Failure, runtime};
use crate::app;
use crate::config::{Config, Everything, Flags};

pub(super) fn run(flags: &Flags<Everything>) -> Result<(), Failure> {
    let config = Config::resolve(flags)?;
    start_log();
    let runtime = runtime()?;
    let served = runtime.block_on(serve(config));
    // The data is closed by now: nobody waits for a thread that still reads or computes.
    runtime.shutdown_background();
    served
}

/// The server's own log, for the operator: on the standard error output.
fn start_log() {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .with_env_var("GOLDSTAR_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

async fn serve(mut config: Config) -> Result<(), Failure> {
    let shutdown = CancellationToken::new();
    cancel_on_signal(&shutdown)?;
    let limits = &mut config.http.limits;
    limits.max_connections = make_room_for(limits.max_connections);
    let what = format!("{} can't be served on", config.listen);
    let listener = TcpListener::bind(&config.listen).await.map_err(Failure::io(what))?;
    let (storage, signup_open) = (config.storage.clone(), config.service.signup_open);
    let server = app::launch(config, listener, shutdown).await?;
    let greeting = Greeting {
        address: server.address(),
        can_begin: server.is_new() && signup_open,
        demo: server.demo(),
        data_dir: &storage.data_dir,
    };
    // A server that nobody listens to, its output closed, serves all the same.
    if let Err(error) = writeln!(io::stdout(), "{greeting}") {
        tracing::warn!(%error, "the greeting could not be printed");
    }
    tracing::info!(
        address = %server.address(),
        data = %storage.data_dir.display(),
        logs = %storage.log_dir.display(),
        "serving"
    );
    server.ended().await?;
    tracing::info!("stopped");
    Ok(())
}

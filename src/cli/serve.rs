//! `goldstar serve`

use std::fmt;
use std::io::{self, Write};

use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::task;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::greeting::Greeting;
use super::open_files::make_room_for;
use super::progress;
use super::reload::Settings;
use super::runtime::runtime;
use super::server_log::ServerLog;
use super::signals::cancel_on_signal;
use super::supervisor;

use crate::app::{self, Machine, Server, StartError};
use crate::config::{Config, Everything, Flags, StorageConfig, Values};
use crate::followers::audit_log::AuditOutput;
use crate::repair::salvage::is_data_directory;

pub(super) fn run(flags: &Flags<Everything>) -> Result<(), Failure> {
    let values = Values::resolve(flags)?;
    let config = Config::from_values(&values)?;
    let log = ServerLog::start(&config.server_log)?;
    let settings = Settings { flags: flags.clone(), values };
    let served = run_until_stopped(config, settings, &log);
    log.finish();
    served
}

fn run_until_stopped(config: Config, settings: Settings, log: &ServerLog) -> Result<(), Failure> {
    let runtime = runtime()?;
    let served = runtime.block_on(serve(config, settings, log));
    // The data is closed: no need to wait for threads that still read or compute.
    runtime.shutdown_background();
    served
}

async fn serve(mut config: Config, settings: Settings, log: &ServerLog) -> Result<(), Failure> {
    let shutdown = CancellationToken::new();
    let hangup = cancel_on_signal(&shutdown, log)?;
    let limits = &mut config.http.limits;
    limits.max_connections = make_room_for(limits.max_connections)?;
    let listen = config.listen.clone();
    // Resolving a name may take long.
    let bound = tokio::select! {
        biased;
        bound = bind(&config.listen) => bound,
        () = shutdown.cancelled() => return Ok(()),
    };
    let listener = bound.map_err(|error| cannot_listen(&listen, error))?;
    let (storage, signup_open) = (config.storage.clone(), config.service.signup_open);
    let pages = config.http.web;
    let is_database = storage.database_url.is_some();
    if is_database && storage.is_data_dir_named {
        tracing::warn!("data_dir is ignored: database_url is set");
    }
    let is_created = !is_database && !is_data_directory(&storage.data_dir);
    let machine = Machine { progress: progress::on_terminal(), ..Machine::default() };
    let server = match app::launch_on(machine, config, listener, shutdown.clone()).await {
        Err(StartError::Stopped) => {
            tracing::info!("stopped while the data was opened; the next start continues");
            return Ok(());
        }
        launched => launched?,
    };
    supervisor::watch(&shutdown);
    tokio::spawn(settings.reload_at(hangup, server.live(), log.clone()));
    if !shutdown.is_cancelled() {
        announce(
            &server,
            &storage,
            &Announced { signup_open, pages, created_directory: is_created },
        );
    }
    server.ended().await?;
    tracing::info!("stopped");
    Ok(())
}

/// How many connections that are not accepted yet the system keeps, if its own limit is not lower. With the runtime's 128,
/// the system ignores most of the devices that connect together after an outage, and they try again after a second or more.
const QUEUED_CONNECTIONS: i32 = 4096;

async fn bind(address: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    // A second call changes the length of the queue.
    SockRef::from(&listener).listen(QUEUED_CONNECTIONS)?;
    Ok(listener)
}

fn cannot_listen(address: &str, error: io::Error) -> Failure {
    let parts = address.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
    match (error.kind(), parts) {
        (io::ErrorKind::AddrInUse, Some((host, Ok(port)))) => {
            let other = format!("{host}:{}", port.checked_add(1).unwrap_or(5000));
            Failure::PortInUse { address: address.to_owned(), other }
        }
        _ => Failure::io(format!("cannot listen on {address}"))(error),
    }
}

/// What the greeting says about the settings and the start.
struct Announced {
    signup_open: bool,
    pages: bool,
    created_directory: bool,
}

/// Prints and logs the address of the server.
fn announce(
    server: &Server,
    storage: &StorageConfig,
    &Announced { signup_open, pages, created_directory }: &Announced,
) {
    let is_database = storage.database_url.is_some();
    let directory = storage.data_dir.display();
    let data: &dyn fmt::Display = if is_database { &"PostgreSQL" } else { &directory };
    let greeting = Greeting {
        address: server.address(),
        can_begin: server.is_new() && signup_open,
        demo: server.demo(),
        has_pages: pages,
        data_dir: &storage.data_dir,
        is_database,
        is_created: created_directory,
        accounts: server.accounts(),
    };
    print(greeting.to_string(), storage.audit_output);
    tracing::info!(
        address = %server.address(),
        data = %data,
        logs = %storage.log_dir.display(),
        "serving"
    );
}

/// Prints a text without waiting for it: the server must run and stop even if its output is closed or
/// full. A standard output that is the audit log contains nothing else.
fn print(text: String, audit_output: AuditOutput) {
    task::spawn_blocking(move || {
        let printed = match audit_output {
            AuditOutput::Stdout => writeln!(io::stderr(), "{text}"),
            AuditOutput::Files | AuditOutput::Off => writeln!(io::stdout(), "{text}"),
        };
        if let Err(error) = printed {
            tracing::warn!(%error, "the greeting could not be printed");
        }
    });
}

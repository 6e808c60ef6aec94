//! Floor 5: puts the server together from its configuration, its listener and a future that ends
//! it. The command and the tests start it in the same way.

mod demo;
mod running;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{self, JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Config, StorageConfig};
use crate::disk::{Disk, RealDisk, UnusableFolder, probe};
use crate::followers::audit_log::{
    self, AuditFollower, AuditLog, AuditOutput, DeletionLog, LineFollower, LogFollower, SERVER_ID,
    Writer, server_id,
};
use crate::followers::broker::Broker;
use crate::followers::webhooks::{Resolve, Sender, SystemResolver};
use crate::followers::{ErasureCopy, Followers};
use crate::http;
use crate::metrics::{Counter, Metrics};
use crate::repair::archive::BackupFolder;
use crate::service::{BackupSchedule, Demo, Service, ServiceError, ServiceSettings};
use crate::store::json::{CHECKPOINT_BYTES, JsonStore, OpenError, Options, Progress};
use crate::store::postgres::{self, PostgresStore};
use crate::store::{AnyStore, Following, LogServer, Store as _};
use crate::web;
use running::Listeners;
pub use running::StopError;

/// The parts of the machine that a server uses. Tests replace them.
#[derive(Clone, Debug)]
pub struct Machine {
    pub clock: Clock,
    pub disk: Arc<dyn Disk>,
    /// Finds the addresses of webhooks.
    pub resolver: Arc<dyn Resolve>,
    /// Reports the progress of a start on a large file.
    pub progress: Progress,
}

impl Default for Machine {
    /// The real clock, disk and resolver; progress is not reported.
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            disk: Arc::new(RealDisk),
            resolver: Arc::new(SystemResolver),
            progress: Progress::silent(),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The data cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] postgres::OpenError),
    /// The log directory cannot be used.
    #[error(transparent)]
    Logs(#[from] UnusableFolder),
    /// The server was stopped while it opened the data. Nothing is lost.
    #[error("the server was stopped while it opened the data")]
    Stopped,
    /// The system cannot start another thread.
    #[error("a thread could not be started")]
    Thread(#[source] io::Error),
    #[error("the address to serve on is not known")]
    Listener(#[source] io::Error),
    /// Data that a start creates, such as the demo family, could not be written.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The thread that opens the data panicked.
    #[error("opening the data failed")]
    Opening(#[from] JoinError),
}

impl StartError {
    /// Whether the data is damaged, or is not Goldstar's.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_damage(),
            Self::Database(error) => error.is_damage(),
            _ => false,
        }
    }
}

/// Opens the data and creates the service for a command. Blocks: a start reads all data.
///
/// The standard output is the command's: an audit log that goes there waits for the next server.
///
/// Needs a thread of a runtime that may block.
pub fn open(
    storage: &StorageConfig,
    settings: ServiceSettings,
    machine: &Machine,
    metrics: &Metrics,
) -> Result<Service, StartError> {
    // The servers on a database write the lines of a command.
    let output = Some(storage.audit_output)
        .filter(|output| *output == AuditOutput::Files && storage.database_url.is_none());
    assemble(storage, output, settings, machine, metrics)
}

/// Opens the data and creates the service. Blocks: a start reads all data.
fn assemble(
    storage: &StorageConfig,
    output: Option<AuditOutput>,
    settings: ServiceSettings,
    machine: &Machine,
    metrics: &Metrics,
) -> Result<Service, StartError> {
    let disk = Arc::clone(&machine.disk);
    // A command creates no log directory unless it writes a line there.
    if storage.log_dir.try_exists().unwrap_or(true) {
        probe(&*disk, &storage.log_dir, audit_log::is_own_file)?;
    }
    let failures = metrics.store.projection_errors(AuditFollower::NAME);
    let store = open_store(storage, machine, metrics)?;
    let server = register(output, storage, &*disk, &store)?;
    let start = || {
        let history = store.following();
        let audit_log = output.map(|output| {
            let writer = audit_writer(output, storage, disk, &history, &failures);
            AuditFollower::start(writer, history, failures)
        });
        let audit_log = audit_log.transpose()?;
        let broker = Broker::follow(store.following(), store.epoch(), metrics.live.clone())?;
        let webhooks = Sender::new(Arc::clone(&machine.resolver));
        let erasure_copy = storage.erasures_dir.clone();
        let copy = |directory| ErasureCopy::new(Arc::clone(&machine.disk), directory);
        Ok(Followers { broker, audit_log, erasure_copy: erasure_copy.map(copy), webhooks })
    };
    let followers = start().map_err(StartError::Thread)?;
    let disk = Arc::clone(&machine.disk);
    let deletion_log = DeletionLog::new(disk, storage.log_dir.clone(), storage.audit_log);
    let deletion_log = deletion_log.of_server(server);
    let backups = storage.backups.as_ref().map(|backups| BackupSchedule {
        folder: BackupFolder::new(
            Arc::clone(&machine.disk),
            backups.directory.clone(),
            backups.keep,
        ),
        interval: backups.interval,
    });
    let clock = machine.clock.clone();
    let service = Service::new(store, followers, clock, settings, deletion_log, metrics);
    Ok(service.with_backups(backups))
}

/// Makes a server that writes log files known to the others on its database, before its first line. Blocks.
fn register(
    output: Option<AuditOutput>,
    storage: &StorageConfig,
    disk: &dyn Disk,
    store: &AnyStore,
) -> Result<Option<LogServer>, StartError> {
    let (Some(AuditOutput::Files), Some(servers)) = (output, store.log_servers()) else {
        return Ok(None);
    };
    let folder = &storage.log_dir;
    let unusable = |error| UnusableFolder::call(&folder.join(SERVER_ID), "open", error);
    let id = server_id(disk, folder).map_err(unusable)?;
    let path = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let server = LogServer { id, name: format!("{}:{}", host.trim(), path.display()) };
    let registered = Handle::current().block_on(servers.register(server.clone()));
    registered.map_err(ServiceError::from)?;
    Ok(Some(server))
}

fn open_store(
    storage: &StorageConfig,
    machine: &Machine,
    metrics: &Metrics,
) -> Result<AnyStore, StartError> {
    let clock = machine.clock.clone();
    if let Some(url) = &storage.database_url {
        let opened = PostgresStore::open(url, clock, metrics.store.clone());
        return Ok(Handle::current().block_on(opened)?.into());
    }
    let options = Options {
        data_dir: storage.data_dir.clone(),
        disk: Arc::clone(&machine.disk),
        now: Arc::new(move || clock.now()),
        metrics: metrics.store.clone(),
        checkpoint_bytes: CHECKPOINT_BYTES,
        progress: machine.progress.clone(),
    };
    Ok(JsonStore::open(options)?.into())
}

/// What writes the audit log. Blocks: it writes the lines that are missing.
fn audit_writer(
    output: AuditOutput,
    storage: &StorageConfig,
    disk: Arc<dyn Disk>,
    history: &Arc<dyn Following>,
    failures: &Counter,
) -> Box<dyn Writer> {
    let history = Arc::clone(history);
    let output: Option<Box<dyn io::Write + Send>> = match output {
        AuditOutput::Files => {
            let folder = storage.log_dir.clone();
            let log = AuditLog::new(disk, folder, storage.audit_log, failures.clone());
            return Box::new(LogFollower::new(log, history));
        }
        AuditOutput::Stdout => Some(Box::new(io::stdout())),
        AuditOutput::Off => None,
    };
    Box::new(LineFollower::new(output, history, failures.clone()))
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    is_new: bool,
    accounts: usize,
    demo: Option<Box<Demo>>,
    live: Live,
    served: JoinHandle<Result<(), StopError>>,
}

/// The parts of a running server that read their settings again.
#[derive(Clone)]
pub struct Live {
    app: http::App,
    service: Arc<Service>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Live {
    /// Replaces the settings of HTTP and of the service, as [`http::App::reload`] and [`Service::reload`] say.
    pub fn reload(&self, http: http::HttpSettings, service: ServiceSettings) {
        self.app.reload(http);
        self.service.reload(service);
    }
}

impl Server {
    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the data directory had no records at the start, and still has none.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The number of accounts after the start.
    pub fn accounts(&self) -> usize {
        self.accounts
    }

    /// The demo family, if one was requested.
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_deref()
    }

    /// Returns what changes the settings of the server.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Waits until all responses are sent and all data files are written.
    pub async fn ended(self) -> Result<(), StopError> {
        self.served.await?
    }
}

/// Starts a server on this machine. It accepts requests once this function has returned, until
/// `shutdown` completes.
pub async fn launch(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<Server, StartError> {
    launch_on(Machine::default(), config, listener, shutdown).await
}

/// Starts a server on the given machine.
pub async fn launch_on(
    machine: Machine,
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<Server, StartError> {
    let address = listener.local_addr().map_err(StartError::Listener)?;
    let Config { storage, demo: with_demo, http: http_settings, service: settings, .. } = config;
    let limits = http_settings.limits;
    let pages = http_settings.web.then(web::pages);
    let http_settings = Arc::new(http_settings);
    let metrics = Arc::new(Metrics::new(machine.clock.now()));
    let counted = Arc::clone(&metrics);
    let demo = if with_demo {
        let written = Box::pin(demo::write(&machine, &storage, &settings));
        Some(Box::new(before(&shutdown, written).await??))
    } else {
        None
    };
    let opened = task::spawn_blocking(move || {
        let made = machine.disk.create_dir(&storage.log_dir);
        made.map_err(|error| UnusableFolder::call(&storage.log_dir, "mkdir", error))?;
        let service = assemble(&storage, Some(storage.audit_output), settings, &machine, &counted)?;
        Ok::<_, StartError>((service, running::open_socket(&storage)))
    });
    // If the server is stopped first, the thread continues until the process ends.
    let (service, commands) = before(&shutdown, opened).await???;
    let service = Arc::new(service);
    service.start_first_hold().await?;
    service.start_evaluations().await?;
    service.warn_of_expensive_hashes().await?;
    if let Some(demo) = &demo {
        service.settle_demo(demo).await;
    }
    let (is_new, accounts) = (service.is_new().await?, service.count_accounts().await?);
    let app = http::App::new(Arc::clone(&service), http_settings, metrics, pages);
    let live = Live { app: app.clone(), service: Arc::clone(&service) };
    let listeners = Listeners { clients: listener, commands };
    let served = tokio::spawn(running::run(listeners, service, app, limits, shutdown));
    Ok(Server { address, is_new, accounts, demo, live, served })
}

/// Waits for a part of the start. Fails with [`StartError::Stopped`] if the server is stopped first.
async fn before<T>(
    shutdown: &CancellationToken,
    part: impl Future<Output = T>,
) -> Result<T, StartError> {
    tokio::select! {
        biased;
        done = part => Ok(done),
        () = shutdown.cancelled() => Err(StartError::Stopped),
    }
}

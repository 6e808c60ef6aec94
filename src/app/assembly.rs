//! Opens the data, and puts the service together from the parts of the machine.

use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::error::StartError;
use crate::clock::Clock;
use crate::config::StorageConfig;
use crate::disk::{Disk, RealDisk, UnusableFolder, probe};
use crate::followers::audit_log::{
    self, AuditFollower, AuditLog, AuditOutput, DeletionLog, LineFollower, LogFollower, SERVER_ID,
    Writer, server_id,
};
use crate::followers::broker::Broker;
use crate::followers::webhooks::{Resolve, Sender, SystemResolver};
use crate::followers::{ErasureCopy, Followers};
use crate::metrics::{Counter, Metrics};
use crate::repair::archive::BackupFolder;
use crate::service::{BackupSchedule, Service, ServiceError, ServiceSettings};
use crate::store::json::{CHECKPOINT_BYTES, INDEX_EVENTS, JsonStore, Options, Progress};
use crate::store::postgres::PostgresStore;
use crate::store::{AnyStore, Following, LogServer, Store as _};

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
pub(super) fn assemble(
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

pub(super) fn open_store(
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
        index_events: INDEX_EVENTS,
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

//! Writes the demo before its server starts.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task;

use super::assembly::{Machine, assemble, open_store};
use super::error::StartError;
use crate::config::{Config, StorageConfig};
use crate::disk::{HastyDisk, UnusableFolder, is_missing};
use crate::metrics::Metrics;
use crate::repair::transfer::import;
use crate::service::{Demo, Service, ServiceError, ServiceSettings, SimulatedTime};
use crate::store::Store as _;
use crate::store::json::Progress;
use crate::store::postgres::DatabaseUrl;

/// The folder in the log directory in which the demo of a database is written.
const FOLDER: &str = ".demo";

/// Creates the demo family and its history, in simulated time, and closes its data.
///
/// Fails if there is a record of any kind; then nothing changes. If the process ends meanwhile, a part of the demo
/// remains, and the directory cannot be used for another one.
pub(super) async fn write(
    machine: &Machine,
    storage: &StorageConfig,
    settings: &ServiceSettings,
) -> Result<Demo, StartError> {
    let Some(url) = &storage.database_url else {
        return write_directory(machine, storage.clone(), settings).await;
    };
    // Thousands of transactions of a database take much longer than one import.
    require_empty(machine, storage.clone()).await?;
    let folder = storage.log_dir.join(FOLDER);
    remove(folder.clone()).await?;
    let data_dir = folder.clone();
    let copied = StorageConfig { database_url: None, data_dir, ..storage.clone() };
    let demo = write_directory(machine, copied, settings).await?;
    import_demo(machine, url.clone(), folder.clone()).await?;
    remove(folder).await?;
    Ok(demo)
}

async fn require_empty(machine: &Machine, storage: StorageConfig) -> Result<(), StartError> {
    let machine = machine.clone();
    let metrics = Metrics::new(machine.clock.now());
    let opened = task::spawn_blocking(move || open_store(&storage, &machine, &metrics));
    let store = opened.await??;
    let is_empty = store.is_empty().await.map_err(ServiceError::from)?;
    store.close().await.map_err(ServiceError::internal)?;
    if is_empty { Ok(()) } else { Err(ServiceError::NotEmpty.into()) }
}

async fn import_demo(
    machine: &Machine,
    url: DatabaseUrl,
    folder: PathBuf,
) -> Result<(), StartError> {
    let now = machine.clock.now();
    let importing = task::spawn_blocking(move || {
        let progress = Progress::silent();
        Handle::current().block_on(import(&url, &folder, now, &progress)).map(drop)
    });
    importing.await?.map_err(|error| ServiceError::internal(error).into())
}

/// Removes the folder of a demo, if it exists.
async fn remove(folder: PathBuf) -> Result<(), StartError> {
    let removed = task::spawn_blocking(move || match std::fs::remove_dir_all(&folder) {
        Err(error) if !is_missing(&error) => Err(UnusableFolder::call(&folder, "rmdir", error)),
        _ => Ok(()),
    });
    Ok(removed.await??)
}

/// Writes the demo in the data directory.
async fn write_directory(
    machine: &Machine,
    storage: StorageConfig,
    settings: &ServiceSettings,
) -> Result<Demo, StartError> {
    let now = machine.clock.now();
    let time = SimulatedTime::ending(now);
    let disk = HastyDisk::new(Arc::clone(&machine.disk));
    let stage = Machine { clock: time.clock(), disk: Arc::new(disk.clone()), ..machine.clone() };
    let settings = settings_of_demo(settings);
    let opened = task::spawn_blocking(move || {
        let made = stage.disk.create_dir(&storage.log_dir);
        made.map_err(|error| UnusableFolder::call(&storage.log_dir, "mkdir", error))?;
        assemble(&storage, Some(storage.audit_output), settings, &stage, &Metrics::new(now))
    });
    let service = Arc::new(opened.await??);
    let filled = fill(&service, &time, &disk).await;
    let closed = service.close().await.map_err(ServiceError::internal);
    if let (Err(_), Err(error)) = (&filled, &closed) {
        tracing::error!(%error, "the data could not be closed");
    }
    let demo = filled?;
    closed?;
    Ok(demo)
}

/// The settings with which the history is written: the operator's limits and rules apply to what happens later.
fn settings_of_demo(settings: &ServiceSettings) -> ServiceSettings {
    ServiceSettings {
        time_zone: settings.time_zone.clone(),
        password_method: settings.password_method,
        ..Config::default().service
    }
}

/// Nobody has a confirmation of anything in the history yet. So it is synced once, at its end.
async fn fill(
    service: &Arc<Service>,
    time: &SimulatedTime,
    disk: &HastyDisk,
) -> Result<Demo, ServiceError> {
    if !service.is_new().await? {
        return Err(ServiceError::NotEmpty);
    }
    disk.hurry();
    let filled = service.fill_with_demo(time).await;
    let disk = disk.clone();
    let finished: io::Result<()> =
        task::spawn_blocking(move || disk.finish()).await.map_err(ServiceError::internal)?;
    finished.map_err(ServiceError::internal)?;
    filled
}

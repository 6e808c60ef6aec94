//! Writes the demo before its server starts.

use std::sync::Arc;

use tokio::task;

use super::{Machine, StartError, assemble};
use crate::config::{Config, StorageConfig};
use crate::disk::{HastyDisk, UnusableFolder};
use crate::metrics::Metrics;
use crate::service::{Demo, Service, ServiceError, ServiceSettings, SimulatedTime};

/// Creates the demo family and its history with a service of its own, in simulated time, and closes its data.
///
/// Fails if there is a record of any kind; then nothing changes. If the process ends meanwhile, a part of the demo
/// remains, and the directory cannot be used for another one.
pub(super) async fn write(
    machine: &Machine,
    storage: &StorageConfig,
    settings: &ServiceSettings,
) -> Result<Demo, StartError> {
    let now = machine.clock.now();
    let time = SimulatedTime::ending(now);
    let disk = HastyDisk::new(Arc::clone(&machine.disk));
    let stage = Machine { clock: time.clock(), disk: Arc::new(disk.clone()), ..machine.clone() };
    let (storage, settings) = (storage.clone(), settings_of_demo(settings));
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
    let finished = task::spawn_blocking(move || disk.finish()).await;
    finished.map_err(ServiceError::internal)?.map_err(ServiceError::internal)?;
    filled
}

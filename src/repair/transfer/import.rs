//! `goldstar import`

use std::path::Path;

use tokio::sync::mpsc;
use tokio::task::{block_in_place, spawn_blocking};

use super::erasures;
use super::error::{TransferError, refuse};
use super::imported::{Imported, LastEvents};
use super::rows::Rows;
use super::source::ImportSource;
use crate::disk::RealDisk;
use crate::domain::{ErasureList, IdempotencyRecord, Timestamp};
use crate::repair::inspect::examine;
use crate::store::json::progress::Progress;
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::position::{PLACES, last_of};
use crate::store::postgres::sql::bulk as sql;
use crate::store::postgres::{DatabaseUrl, Failure};

/// Copies a data directory that no server uses into an empty database, in one transaction. The
/// directory is checked first, and not changed. Needs about 50 bytes of memory for each event.
pub async fn import(
    url: &DatabaseUrl,
    data: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<Imported, TransferError> {
    // Wrong points are imported as they are.
    let checked = block_in_place(|| examine(&RealDisk, data, now, progress, false));
    let (report, examined) = checked?;
    let list = erasures::directory_erasures(&RealDisk, data)?;
    let (disk, data) = (Box::new(RealDisk), data.to_owned());
    let source = ImportSource { disk, data, report, examined, list, erased: None };
    Box::pin(import_from(url, source, now, progress)).await
}

/// Imports what was examined.
pub(crate) async fn import_from(
    url: &DatabaseUrl,
    mut source: ImportSource,
    now: Timestamp,
    progress: &Progress,
) -> Result<Imported, TransferError> {
    refuse(&source.data, &source.report)?;
    let list = source.list.take();
    let bulk = Bulk::writing(url).await?;
    let first_xid = require_empty(&bulk).await?;
    // The next batch is read while one is copied.
    let (sender, mut batches) = mpsc::channel(1);
    let rows = Rows::new(source, now, sender);
    let reading = {
        let progress = progress.clone();
        spawn_blocking(move || rows.read(&progress))
    };
    while let Some(batch) = batches.recv().await {
        batch.copy(&bulk).await?;
    }
    let (imported, last_events) = reading.await.map_err(|_| TransferError::Panicked)??;
    let needed = imported.events / PLACES + 1;
    if needed >= first_xid {
        let missing = needed + 1 - first_xid;
        return Err(TransferError::TooMany { events: imported.events, missing });
    }
    finish(bulk, &imported, &last_events, list.as_ref()).await?;
    Ok(imported)
}

/// Fails unless the database is empty. Returns the number of this transaction.
async fn require_empty(bulk: &Bulk) -> Result<u64, TransferError> {
    let state = bulk.rows(&sql::IMPORT_STATE, &[]).await?;
    let state = state.first().ok_or(Failure::Stopping)?;
    if !state.get::<_, bool>("is_empty") {
        return Err(TransferError::NotEmpty);
    }
    if state.get("is_served") {
        return Err(TransferError::Served);
    }
    Ok(state.get::<_, i64>("xid").unsigned_abs())
}

async fn finish(
    bulk: Bulk,
    imported: &Imported,
    last: &LastEvents,
    erased: Option<&ErasureList>,
) -> Result<(), Failure> {
    if let Some(list) = erased {
        erasures::write(&bulk, list).await?;
    }
    let LastEvents { keys, seqs, times } = last;
    bulk.rows(&sql::SET_LAST_EVENTS, &[keys, seqs, times]).await?;
    let cursor = format!("{{\"through\":{}}}", last_of(imported.events).0);
    bulk.rows(&sql::NEW_EPOCH, &[]).await?;
    let lifetime = Timestamp::EPOCH.after(IdempotencyRecord::LIFETIME).as_micros();
    bulk.rows(&sql::END_IMPORT, &[&cursor, &lifetime]).await?;
    bulk.commit().await?;
    if let Err(failure) = bulk.vacuum().await {
        let error = failure.line();
        tracing::warn!(%error, "everything was imported; VACUUM failed: autovacuum repeats it");
    }
    Ok(())
}

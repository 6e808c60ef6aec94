//! The erasure list of a database.

use std::path::Path;

use tokio_postgres::types::ToSql;

use super::error::TransferError;
use crate::clock::random;
use crate::disk::{Disk, read_if_exists};
use crate::domain::{ErasureList, Timestamp};
use crate::store::json::damage::OpenError;
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::erasures::list_of;
use crate::store::postgres::sql::erasures as sql;
use crate::store::postgres::{DatabaseUrl, Failure};

/// Returns the erasure list of a database; `None` if it has not begun.
pub async fn database_erasures(
    url: &DatabaseUrl,
    now: Timestamp,
) -> Result<Option<ErasureList>, TransferError> {
    Ok(read(&Bulk::reading(url).await?, now).await?)
}

/// Begins the list of a database that has none.
pub(super) async fn begin_erasures(url: &DatabaseUrl, now: Timestamp) -> Result<(), TransferError> {
    if database_erasures(url, now).await?.is_some() {
        return Ok(());
    }
    let bulk = Bulk::writing(url).await?;
    bulk.rows(&sql::PUT_ERASURES_KEY, &[&ErasureList::new(random(), now).key]).await?;
    Ok(bulk.commit().await?)
}

/// Returns the erasure list in the file of a directory; `None` if there is no file.
pub fn directory_erasures(
    disk: &dyn Disk,
    data: &Path,
) -> Result<Option<ErasureList>, TransferError> {
    let path = data.join(ErasureList::FILE);
    let Some(bytes) = read_if_exists(disk, &path).map_err(OpenError::io(&path))? else {
        return Ok(None);
    };
    let parsed = ErasureList::parse(&bytes);
    Ok(Some(parsed.map_err(|fault| TransferError::ErasureList { path, fault })?))
}

/// Reads the list, which is complete until `now`.
pub(super) async fn read(bulk: &Bulk, now: Timestamp) -> Result<Option<ErasureList>, Failure> {
    let header = bulk.rows(&sql::ERASURES_HEADER, &[]).await?;
    let Some(header) = header.first() else { return Ok(None) };
    list_of(header, &bulk.rows(&sql::ERASURES, &[]).await?, now)
}

/// Adds a list to that of the database, which is empty or has the same key.
pub(super) async fn write(bulk: &Bulk, list: &ErasureList) -> Result<(), Failure> {
    bulk.rows(&sql::SET_ERASURES_KEY, &[&list.key]).await?;
    let missing = list.missing.map(|missing| missing.to_string());
    bulk.rows(&sql::SET_ERASURES_MISSING, &[&missing]).await?;
    for (account, erased_at) in &list.erased {
        let values: [&(dyn ToSql + Sync); 2] = [account, &erased_at.as_micros()];
        bulk.rows(&sql::ADD_ERASURE, &values).await?;
    }
    Ok(())
}

//! Deletes accounts of a restored database again.

use std::path::Path;

use tokio_postgres::types::ToSql;

use super::erasures::{read, write};
use super::error::TransferError;
use crate::domain::{Deletion, ErasureList, Timestamp, User};
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::{Record as _, merge};
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::sql::erasures as sql;
use crate::store::postgres::{DatabaseUrl, Failure};

/// Marks each account of a list that exists in the database as one whose deletion has started: nobody can
/// use or restore it, and the first server that starts completes the deletion. Returns their number.
///
/// `path` is the place of the list, for errors.
pub async fn erase_again(
    url: &DatabaseUrl,
    list: &ErasureList,
    path: &Path,
) -> Result<usize, TransferError> {
    let bulk = Bulk::writing(url).await?;
    let mut merged = list.clone();
    // A restored database does not know until when its own list is complete.
    if let Some(own) = read(&bulk, Timestamp::EPOCH).await?
        && !merged.merge(&own)
        && !own.erased.is_empty()
    {
        return Err(TransferError::OtherList(path.to_owned()));
    }
    let mut erased = 0;
    for row in bulk.rows(&sql::ACCOUNTS, &[]).await? {
        let id: &str = row.try_get("id").map_err(Failure::from)?;
        if !list.contains(id) {
            continue;
        }
        let family: i64 = row.try_get("family_id").map_err(Failure::from)?;
        let text = marked(row.try_get("row").map_err(Failure::from)?)?;
        let values: [&(dyn ToSql + Sync); 3] = [&family, &id, &text];
        bulk.rows(&sql::START_DELETION, &values).await?;
        erased += 1;
    }
    write(&bulk, &merged).await?;
    bulk.commit().await?;
    Ok(erased)
}

/// The row of an account after its deletion has started.
fn marked(row: &str) -> Result<String, TransferError> {
    let malformed = |fault: &dyn std::fmt::Display| TransferError::Malformed(fault.to_string());
    let fields = Fields::parse(row).map_err(|fault| malformed(&fault))?;
    let old = User::decode(&fields).map_err(|fault| malformed(&fault))?;
    if old.deletion.as_ref().is_some_and(Deletion::has_started) {
        return Ok(row.to_owned());
    }
    let started = Deletion { in_progress: true, ..Deletion::marked(Timestamp::EPOCH) };
    let new = User { deletion: Some(started), ..old.clone() };
    Ok(merge(row, &old, &new).to_string())
}

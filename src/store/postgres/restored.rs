//! Databases that were restored from a backup.
//!
//! Clients may have seen later events than the backup contains, and new events get their numbers. And a
//! new cluster numbers its transactions from the beginning: followers, which read the events in the
//! order of these numbers, would not reach the new ones.

use serde_json::{Value, json};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::connect::{rows, typed};
use super::error::Failure;
use super::events::count;
use super::open_error::OpenError;
use super::position::{last_of, parts, place_of};
use super::sql;
use crate::domain::Position;

/// Begins a new epoch unless the database is the one that was opened last, and numbers the events again
/// if that is necessary. The transaction has the lock of migrations.
pub(super) async fn adopt(transaction: &mut Transaction<'_>) -> Result<(), OpenError> {
    let origin = origin(transaction).await?;
    let found = rows(transaction, &sql::LAST_START, &[]).await?;
    let found = found.first().ok_or(Failure::Stopping)?;
    let (last, is_ahead): (Option<&str>, bool) = (found.get("origin"), found.get("is_ahead"));
    rows(transaction, &sql::FORGET_ORDER, &[]).await?;
    if last != Some(&*origin) {
        rows(transaction, &sql::PUT_ORIGIN, &[&origin]).await?;
    }
    // The database of an earlier version has no origin.
    if last.is_some_and(|last| last != origin) || is_ahead {
        rows(transaction, &sql::bulk::NEW_EPOCH, &[]).await?;
        tracing::warn!("the database was restored or promoted: the ids of events have a new epoch");
    }
    if is_ahead {
        let xid: i64 = found.get("xid");
        renumber(transaction, xid.unsigned_abs()).await?;
    }
    Ok(())
}

/// What identifies the database. Some services do not permit all of it.
async fn origin(transaction: &mut Transaction<'_>) -> Result<String, Failure> {
    // An error ends only the savepoint.
    let savepoint = transaction.transaction().await?;
    let found = match rows(&savepoint, &sql::ORIGIN, &[]).await {
        Err(Failure::Database(error)) if error.as_db_error().is_some() => {
            savepoint.rollback().await?;
            let cause = Failure::Database(error).line();
            tracing::warn!(
                cause,
                "the cluster of the database is unknown: a recovery and a promoted standby are not noticed"
            );
            rows(transaction, &sql::ORIGIN_IN_CLUSTER, &[]).await?
        }
        found => {
            savepoint.commit().await?;
            found?
        }
    };
    let found = found.first().ok_or(Failure::Stopping)?;
    Ok(found.try_get("origin")?)
}

/// Gives all events positions of transactions that have ended.
async fn renumber(transaction: &Transaction<'_>, xid: u64) -> Result<(), OpenError> {
    tracing::warn!("this cluster has executed fewer transactions: the events get new positions");
    let last = Position(i64::MAX.unsigned_abs());
    let needed = place_of(count_up_to(transaction, last).await?).0;
    if needed >= xid {
        return Err(OpenError::TooFewTransactions { missing: needed + 1 - xid });
    }
    for row in rows(transaction, &sql::CURSORS, &[]).await? {
        let (follower, cursor): (&str, &str) = (row.get("follower"), row.get("cursor"));
        // The follower reports a cursor that it cannot read.
        let Some(reached) = reached(cursor) else { continue };
        let done = count_up_to(transaction, reached).await?;
        let cursor = json!({"through": last_of(done)}).to_string();
        rows(transaction, &sql::PUT_CURSOR, &[&follower, &cursor]).await?;
    }
    transaction.batch_execute(sql::RENUMBER).await.map_err(Failure::from)?;
    Ok(())
}

/// The number of events up to a position. It may take any time.
async fn count_up_to(transaction: &Transaction<'_>, last: Position) -> Result<u64, Failure> {
    let (xid, place) = parts(last);
    let (sql, values): (_, [&(dyn ToSql + Sync); 2]) = (&sql::COUNT_UP_TO, [&xid, &place]);
    let counted = transaction.query_typed_one(sql.text, &typed(sql, &values)).await?;
    Ok(count(&counted)? as u64)
}

/// The position up to which a follower has done everything: the smallest number in its cursor. `None` if
/// the cursor cannot be read.
fn reached(cursor: &str) -> Option<Position> {
    fn smallest(value: &Value) -> Option<u64> {
        match value {
            Value::Object(fields) => fields.values().filter_map(smallest).min(),
            other => other.as_u64(),
        }
    }
    smallest(&serde_json::from_str(cursor).ok()?).map(Position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_counts_as_its_smallest_position() {
        assert_eq!(reached("{\"through\":7}"), Some(Position(7)));
        assert_eq!(reached("{\"through\":7,\"lagging\":{\"u\":5}}"), Some(Position(5)));
        assert_eq!(reached("{\"through\":7,\"lagging\":{}}"), Some(Position(7)));
        assert_eq!(reached("unreadable"), None);
    }
}

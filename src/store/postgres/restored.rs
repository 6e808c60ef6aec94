//! Databases that were restored from a backup.
//!
//! Clients may have seen later events than the backup contains, and new events get their numbers. And a
//! new cluster numbers its transactions from the beginning: followers, which read the events in the
//! order of these numbers, would not reach the new ones.

use serde_json::{Value, json};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::connect::{rows, typed};
use super::error::{Failure, OpenError};
use super::events::count;
use super::position::{last_of, parts, place_of};
use super::sql;
use crate::domain::Position;

/// Begins a new epoch, and numbers the events again if that is necessary, unless the database is the one
/// that was opened last. The transaction has the lock of migrations.
pub(super) async fn adopt(transaction: &Transaction<'_>) -> Result<(), OpenError> {
    let found = rows(transaction, &sql::ORIGIN, &[]).await?;
    let found = found.first().ok_or(Failure::Stopping)?;
    let (origin, last): (&str, Option<&str>) = (found.get("origin"), found.get("last"));
    if last == Some(origin) {
        return Ok(());
    }
    rows(transaction, &sql::PUT_ORIGIN, &[&origin]).await?;
    if last.is_none() {
        return Ok(());
    }
    rows(transaction, &sql::bulk::NEW_EPOCH, &[]).await?;
    tracing::warn!("the database was restored or promoted: the ids of events have a new epoch");
    let found = rows(transaction, &sql::NEXT_XID, &[]).await?;
    let found = found.first().ok_or(Failure::Stopping)?;
    if found.get("is_ahead") {
        let xid: i64 = found.get("xid");
        renumber(transaction, xid.unsigned_abs()).await?;
    }
    Ok(())
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
        let done = count_up_to(transaction, reached(cursor)).await?;
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

/// The position up to which a follower has done everything: the smallest number in its cursor.
fn reached(cursor: &str) -> Position {
    fn smallest(value: &Value) -> Option<u64> {
        match value {
            Value::Object(fields) => fields.values().filter_map(smallest).min(),
            other => other.as_u64(),
        }
    }
    let cursor: Option<Value> = serde_json::from_str(cursor).ok();
    Position(cursor.as_ref().and_then(smallest).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_counts_as_its_smallest_position() {
        assert_eq!(reached("{\"through\":7}"), Position(7));
        assert_eq!(reached("{\"through\":7,\"lagging\":{\"u\":5}}"), Position(5));
        assert_eq!(reached("{\"through\":7,\"lagging\":{}}"), Position(7));
        assert_eq!(reached("unreadable"), Position::START);
    }
}

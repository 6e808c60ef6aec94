//! Removes what has expired.

use std::sync::Arc;

use tokio_postgres::Row;

use super::administration::LOG;
use super::error::{Failure, Kind};
use super::events::rows_limit;
use super::inner::Inner;
use super::sql;
use crate::domain::{ApiToken, LogEntry, Message, Session, Timestamp, TokenHash};
use crate::store::Expiry;

/// The most records that are removed at once.
const BATCH: usize = 1000;

/// Removes expired sessions, idempotency keys, ended requests, messages, marks and entries of the administration
/// log in batches. Returns the sessions.
pub(super) async fn remove(inner: &Inner, expiry: &Expiry) -> Result<Vec<TokenHash>, Failure> {
    inner.rows_under(expiry.lease.as_ref(), &sql::REMOVE_OLD, &[]).await?;
    // A crash may have left the link of a deleted account.
    inner.rows_under(expiry.lease.as_ref(), &sql::UNLINK, &[&None::<&str>]).await?;
    remove_all(inner, expiry, "idempotency_keys", None).await?;
    if expiry.sessions {
        for kind in ["ended_requests", "messages", "schedule_marks", "administration"] {
            remove_all(inner, expiry, kind, Some(expiry.now)).await?;
        }
        let most = rows_limit(Message::MOST);
        inner.rows_under(expiry.lease.as_ref(), &sql::TRIM_MESSAGES, &[&most]).await?;
        let most = rows_limit(LogEntry::MOST);
        inner.rows_under(expiry.lease.as_ref(), &sql::TRIM_LOG, &[&LOG, &most]).await?;
        tokens(&remove_all(inner, expiry, "sessions", Some(expiry.now)).await?)
    } else {
        Ok(Vec::new())
    }
}

async fn remove_all(
    inner: &Inner,
    expiry: &Expiry,
    kind: &str,
    until: Option<Timestamp>,
) -> Result<Vec<Row>, Failure> {
    let mut removed = Vec::new();
    loop {
        let found = batch(inner, expiry, kind, until.map(Timestamp::as_micros)).await?;
        let is_last = found.len() < BATCH;
        removed.extend(found);
        if is_last {
            return Ok(removed);
        }
    }
}

/// The sessions that may end too late.
pub(super) async fn late_sessions(
    inner: Arc<Inner>,
    expiry: Expiry,
) -> Result<Vec<TokenHash>, Failure> {
    let latest = |lifetime| expiry.now.after(lifetime).as_micros();
    let latest = [Session::LIFETIME, Session::DEVICE_LIFETIME, ApiToken::LIFETIME].map(latest);
    let [of_sessions, of_devices, of_tokens] = latest;
    tokens(&inner.db.rows(&sql::LATE_SESSIONS, &[&of_sessions, &of_devices, &of_tokens]).await?)
}

/// Removes a batch. Commits of the same families may come between.
async fn batch(
    inner: &Inner,
    expiry: &Expiry,
    kind: &str,
    until: Option<i64>,
) -> Result<Vec<Row>, Failure> {
    const ATTEMPTS: usize = 5;
    let lease = expiry.lease.as_ref();
    let remove =
        async || inner.rows_under(lease, &sql::EXPIRE, &[&until, &kind, &rows_limit(BATCH)]).await;
    for _ in 1..ATTEMPTS {
        match remove().await {
            Err(failure) if failure.kind() == Kind::Conflict => {}
            other => return other,
        }
    }
    remove().await
}

fn tokens(found: &[Row]) -> Result<Vec<TokenHash>, Failure> {
    let token = |row: &Row| Ok(TokenHash(row.try_get::<_, &str>("id")?.into()));
    found.iter().map(token).collect()
}

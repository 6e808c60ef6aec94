//! Removes what has expired.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;

use super::error::{Failure, Kind};
use super::inner::Inner;
use super::sql::{self, Sql};
use crate::domain::{Session, TokenHash};
use crate::store::Expiry;

/// A session that ends later than this after now may be shortened.
const LONGEST_SESSION: Duration = Session::LIFETIME;

/// Removes expired sessions and idempotency keys in batches. Returns the sessions.
pub(super) async fn remove(inner: &Inner, expiry: &Expiry) -> Result<Vec<TokenHash>, Failure> {
    let keys = expiry.keys.now.as_micros();
    while count(&batch(inner, &sql::EXPIRE_KEYS, keys).await?)? > 0 {}
    let mut removed = Vec::new();
    if !expiry.sessions {
        return Ok(removed);
    }
    loop {
        let found = batch(inner, &sql::EXPIRE_SESSIONS, expiry.now.as_micros()).await?;
        if found.is_empty() {
            return Ok(removed);
        }
        removed.extend(tokens(&found)?);
    }
}

/// The sessions that may end too late.
pub(super) async fn late_sessions(
    inner: Arc<Inner>,
    expiry: Expiry,
) -> Result<Vec<TokenHash>, Failure> {
    let latest = expiry.now.after(LONGEST_SESSION).as_micros();
    tokens(&inner.db.rows(&sql::LATE_SESSIONS, &[&latest]).await?)
}

/// Removes a batch. Commits of the same families may come between.
async fn batch(inner: &Inner, sql: &Sql, until: i64) -> Result<Vec<Row>, Failure> {
    const ATTEMPTS: usize = 5;
    for _ in 1..ATTEMPTS {
        match inner.db.rows(sql, &[&until]).await {
            Err(failure) if failure.kind() == Kind::Conflict => {}
            other => return other,
        }
    }
    inner.db.rows(sql, &[&until]).await
}

fn count(found: &[Row]) -> Result<i64, Failure> {
    found.first().map_or(Ok(0), |row| Ok(row.try_get("number")?))
}

fn tokens(found: &[Row]) -> Result<Vec<TokenHash>, Failure> {
    let token = |row: &Row| Ok(TokenHash(row.try_get::<_, &str>("id")?.into()));
    found.iter().map(token).collect()
}

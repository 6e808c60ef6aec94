//! The list of deleted accounts.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql;
use crate::clock::random;
use crate::domain::{ErasureList, Missing, Timestamp, UserId};
use crate::store::{BoxFuture, CommitError, Erasures, Fence, ReadError};

/// The table of a store's database.
pub(super) struct ErasureTable(pub(super) Runtime);

/// Reads the list, or begins it.
async fn read(inner: &Inner, now: Timestamp) -> Result<ErasureList, Failure> {
    let new = ErasureList::new(random(), now);
    inner.db.rows(&sql::PUT_ERASURES_KEY, &[&new.key]).await?;
    let header = inner.db.row(&sql::ERASURES_HEADER, &[]).await?;
    let list = list_of(&header, &inner.db.rows(&sql::ERASURES, &[]).await?, now)?;
    Ok(list.unwrap_or(new))
}

/// The list, complete until `now`, of the rows of [`sql::ERASURES_HEADER`] and [`sql::ERASURES`]; `None` if it
/// has not begun.
pub(crate) fn list_of(
    header: &Row,
    rows: &[Row],
    now: Timestamp,
) -> Result<Option<ErasureList>, Failure> {
    let Some(key) = header.try_get("key")? else { return Ok(None) };
    let missing = header.try_get::<_, Option<&str>>("missing")?.map(Missing::parse);
    let missing = missing.transpose().map_err(Failure::Malformed)?;
    let erased = rows.iter().map(|row| {
        let erased_at = Timestamp::from_micros(row.try_get("erased_at")?);
        Ok((row.try_get("account")?, erased_at))
    });
    let erased = erased.collect::<Result<_, Failure>>()?;
    Ok(Some(ErasureList { key, complete_until: now, missing, erased }))
}

impl Erasures for ErasureTable {
    fn add(
        &self,
        user_id: UserId,
        now: Timestamp,
        lease: Option<Fence>,
    ) -> BoxFuture<'static, Result<(), CommitError>> {
        let added = self.0.run(async move |inner: Arc<Inner>| {
            let account = read(&inner, now).await?.hash(user_id.as_str());
            let values: [&(dyn ToSql + Sync); 2] = [&account, &now.as_micros()];
            inner.rows_under(lease.as_ref(), &sql::ADD_ERASURE, &values).await.map(|_| ())
        });
        Box::pin(async move { Ok(added.await?) })
    }

    fn list(&self, now: Timestamp) -> BoxFuture<'static, Result<ErasureList, ReadError>> {
        let read = self.0.run(async move |inner: Arc<Inner>| read(&inner, now).await);
        Box::pin(async move { Ok(read.await?) })
    }
}

//! The list of deleted accounts.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql;
use crate::clock::random;
use crate::domain::{ErasureList, Timestamp, UserId};
use crate::store::{BoxFuture, CommitError, Erasures, Fence, ReadError};

/// The table of a store's database.
pub(super) struct ErasureTable(pub(super) Runtime);

/// Reads the list, or begins it.
async fn read(inner: &Inner, now: Timestamp) -> Result<ErasureList, Failure> {
    let new = ErasureList::new(random(), now);
    inner.db.rows(&sql::PUT_ERASURES_KEY, &[&new.key]).await?;
    let key = inner.db.row(&sql::ERASURES_KEY, &[]).await?;
    let mut list = ErasureList { key: key.try_get("key")?, ..new };
    add_rows(&mut list, &inner.db.rows(&sql::ERASURES, &[]).await?)?;
    Ok(list)
}

/// Adds the rows of [`sql::ERASURES`] to a list.
pub(crate) fn add_rows(list: &mut ErasureList, rows: &[Row]) -> Result<(), Failure> {
    for row in rows {
        let erased_at = Timestamp::from_micros(row.try_get("erased_at")?);
        list.erased.insert(row.try_get("account")?, erased_at);
    }
    Ok(())
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

//! The requests of devices, for all servers together.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::events::rows_limit;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql;
use crate::domain::{Name, Timestamp, TokenHash};
use crate::store::{
    BoxFuture, CommitError, DeviceRequest, DeviceRequests, NotOpened, OpenLimits, ReadError,
};

/// The table of a store's database.
pub(super) struct RequestTable(pub(super) Runtime);

fn request(row: &Row) -> Result<DeviceRequest, Failure> {
    Ok(DeviceRequest {
        user_code: TokenHash(row.try_get::<_, &str>("user_code_sha256")?.into()),
        device_code: TokenHash(row.try_get::<_, &str>("device_code_sha256")?.into()),
        device_name: Name::from_stored(row.try_get::<_, &str>("device_name")?),
        network: row.try_get::<_, &str>("network")?.into(),
        expires_at: Timestamp::from_micros(row.try_get("expires_at")?),
    })
}

async fn open(
    inner: &Inner,
    new: &DeviceRequest,
    limits: OpenLimits,
    now: Timestamp,
) -> Result<Result<(), NotOpened>, Failure> {
    let (total, own) = (rows_limit(limits.in_total), rows_limit(limits.per_network));
    let (ends, now) = (new.expires_at.as_micros(), now.as_micros());
    let values: [&(dyn ToSql + Sync); 8] = [
        &&*new.user_code.0,
        &&*new.device_code.0,
        &new.device_name.as_str(),
        &&*new.network,
        &ends,
        &now,
        &total,
        &own,
    ];
    let row = inner.db.row(&sql::OPEN_DEVICE_REQUEST, &values).await?;
    let full: Option<i64> = row.try_get("full")?;
    Ok(match full {
        Some(until) => Err(NotOpened::Full(Timestamp::from_micros(until))),
        None if row.try_get("is_added")? => Ok(()),
        None => Err(NotOpened::SameCode),
    })
}

impl DeviceRequests for RequestTable {
    fn open(
        &self,
        request: DeviceRequest,
        limits: OpenLimits,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Result<(), NotOpened>, CommitError>> {
        let opened =
            self.0.run(async move |inner: Arc<Inner>| open(&inner, &request, limits, now).await);
        Box::pin(async move { Ok(opened.await?) })
    }

    fn find(
        &self,
        user_code: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<DeviceRequest>, ReadError>> {
        let found = self.0.run(async move |inner: Arc<Inner>| {
            let values: [&(dyn ToSql + Sync); 2] = [&&*user_code.0, &now.as_micros()];
            let rows = inner.db.rows(&sql::FIND_DEVICE_REQUEST, &values).await?;
            rows.first().map(request).transpose()
        });
        Box::pin(async move { Ok(found.await?) })
    }

    fn claim(
        &self,
        user_code: TokenHash,
        claimant: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<DeviceRequest>, CommitError>> {
        let claimed = self.0.run(async move |inner: Arc<Inner>| {
            let now = now.as_micros();
            let values: [&(dyn ToSql + Sync); 3] = [&&*user_code.0, &&*claimant.0, &now];
            let rows = inner.db.rows(&sql::CLAIM_DEVICE_REQUEST, &values).await?;
            rows.first().map(request).transpose()
        });
        Box::pin(async move { Ok(claimed.await?) })
    }

    fn is_open(
        &self,
        device_code: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, ReadError>> {
        let is_open = self.0.run(async move |inner: Arc<Inner>| {
            let values: [&(dyn ToSql + Sync); 2] = [&&*device_code.0, &now.as_micros()];
            Ok(inner.db.row(&sql::IS_DEVICE_REQUEST_OPEN, &values).await?.try_get("is_open")?)
        });
        Box::pin(async move { Ok(is_open.await?) })
    }

    fn close(&self, device_code: TokenHash) -> BoxFuture<'static, Result<(), CommitError>> {
        let closed = self.0.run(async move |inner: Arc<Inner>| {
            inner.db.rows(&sql::CLOSE_DEVICE_REQUEST, &[&&*device_code.0]).await.map(|_| ())
        });
        Box::pin(async move { Ok(closed.await?) })
    }
}

//! The servers that write audit log files.

use std::sync::Arc;

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::{Connector, DatabaseUrl, rows};
use super::error::Failure;
use super::inner::Inner;
use super::migrate::require_newest;
use super::open_error::OpenError;
use super::runtime::Runtime;
use super::sql::{self, Sql};
use crate::domain::{Timestamp, UserId};
use crate::store::{BoxFuture, CommitError, Fence, LogServer, LogServers, ReadError};

/// A server as an operator sees it.
#[derive(Debug)]
pub struct ListedServer {
    pub server: LogServer,
    pub seen_at: Timestamp,
    /// The number of accounts whose logs it has not removed yet.
    pub removals: i64,
}

/// The servers that write audit log files on that database. Forgets the one with the id `forget`.
pub async fn log_servers(
    url: &DatabaseUrl,
    forget: Option<Uuid>,
) -> Result<Vec<ListedServer>, OpenError> {
    let connector = Connector::new(url)?;
    let hosts = connector.hosts();
    let named = |error| OpenError::of(error, &hosts);
    let connected = connector.connect().await;
    let (client, connection) =
        connected.map_err(|failure| OpenError::of_failure(failure, &hosts))?;
    let driver = tokio::spawn(connection);
    require_newest(&client, &hosts).await?;
    if let Some(id) = forget {
        rows(&client, &sql::FORGET_LOG_SERVER, &[&id]).await?;
    }
    let found = rows(&client, &sql::LOG_SERVERS, &[]).await?;
    driver.abort();
    let listed = found.iter().map(|row| {
        let server = LogServer { id: row.try_get("id")?, name: row.try_get("name")? };
        let seen_at = Timestamp::from_micros(row.try_get("seen_at")?);
        Ok(ListedServer { server, seen_at, removals: row.try_get("removals")? })
    });
    listed.collect::<Result<_, tokio_postgres::Error>>().map_err(named)
}

/// The servers on the database of a store.
pub(super) struct Logs(pub(super) Runtime);

type Written = BoxFuture<'static, Result<(), CommitError>>;

impl Logs {
    fn write<F>(&self, write: impl FnOnce(Arc<Inner>) -> F + 'static) -> Written
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let written = self.0.run(write);
        Box::pin(async move { Ok(written.await?) })
    }

    /// Executes a statement about an account while a lease is valid.
    fn write_under(&self, lease: Option<Fence>, sql: &'static Sql, user_id: UserId) -> Written {
        self.write(async move |inner| {
            inner.rows_under(lease.as_ref(), sql, &[&user_id.as_str()]).await.map(|_| ())
        })
    }
}

impl LogServers for Logs {
    fn register(&self, LogServer { id, name }: LogServer) -> Written {
        self.write(async move |inner| {
            inner.db.rows(&sql::REGISTER_LOG_SERVER, &[&id, &name]).await.map(|_| ())
        })
    }

    fn request(&self, user_id: UserId, lease: Option<Fence>) -> Written {
        self.write_under(lease, &sql::REQUEST_LOG_REMOVAL, user_id)
    }

    fn requested(&self, server: Uuid) -> BoxFuture<'static, Result<Vec<UserId>, ReadError>> {
        let read = self.0.run(async move |inner| {
            let found = inner.db.rows(&sql::REQUESTED_LOG_REMOVALS, &[&server]).await?;
            let ids = found.iter().map(|row| Ok(row.try_get::<_, &str>("user_id")?.into()));
            ids.collect()
        });
        Box::pin(async move { Ok(read.await?) })
    }

    fn confirm(&self, server: Uuid, user_id: UserId) -> Written {
        self.write(async move |inner| {
            let values: [&(dyn ToSql + Sync); 2] = [&server, &user_id.as_str()];
            inner.db.rows(&sql::CONFIRM_LOG_REMOVAL, &values).await.map(|_| ())
        })
    }

    fn unconfirmed(&self) -> BoxFuture<'static, Result<Vec<(UserId, LogServer)>, ReadError>> {
        let read = self.0.run(async |inner| {
            let found = inner.db.rows(&sql::UNCONFIRMED_LOG_REMOVALS, &[]).await?;
            let servers = found.iter().map(|row| {
                let server = LogServer { id: row.try_get("id")?, name: row.try_get("name")? };
                Ok((row.try_get::<_, &str>("user_id")?.into(), server))
            });
            servers.collect()
        });
        Box::pin(async move { Ok(read.await?) })
    }

    fn end(&self, user_id: UserId, lease: Option<Fence>) -> Written {
        self.write_under(lease, &sql::END_LOG_REMOVALS, user_id)
    }
}

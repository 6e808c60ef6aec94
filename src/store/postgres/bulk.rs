//! One long transaction on a connection of its own, for commands that read or write a whole database.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, RowStream};

use super::connect::{Connector, DatabaseUrl, typed};
use super::copy::CopyRows;
use super::error::Failure;
use super::migrate;
use super::open_error::OpenError;
use super::sql::{self, Sql};

/// The bytes that are sent at once.
const PIECE: usize = 1 << 16;

/// An open transaction. It is rolled back unless it is committed.
pub(crate) struct Bulk {
    client: Client,
    /// The hosts of the database, for messages.
    pub(crate) hosts: String,
}

impl Bulk {
    /// Brings the schema to the newest version, and begins a transaction that writes.
    pub(crate) async fn writing(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let connector = Connector::new(url)?;
        migrate::migrate(&connector).await?;
        Self::begin(&connector, sql::bulk::BEGIN_WRITING).await
    }

    /// Begins a transaction that reads one snapshot. Fails unless the schema has the newest version.
    pub(crate) async fn reading(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let bulk = Self::begin(&Connector::new(url)?, sql::bulk::BEGIN_READING).await?;
        migrate::require_newest(&bulk.client, &bulk.hosts).await?;
        Ok(bulk)
    }

    async fn begin(connector: &Connector, begin: &str) -> Result<Self, OpenError> {
        let hosts = connector.hosts();
        let mut connector = connector.clone();
        // `VACUUM` cannot be in a transaction, which the timeouts of `begin` are for.
        let options = connector.config.get_options().unwrap_or_default();
        let options = format!("{options} -c statement_timeout=0");
        connector.config.options(options);
        let connected = connector.connect().await;
        let (client, connection) =
            connected.map_err(|failure| OpenError::of_failure(failure, &hosts))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection ended");
            }
        });
        client.batch_execute(begin).await.map_err(|error| OpenError::of(error, &hosts))?;
        Ok(Self { client, hosts })
    }

    /// Copies rows into a table.
    pub(crate) async fn copy(&self, statement: &str, rows: CopyRows) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut rows: Bytes = rows.into_bytes();
        let mut sink = Box::pin(self.client.copy_in(statement).await?);
        while !rows.is_empty() {
            let piece = rows.split_to(rows.len().min(PIECE));
            sink.feed(piece).await?;
        }
        sink.as_mut().finish().await?;
        Ok(())
    }

    /// Executes a statement. It may take any time.
    pub(crate) async fn rows(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        Ok(self.client.query_typed(sql.text, &typed(sql, values)).await?)
    }

    /// Executes a statement whose rows are read one after the other.
    pub(crate) async fn stream(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Pin<Box<RowStream>>, Failure> {
        Ok(Box::pin(self.client.query_typed_raw(sql.text, typed(sql, values)).await?))
    }

    pub(crate) async fn commit(&self) -> Result<(), Failure> {
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    /// Makes the tables of a committed import fast.
    pub(crate) async fn vacuum(&self) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql::bulk::VACUUM).await?)
    }
}

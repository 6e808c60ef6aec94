//! Reads of records outside transactions.

use std::sync::Arc;

use tokio_postgres::Row;

use super::connect::{ATTEMPTS, give_back};
use super::error::Failure;
use super::inner::Inner;
use super::load::{Loaded, Wanted, load, parse};
use super::runtime::Runtime;
use super::sql::Sql;
use crate::domain::User;
use crate::store::{Scope, Snapshot};

impl Runtime {
    /// The records of a scope.
    pub(super) async fn records(&self, scope: &Scope) -> Result<Arc<dyn Snapshot>, Failure> {
        let mut wanted = Wanted::default();
        wanted.add_scope(scope);
        let load = async move |inner: Arc<Inner>| {
            for _ in 1..ATTEMPTS {
                match load_once(&inner, &wanted).await {
                    Err(failure) if inner.db.examine(&failure) => {}
                    other => return other,
                }
            }
            load_once(&inner, &wanted).await
        };
        // The state of the server says why.
        let loaded = self.run(load).await.inspect_err(|_| self.inner.suspicion.notify_one())?;
        let records = loaded.records.scoped(scope);
        // A change usually follows the check of the session.
        self.inner.recent.put(loaded);
        Ok(Arc::new(records))
    }

    /// The rows of a statement without parameters.
    pub(super) async fn rows(&self, sql: &'static Sql) -> Result<Vec<Row>, Failure> {
        self.run(async move |inner| inner.db.rows(sql, &[]).await).await
    }

    /// The user records of rows.
    pub(super) async fn users(&self, sql: &'static Sql) -> Result<Vec<User>, Failure> {
        let rows = self.rows(sql).await?;
        rows.iter().map(|row| parse(row.try_get("row")?)).collect()
    }
}

async fn load_once(inner: &Inner, wanted: &Wanted) -> Result<Loaded, Failure> {
    let client = inner.db.client().await?;
    let loaded = load(&inner.db.on(&**client, &client.statement_cache), wanted, false).await;
    give_back(client, matches!(loaded, Err(Failure::Late)));
    loaded
}

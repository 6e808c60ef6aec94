//! Connections to the database.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Metrics, Object, Pool, PoolError, RecyclingMethod,
    Runtime, StatementCache, TimeoutType, Transaction,
};
use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Connection, GenericClient, Row, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::Failure;
use super::open_error::OpenError;
use super::sql::Sql;
use crate::tls::client_config;

/// The number of connections of a server, without the one for notifications.
pub(super) const POOL_SIZE: usize = 16;
/// How long a request waits for a free connection.
pub(super) const POOL_WAIT: Duration = Duration::from_secs(3);
/// How long a statement takes at most. The database ends it earlier, after `statement_timeout`.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(8);
/// How often a repeatable statement is tried: each connection of the pool may be lost.
pub(super) const ATTEMPTS: usize = POOL_SIZE + 1;
/// How long a connection to one of several hosts takes at most: the next one may respond.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How much longer a connection with TLS and authentication takes.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(3);
/// After this time a connection is replaced: another server may have become the primary.
const LIFETIME: Duration = Duration::from_mins(10);
/// How long a connection may be silent before it is examined, and how long it may then not respond.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// The limits that the database enforces.
pub(super) const LIMITS: [(&str, &str); 3] = [
    ("statement_timeout", "5s"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "10s"),
];

/// The URL of a database. It is never shown: it contains the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    url: String,
    /// The URL for notifications, if it is another one.
    listen: Option<String>,
}

impl DatabaseUrl {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), listen: None }
    }

    /// Receives notifications over another URL, which leads to the same database.
    #[must_use]
    pub fn with_listen_url(self, listen: Option<Self>) -> Self {
        Self { listen: listen.map(|listen| listen.url), ..self }
    }

    /// The URL for notifications, if it is another one.
    pub(super) fn listen_url(&self) -> Option<Self> {
        self.listen.clone().map(Self::new)
    }

    /// Parses it, so that a mistake is found before the first connection.
    pub fn check(&self) -> Result<(), OpenError> {
        self.config().map(|_| ())
    }

    fn config(&self) -> Result<Config, OpenError> {
        // The driver does not know these names. Its `require` verifies the certificate and the host here.
        let url = self.url.replace("sslmode=verify-full", "sslmode=require");
        let url = url.replace("sslmode=verify-ca", "sslmode=require");
        let mut config = Config::from_str(&url).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            OpenError::Url(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Url("it names no host".to_owned()));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let limits = LIMITS.map(|(name, limit)| format!("-c {name}={limit}")).join(" ");
        // The last value counts: that of the URL.
        let options = [&*limits, config.get_options().unwrap_or_default()].join(" ");
        config.options(options.trim_end());
        config.application_name("goldstar");
        config.keepalives_idle(KEEPALIVE);
        config.tcp_user_timeout(KEEPALIVE);
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(config)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(hidden)")
    }
}

/// How to connect.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl Connector {
    pub(super) fn new(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Ok(Self { config: url.config()?, tls: tls()? })
    }

    /// The hosts, for error messages.
    pub(super) fn hosts(&self) -> String {
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(name).collect();
        hosts.join(", ")
    }

    /// How long a connection takes at most.
    fn timeout(&self) -> Duration {
        let of_one = self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1);
        of_one * hosts + LOGIN_TIMEOUT
    }

    /// Opens a connection outside the pool.
    pub(super) async fn connect(&self) -> Result<(Client, Notifying), Failure> {
        let connected = timeout(self.timeout(), self.config.connect(self.tls.clone())).await;
        let connected = connected.map_err(|_| Failure::NoConnection(None))?;
        connected.map_err(|error| Failure::NoConnection(Some(error)))
    }
}

/// A connection, which must be polled. It receives notifications.
pub(super) type Notifying =
    Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

fn tls() -> Result<MakeRustlsConnect, OpenError> {
    let config = client_config().map_err(|_| OpenError::NoCertificates)?;
    Ok(MakeRustlsConnect::new(config))
}

/// The connections of a server.
pub(super) struct Db {
    pool: Pool,
    /// Whether connections keep prepared statements: those of a pooler may not.
    prepares: AtomicBool,
    /// Connections from before this time are not used again.
    renewed: Arc<Mutex<Instant>>,
}

impl Db {
    pub(super) fn new(connector: &Connector) -> Self {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager =
            Manager::from_config(connector.config.clone(), connector.tls.clone(), recycling);
        let renewed = Arc::new(Mutex::new(Instant::now()));
        let since = Arc::clone(&renewed);
        let is_usable = Hook::sync_fn(move |_, metrics: &Metrics| {
            let is_old = metrics.age() > LIFETIME || metrics.created < *since.lock();
            if is_old { Err(HookError::message("it is too old")) } else { Ok(()) }
        });
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(connector.timeout()))
            .pre_recycle(is_usable)
            .build();
        // It fails only without a runtime.
        let pool = pool.unwrap_or_else(|error| panic!("{error}"));
        Self { pool, prepares: AtomicBool::new(true), renewed }
    }

    /// A connection, or a transaction on it, with the statements that are prepared on it.
    pub(super) fn on<'a, C>(&'a self, client: &'a C, statements: &'a StatementCache) -> On<'a, C> {
        On { client, statements, prepares: &self.prepares }
    }

    pub(super) async fn client(&self) -> Result<Object, Failure> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => Failure::NoConnection(Some(error)),
            PoolError::Timeout(TimeoutType::Wait) => Failure::Busy,
            PoolError::Timeout(_) => Failure::NoConnection(None),
            _ => Failure::Stopping,
        })
    }

    /// Replaces the connections if one of them shows that they must not be used again. Returns whether
    /// another connection may work at once.
    pub(super) fn examine(&self, failure: &Failure) -> bool {
        if failure.is_of_all_connections() {
            *self.renewed.lock() = Instant::now();
        }
        failure.is_of_connection()
    }

    /// Executes one statement on a free connection, and once more on another one if the connection
    /// was lost: it must be repeatable.
    pub(super) async fn rows(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        self.repeat(sql, values, false).await
    }

    /// Like [`Self::rows`] for a statement that each connection prepares.
    pub(super) async fn prepared(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        self.repeat(sql, values, true).await
    }

    async fn repeat(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
        is_prepared: bool,
    ) -> Result<Vec<Row>, Failure> {
        for _ in 1..ATTEMPTS {
            match self.rows_once(sql, values, is_prepared).await {
                Err(failure) if self.examine(&failure) => {}
                other => return other,
            }
        }
        self.rows_once(sql, values, is_prepared).await
    }

    async fn rows_once(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
        is_prepared: bool,
    ) -> Result<Vec<Row>, Failure> {
        let client = self.client().await?;
        let rows = if is_prepared {
            self.on(&**client, &client.statement_cache).rows(sql, values).await
        } else {
            rows(&**client, sql, values).await
        };
        give_back(client, matches!(rows, Err(Failure::Late)));
        rows
    }

    /// Like [`Self::rows`] for a statement that returns one row.
    pub(super) async fn row(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Failure> {
        let row = self.rows(sql, values).await?.pop();
        row.ok_or_else(|| Failure::Malformed("a statement returned nothing".to_owned()))
    }
}

/// Returns a connection to the pool. After a statement without a response in time it is closed instead:
/// the statement may still run, or the network may be silent.
pub(super) fn give_back(client: Object, is_late: bool) {
    if is_late {
        drop(Object::take(client));
    }
}

/// Begins a transaction.
pub(super) async fn begin(client: &mut Object) -> Result<Transaction<'_>, Failure> {
    let begun = tokio::time::timeout(STATEMENT_DEADLINE, client.transaction()).await;
    Ok(begun.map_err(|_| Failure::Late)??)
}

/// A connection, or a transaction on one, for the statements of every request: each is prepared when a
/// connection first executes it.
pub(super) struct On<'a, C> {
    pub(super) client: &'a C,
    statements: &'a StatementCache,
    prepares: &'a AtomicBool,
}

impl<C: GenericClient> On<'_, C> {
    /// Executes a statement whose plan does not depend on the values.
    pub(super) async fn rows(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        if self.prepares.load(Ordering::Relaxed) {
            match self.prepared_rows(sql, values).await {
                Err(failure) if failure.is_lost_statement() => {
                    if self.prepares.swap(false, Ordering::Relaxed) {
                        let error = failure.line();
                        tracing::warn!(%error, "a pooler keeps no prepared statements: none are used");
                    }
                }
                other => return other,
            }
        }
        rows(self.client, sql, values).await
    }

    async fn prepared_rows(
        &self,
        sql: &Sql,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let execute = async {
            let client = self.client.client();
            let statement = self.statements.prepare_typed(client, sql.text, sql.types).await?;
            self.client.query(&statement, values).await
        };
        let rows = tokio::time::timeout(STATEMENT_DEADLINE, execute).await;
        Ok(rows.map_err(|_| Failure::Late)??)
    }
}

/// Executes a statement in one round trip.
pub(super) async fn rows(
    client: &impl GenericClient,
    sql: &Sql,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Failure> {
    let typed = typed(sql, values);
    let statement = client.query_typed(sql.text, &typed);
    let rows = tokio::time::timeout(STATEMENT_DEADLINE, statement).await;
    Ok(rows.map_err(|_| Failure::Late)??)
}

/// The values of a statement with their types.
pub(super) fn typed<'a>(
    sql: &Sql,
    values: &[&'a (dyn ToSql + Sync)],
) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    debug_assert_eq!(values.len(), sql.types.len(), "{}", sql.text);
    values.iter().copied().zip(sql.types.iter().cloned()).collect()
}

//! How the store is opened.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::connect::{Connector, DatabaseUrl, Db};
use super::cursors::Cursors;
use super::ended::EndedSessions;
use super::inner::Inner;
use super::lease::Leases;
use super::migrate::{self, Migrated};
use super::open_error::OpenError;
use super::queue::Queue;
use super::runtime::Runtime;
use super::{PostgresStore, listen, sql};
use crate::clock::Clock;
use crate::domain::{Epoch, Timestamp};
use crate::metrics;

/// Brings the schema of a database to the newest version. A start of a server does the same.
pub async fn migrate_database(url: &DatabaseUrl) -> Result<Migrated, OpenError> {
    migrate::migrate(&Connector::new(url)?).await
}

impl PostgresStore {
    /// Opens the database, and brings its schema to the newest version.
    pub async fn open(
        url: &DatabaseUrl,
        clock: Clock,
        metrics: metrics::Store,
    ) -> Result<Self, OpenError> {
        let connector = Connector::new(url)?;
        migrate::migrate(&connector).await?;
        let inner = Arc::new(Inner::new(Db::new(&connector), clock, metrics));
        migrate::require_limits(&inner.db, &connector.hosts()).await?;
        let listener = listen::connector(&inner, url, connector).await?;
        let start = inner.db.row(&sql::START, &[]).await?;
        let epoch = Epoch::from_stored(start.get::<_, Option<&str>>("epoch").unwrap_or_default());
        let newest = start.get::<_, Option<i64>>("newest").map(Timestamp::from_micros);
        let seed = start.get::<_, Option<&str>>("seed").unwrap_or_default().into();
        let runtime = Runtime { inner: Arc::clone(&inner), handle: Handle::current() };
        let stop = CancellationToken::new();
        let tasks = [
            tokio::spawn(
                stop.clone().run_until_cancelled_owned(listen::notify(Arc::clone(&inner))),
            ),
            tokio::spawn(
                stop.clone()
                    .run_until_cancelled_owned(listen::listen(Arc::clone(&inner), listener)),
            ),
            tokio::spawn(stop.clone().run_until_cancelled_owned(listen::watch(Arc::clone(&inner)))),
        ];
        drop(tasks);
        let cursors = Arc::<Cursors>::default();
        Ok(Self {
            url: url.clone(),
            queue: Queue::new(inner, Handle::current()),
            runtime,
            leases: Arc::new(Leases::new(Arc::clone(&cursors))),
            cursors,
            epoch,
            newest,
            seed,
            ended: EndedSessions::default(),
            _tasks: stop.drop_guard(),
        })
    }
}

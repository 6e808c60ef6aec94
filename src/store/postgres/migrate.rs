//! The schema: numbered migrations, each of which is executed once.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Row, Transaction};

use super::connect::{Connector, Db, LIMITS, rows};
use super::error::{Failure, Forbidden};
use super::open_error::OpenError;
use super::{restored, sql};

/// The oldest supported version of PostgreSQL, as `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

/// In their order. A published migration is never changed.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", sql: include_str!("migrations/V0001__initial.sql") },
    Migration { version: 2, name: "kept", sql: include_str!("migrations/V0002__kept.sql") },
    Migration { version: 3, name: "shared", sql: include_str!("migrations/V0003__shared.sql") },
    Migration { version: 4, name: "logs", sql: include_str!("migrations/V0004__logs.sql") },
    Migration {
        version: 5,
        name: "reversals",
        sql: include_str!("migrations/V0005__reversals.sql"),
    },
    Migration { version: 6, name: "erasures", sql: include_str!("migrations/V0006__erasures.sql") },
    Migration { version: 7, name: "messages", sql: include_str!("migrations/V0007__messages.sql") },
    Migration {
        version: 8,
        name: "administration",
        sql: include_str!("migrations/V0008__administration.sql"),
    },
    Migration {
        version: 9,
        name: "schedules",
        sql: include_str!("migrations/V0009__schedules.sql"),
    },
    Migration {
        version: 10,
        name: "device_requests",
        sql: include_str!("migrations/V0010__device_requests.sql"),
    },
    Migration {
        version: 11,
        name: "webhooks",
        sql: include_str!("migrations/V0011__webhooks.sql"),
    },
    Migration { version: 12, name: "members", sql: include_str!("migrations/V0012__members.sql") },
    Migration { version: 13, name: "loaded", sql: include_str!("migrations/V0013__loaded.sql") },
];

/// The version of the schema after all migrations.
const NEWEST: i32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// What a migration has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The hosts of the database.
    pub hosts: String,
    /// The version of the schema before; 0 if the database was empty.
    pub from: i32,
    pub to: i32,
}

/// Brings the schema to the newest version, in one transaction. Several servers may start at the same
/// time: the second waits for the first.
pub(super) async fn migrate(connector: &Connector) -> Result<Migrated, OpenError> {
    let hosts = connector.hosts();
    let connected = connector.connect().await;
    let (mut client, connection) =
        connected.map_err(|failure| OpenError::of_failure(failure, &hosts))?;
    let driver = tokio::spawn(connection);
    let migrated = migrate_on(&mut client, &hosts).await;
    drop(client);
    if let Ok(Err(error)) = driver.await {
        tracing::debug!(%error, "the connection of the migration ended");
    }
    migrated
}

async fn migrate_on(client: &mut Client, hosts: &str) -> Result<Migrated, OpenError> {
    let named = |error| OpenError::of(error, hosts);
    let failed = |failure| OpenError::of_failure(failure, hosts);
    let mut transaction = client.transaction().await.map_err(named)?;
    transaction.batch_execute(sql::LOCK_MIGRATIONS).await.map_err(named)?;
    let state = rows(&transaction, &sql::SCHEMA_STATE, &[]).await.map_err(failed)?;
    let state = state.first().ok_or(OpenError::Other(Failure::Stopping))?;
    let found: i32 = state.get("server_version");
    if found < OLDEST_SERVER {
        return Err(OpenError::OldServer { found: found / 10_000 });
    }
    if state.get::<_, Option<&str>>("schema").is_none() {
        return Err(OpenError::NoPrivilege(None));
    }
    if !state.get::<_, bool>("is_ours") {
        if state.get("has_tables") {
            return Err(OpenError::Foreign);
        }
        transaction.batch_execute(sql::CREATE_MIGRATIONS).await.map_err(named)?;
    }
    let applied = rows(&transaction, &sql::APPLIED_MIGRATIONS, &[]).await.map_err(failed)?;
    let applied: Vec<(i32, String)> =
        applied.iter().map(|row| (row.get("version"), row.get("checksum"))).collect();
    for migration in unapplied(&applied)? {
        apply(&transaction, migration).await.map_err(failed)?;
    }
    require_privileges(&transaction).await.map_err(named_of(hosts))?;
    restored::adopt(&mut transaction).await.map_err(named_of(hosts))?;
    transaction.commit().await.map_err(named)?;
    let from = applied.last().map_or(0, |(version, _)| *version);
    Ok(Migrated { hosts: hosts.to_owned(), from, to: NEWEST })
}

/// The same error, with the remedy if it is one of the database.
fn named_of(hosts: &str) -> impl Fn(OpenError) -> OpenError {
    move |error| match error {
        OpenError::Other(failure) => OpenError::of_failure(failure, hosts),
        other => other,
    }
}

/// Fails unless the user has every privilege that a server needs.
async fn require_privileges(transaction: &Transaction<'_>) -> Result<(), OpenError> {
    let found =
        rows(transaction, &sql::RIGHTS, &[&LIMITS.map(|(name, _)| name).as_slice()]).await?;
    require_usable(&found).map_err(|failure| match failure {
        Failure::Forbidden(forbidden) => OpenError::NoTablePrivilege(forbidden),
        other => OpenError::Other(other),
    })
}

/// Fails if the database is read-only or permits too little now.
pub(super) async fn check_usable(db: &Db) -> Result<(), Failure> {
    let limits = LIMITS.map(|(name, _)| name);
    require_usable(&db.rows(&sql::RIGHTS, &[&limits.as_slice()]).await?)
}

/// Fails if the row of [`sql::RIGHTS`] shows that a privilege is missing.
fn require_usable(found: &[Row]) -> Result<(), Failure> {
    let row =
        found.first().ok_or_else(|| Failure::Malformed("no table of migrations".to_owned()))?;
    if row.try_get("is_read_only")? {
        return Err(Failure::ReadOnly);
    }
    let tables: Vec<&str> = row.try_get("forbidden")?;
    if tables.is_empty() {
        return Ok(());
    }
    let (user, schema) = (row.try_get("role")?, row.try_get("schema")?);
    Err(Forbidden { user, tables: tables.join(", "), schema }.into())
}

/// Fails unless the limits are in effect for the connections of the pool.
pub(super) async fn require_limits(db: &Db, hosts: &str) -> Result<(), OpenError> {
    let limits = LIMITS.map(|(name, _)| name);
    let row = db.row(&sql::RIGHTS, &[&limits.as_slice()]).await;
    let row = row.map_err(|failure| OpenError::of_failure(failure, hosts))?;
    let user: &str = row.get("role");
    let unlimited: Vec<&str> = row.get("unlimited");
    let missing = || LIMITS.iter().filter(|(name, _)| unlimited.contains(name));
    if unlimited.is_empty() {
        return Ok(());
    }
    let remedy = missing().map(|(name, limit)| format!("ALTER ROLE {user} SET {name} = '{limit}'"));
    Err(OpenError::NoTimeouts {
        limits: missing().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        remedy: remedy.collect::<Vec<_>>().join("; "),
    })
}

/// Fails unless the database has the newest schema. Changes nothing.
pub(super) async fn require_newest(client: &Client, hosts: &str) -> Result<(), OpenError> {
    let failed = |failure| OpenError::of_failure(failure, hosts);
    let state = rows(client, &sql::SCHEMA_STATE, &[]).await.map_err(failed)?;
    if !state.first().is_some_and(|state| state.get("is_ours")) {
        return Err(OpenError::NoSchema);
    }
    let applied = rows(client, &sql::APPLIED_MIGRATIONS, &[]).await.map_err(failed)?;
    let applied: Vec<(i32, String)> =
        applied.iter().map(|row| (row.get("version"), row.get("checksum"))).collect();
    if unapplied(&applied)?.is_empty() { Ok(()) } else { Err(OpenError::OldSchema) }
}

/// The migrations that are missing in a database with those versions and checksums.
fn unapplied(applied: &[(i32, String)]) -> Result<&'static [Migration], OpenError> {
    if let Some((found, _)) = applied.last().filter(|(version, _)| *version > NEWEST) {
        return Err(OpenError::NewerSchema { found: *found, known: NEWEST });
    }
    for (number, migration) in MIGRATIONS.iter().enumerate() {
        let Some((version, checksum)) = applied.get(number) else {
            return Ok(&MIGRATIONS[number..]);
        };
        if *version != migration.version || *checksum != migration.checksum() {
            return Err(OpenError::ChangedMigration { version: *version });
        }
    }
    Ok(&[])
}

async fn apply(transaction: &Transaction<'_>, migration: &Migration) -> Result<(), Failure> {
    transaction.batch_execute(migration.sql).await?;
    let checksum = migration.checksum();
    rows(transaction, &sql::ADD_MIGRATION, &[&migration.version, &migration.name, &checksum])
        .await?;
    tracing::info!(version = migration.version, name = migration.name, "the schema was changed");
    Ok(())
}

impl Migration {
    fn checksum(&self) -> String {
        let hash = Sha256::digest(self.sql);
        hash.iter().fold(String::new(), |mut text, byte| {
            // Writing to a `String` can't fail.
            write!(text, "{byte:02x}").unwrap_or_default();
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(migrations: &[Migration]) -> Vec<(i32, String)> {
        migrations.iter().map(|it| (it.version, it.checksum())).collect()
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (migration, version) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.version, version);
        }
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        assert_eq!(unapplied(&[]).unwrap().len(), MIGRATIONS.len());
        assert!(unapplied(&applied(MIGRATIONS)).unwrap().is_empty());
    }

    #[test]
    fn a_newer_and_a_changed_schema_are_refused() {
        let mut newer = applied(MIGRATIONS);
        newer.push((NEWEST + 1, "0".to_owned()));
        let error = unapplied(&newer).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(&format!("schema version {}", NEWEST + 1)), "{error}");
        let mut changed = applied(MIGRATIONS);
        changed[0].1 = "0".to_owned();
        let error = unapplied(&changed).map(|_| ());
        assert!(matches!(error, Err(OpenError::ChangedMigration { version: 1 })));
    }
}

//! `goldstar migrate-database`

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::report::Report;
use super::runtime::runtime;
use crate::config::{Config, Database, Flags};
use crate::store::postgres::{Migrated, migrate_database};

#[derive(Args)]
#[command(after_help = "\
A server does the same when it starts, if its user may change the tables. Servers can use the database \
meanwhile. All changes are made in one transaction: after an error nothing has changed.

The exit code is 0 if the tables have the newest version, 78 if the database has a newer version or the \
tables of another program, 2 for wrong arguments, and 1 for any other failure.

Examples:
  goldstar migrate-database --database-url postgres://owner@localhost/goldstar")]
pub(super) struct Arguments {
    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Database>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::resolve(&arguments.flags)?;
    let url = config.storage.database_url.ok_or(Failure::NoDatabaseUrl)?;
    let migrated = runtime()?.block_on(migrate_database(&url)).map_err(Failure::Migrate)?;
    let Migrated { hosts, from, to } = migrated;
    let done = || match from {
        0 => format!("was created with version {to}"),
        _ if from == to => format!("has version {to} already: nothing was changed"),
        _ => format!("was changed from version {from} to version {to}"),
    };
    arguments.report.print(
        "the schema is up to date",
        || json!({"hosts": hosts, "from": from, "to": to}),
        || format!("The schema of the database at {hosts} {}.", done()),
    )
}

//! `goldstar erasures`

use std::io::{self, Write as _};

use clap::Args;

use super::failure::Failure;
use super::runtime::runtime;
use crate::clock::Clock;
use crate::config::{Config, Data, Flags};
use crate::disk::RealDisk;
use crate::repair::transfer::{database_erasures, directory_erasures};

#[derive(Args)]
#[command(after_help = "\
The list contains a keyed hash of the id of each deleted account, so that a restored backup does not bring \
the account back. `complete_until` is the time until which every deletion is in the list. A server may \
use the directory or the database.

Examples:
  goldstar erasures --data-dir /var/lib/goldstar
  goldstar erasures --database-url postgres://goldstar@localhost/goldstar > erasures.json")]
pub(super) struct Arguments {
    #[command(flatten)]
    flags: Flags<Data>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let storage = Config::resolve(&arguments.flags)?.storage;
    let list = match storage.database_url.filter(|_| !storage.prefers_data_dir) {
        Some(url) => runtime()?.block_on(database_erasures(&url, Clock::system().now()))?,
        None => directory_erasures(&RealDisk, &storage.data_dir)?,
    };
    let list = list.ok_or(Failure::NoErasures)?;
    let printed = writeln!(io::stdout(), "{}", list.text());
    printed.map_err(Failure::io("the list could not be printed"))
}

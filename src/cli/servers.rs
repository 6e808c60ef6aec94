//! `goldstar servers`

use std::io::{self, Write as _};

use clap::Args;
use uuid::Uuid;

use super::failure::Failure;
use super::runtime::runtime;
use crate::config::{Config, Database, Flags};
use crate::store::postgres::{ListedServer, log_servers};

#[derive(Args)]
#[command(after_help = "\
A deletion of an account waits until each of these servers has removed the account's logs from its log \
directory. Forget a server that will not start again, and delete its log directory. A running server \
that is forgotten adds itself again.

Examples:
  goldstar servers --database-url postgres://goldstar@localhost/goldstar")]
pub(super) struct Arguments {
    /// Remove the server with this id from the list
    #[arg(long, value_name = "ID")]
    forget: Option<Uuid>,

    #[command(flatten)]
    flags: Flags<Database>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::resolve(&arguments.flags)?;
    let url = config.storage.database_url.ok_or(Failure::NoDatabaseUrl)?;
    let servers = runtime()?.block_on(log_servers(&url, arguments.forget));
    let servers = servers.map_err(Failure::CheckDatabase)?;
    let printed = write!(io::stdout(), "{}", table(&servers));
    printed.map_err(Failure::io("the servers could not be printed"))
}

fn table(servers: &[ListedServer]) -> String {
    if servers.is_empty() {
        return "No server writes audit log files.\n".to_owned();
    }
    let head = format!("{:36}  {:27}  {:>14}  name\n", "id", "last seen", "logs to remove");
    servers.iter().fold(head, |table, listed| {
        let ListedServer { server, seen_at, removals } = listed;
        table + &format!("{}  {seen_at}  {removals:>14}  {}\n", server.id, server.name)
    })
}

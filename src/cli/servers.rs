//! `goldstar servers`

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::failure::Failure;
use super::report::Report;
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
    report: Report,

    #[command(flatten)]
    flags: Flags<Database>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::resolve(&arguments.flags)?;
    let url = config.storage.database_url.ok_or(Failure::NoDatabaseUrl)?;
    let servers = runtime()?.block_on(log_servers(&url, arguments.forget));
    let servers = servers.map_err(Failure::CheckDatabase)?;
    let done =
        if arguments.forget.is_some() { "the server is forgotten" } else { "nothing was changed" };
    arguments.report.print(done, || object(&servers), || table(&servers))
}

fn object(servers: &[ListedServer]) -> Value {
    let servers = servers.iter().map(|ListedServer { server, seen_at, removals }| {
        json!({
            "id": server.id.to_string(), "name": server.name, "last_seen_at": seen_at.to_string(),
            "logs_to_remove": removals,
        })
    });
    json!({"servers": servers.collect::<Vec<_>>()})
}

fn table(servers: &[ListedServer]) -> String {
    if servers.is_empty() {
        return "No server writes audit log files.".to_owned();
    }
    let head = format!("{:36}  {:27}  {:>14}  name", "id", "last seen", "logs to remove");
    servers.iter().fold(head, |table, listed| {
        let ListedServer { server, seen_at, removals } = listed;
        table + &format!("\n{}  {seen_at}  {removals:>14}  {}", server.id, server.name)
    })
}

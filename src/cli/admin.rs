//! `goldstar admin`

use std::ffi::OsString;
use std::io::{self, Write};

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::administered::{Administered, text_of};
use super::data_directory;
use super::failure::Failure;
use super::password::read_password;
use super::report::Report;
use super::runtime::runtime;
use crate::config::{self, Config, Flags};
use crate::domain::password::NewPassword;
use crate::domain::{Email, Name, Role};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create an administrator's account, also while a server runs
    #[command(after_help = "\
The password is the first line of --password-file. Without that flag, the command asks for the password \
on the terminal, or reads one line from the standard input if that is no terminal.

Examples:
  goldstar admin create --email ada@example.org --data-dir /var/lib/goldstar")]
    Create(Create),
}

#[derive(Args)]
struct Create {
    /// Email address with which the administrator logs in
    #[arg(long, env = "GOLDSTAR_ADMIN_EMAIL")]
    email: String,

    /// Given name
    #[arg(long, default_value = "Administrator", env = "GOLDSTAR_ADMIN_FIRST_NAME")]
    first_name: String,

    /// Family name
    #[arg(long, default_value = "Goldstar", env = "GOLDSTAR_ADMIN_LAST_NAME")]
    last_name: String,

    /// File whose first line is the password
    #[arg(long, value_name = "FILE", env = "GOLDSTAR_ADMIN_PASSWORD_FILE")]
    password_file: Option<OsString>,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<config::Data>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Create(create) = arguments.command;
    let config = data_directory::or_database(&create.flags)?;
    // Before asking for the password, so that nobody types it in vain.
    if config.storage.database_url.is_none() {
        data_directory::require(&config.storage.data_dir)?;
    } else if config.storage.is_data_dir_named {
        let said = writeln!(io::stderr(), "data_dir is ignored: database_url is set");
        said.map_err(Failure::io("a warning could not be printed"))?;
    }
    let (email, first_name, last_name) = (
        Email::parse(&create.email)?,
        Name::parse("first-name", &create.first_name)?,
        Name::parse("last-name", &create.last_name)?,
    );
    // An empty variable counts as not set.
    let password = read_password(create.password_file.as_ref())?;
    NewPassword::parse("password", &password)?;
    let account = json!({
        "first_name": first_name.as_str(), "last_name": last_name.as_str(), "email": email.as_str(),
        "password": password, "role": Role::Admin.as_str(),
    });
    runtime()?.block_on(create_account(config, &account, &create.report))
}

async fn create_account(config: Config, account: &Value, report: &Report) -> Result<(), Failure> {
    let data = match &config.storage.database_url {
        Some(_) => "the database".to_owned(),
        None => config.storage.data_dir.display().to_string(),
    };
    let server = Administered::open(config)?;
    let created = server.send(Method::POST, "/admin/accounts", account).await;
    let closed = server.close().await;
    let created = created?;
    closed?;
    let said = format!("{} is an administrator now, in {data}.", text_of(&created, "email"));
    report.print("the account was created", || created, || said)
}

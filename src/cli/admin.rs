//! `goldstar admin`

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;

use clap::{Args, Subcommand};

use super::data_directory;
use super::failure::Failure;
use super::runtime::runtime;
use crate::app::{self, Machine};
use crate::config::{self, Config, Flags};
use crate::domain::password::NewPassword;
use crate::domain::{Email, Name};
use crate::metrics::Metrics;
use crate::service::NewAccount;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create an administrator's account in a database, or in a data directory that no server uses
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
    flags: Flags<config::Data>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Create(create) = arguments.command;
    let config = Config::resolve(&create.flags)?;
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
    let password = match create.password_file.filter(|path| !path.is_empty()) {
        Some(path) => read_password_in(Path::new(&path))?,
        None => ask_for_password()?,
    };
    let password = NewPassword::parse("password", &password)?;
    let account = NewAccount { first_name, last_name, email, password };
    runtime()?.block_on(create_account(&config, account))
}

async fn create_account(config: &Config, account: NewAccount) -> Result<(), Failure> {
    let machine = Machine::default();
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service, &machine, &metrics)
    })?;
    let email = account.email.clone();
    let created = service.create_admin(account).await;
    // Even after an error, the directory must be in the state in which a stopped server leaves it.
    let closed = service.close().await.map_err(app::StopError::Close);
    created?;
    closed?;
    let email = email.as_str();
    let data = match &config.storage.database_url {
        Some(_) => "the database".to_owned(),
        None => config.storage.data_dir.display().to_string(),
    };
    let said = writeln!(io::stdout(), "{email} is an administrator now, in {data}.");
    said.map_err(Failure::io("the account was created, but this could not be printed"))
}

fn read_password_in(path: &Path) -> Result<String, Failure> {
    let unreadable = || Failure::io(format!("{} can't be read", path.display()));
    let file = File::open(path).map_err(unreadable())?;
    first_line(BufReader::new(file)).map_err(unreadable())
}

fn ask_for_password() -> Result<String, Failure> {
    let unreadable = "the password could not be read";
    if io::stdin().is_terminal() {
        let ask = |prompt| rpassword::prompt_password(prompt).map_err(Failure::io(unreadable));
        let password = ask("Password: ")?;
        if ask("Again: ")? != password {
            return Err(Failure::PasswordsDiffer);
        }
        return Ok(password);
    }
    first_line(io::stdin().lock()).map_err(Failure::io(unreadable))
}

/// Without its line break.
fn first_line(mut input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

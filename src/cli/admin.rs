//! `goldstar admin`

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;

use clap::{Args, Subcommand};

use super::{Failure, data_directory, runtime};
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
    /// Make an administrator's account, on a data directory that no server holds
    ///
    /// The password is the first line of a file, where one is named. Else it is asked for at the
    /// terminal; without one it is read as a line from the standard input.
    Create(Create),
}

#[derive(Args)]
struct Create {
    /// The email address to log in with
    #[arg(long, env = "GOLDSTAR_ADMIN_EMAIL")]
    email: String,

    /// Given name
    #[arg(long, default_value = "Administrator", env = "GOLDSTAR_ADMIN_FIRST_NAME")]
    first_name: String,

    /// Family name
    #[arg(long, default_value = "Goldstar", env = "GOLDSTAR_ADMIN_LAST_NAME")]
    last_name: String,

    /// A file whose first line is the password
    #[arg(long, value_name = "FILE", env = "GOLDSTAR_ADMIN_PASSWORD_FILE")]
    password_file: Option<OsString>,

    #[command(flatten)]
    flags: Flags<config::Storage>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Create(create) = arguments.command;
    let config = Config::resolve(&create.flags)?;
    // Before the password is asked for, so that nobody types it in vain.
    data_directory::require(&config.storage.data_dir)?;
    let (email, first_name, last_name) = (
        Email::parse(&create.email)?,
        Name::parse("first-name", &create.first_name)?,
        Name::parse("last-name", &create.last_name)?,
    );
    // A variable that is empty counts as not set.
    let password = match create.password_file.filter(|path| !path.is_empty()) {
        Some(path) => read_password_in(Path::new(&path))?,
        None => ask_for_password()?,
    };
    let password = NewPassword::parse("password", &password)?;
    let account = NewAccount { first_name, last_name, email, password };
    runtime()?.block_on(make(&config, account))
}

async fn make(config: &Config, account: NewAccount) -> Result<(), Failure> {
    let machine = Machine::default();
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service, &machine, &metrics)
    })?;
    let email = account.email.clone();
    let made = service.create_admin(account).await;
    // Closed even where nothing was made: the directory must be left as a stopped server leaves it.
    let closed = service.close().await.map_err(app::StopError::Close);
    made?;
    closed?;
    let (email, data) = (email.as_str(), config.storage.data_dir.display());
    let said = writeln!(io::stdout(), "{email} is an administrator now, in {data}.");
    said.map_err(Failure::io("the account is made, but that could not be printed"))
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

/// Without its end.
fn first_line(mut input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

//! `goldstar admin`

use std::io::{self, BufRead, IsTerminal, Write};

use clap::{Args, Subcommand};

use super::{Failure, runtime};
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
    /// The password is asked for at the terminal; without one it is read as a line from the
    /// standard input.
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

    #[command(flatten)]
    flags: Flags<config::Storage>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Create(create) = arguments.command;
    let config = Config::resolve(&create.flags)?;
    // Before the password is asked for, so that nobody types it in vain.
    let (email, first_name, last_name) = (
        Email::parse(&create.email)?,
        Name::parse("first-name", &create.first_name)?,
        Name::parse("last-name", &create.last_name)?,
    );
    let password = NewPassword::parse("password", &read_password()?)?;
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
    let said = writeln!(io::stdout(), "{} is an administrator now.", email.as_str());
    said.map_err(Failure::io("the account is made, but that could not be printed"))
}

fn read_password() -> Result<String, Failure> {
    let unreadable = "the password could not be read";
    if io::stdin().is_terminal() {
        let ask = |prompt| rpassword::prompt_password(prompt).map_err(Failure::io(unreadable));
        let password = ask("Password: ")?;
        if ask("Again: ")? != password {
            return Err(Failure::PasswordsDiffer);
        }
        return Ok(password);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::io(unreadable))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

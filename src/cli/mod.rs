//! Floor 5: the command line, a file a command.

mod admin;
mod ask_first;
mod check;
mod checkpoint;
mod config;
mod daily_file;
mod data_directory;
mod greeting;
mod health;
mod open_files;
mod plain_line;
mod progress;
mod salvage;
mod serve;
mod server_log;
mod signals;
mod watched;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use thiserror::Error;

use crate::app::{StartError, StopError};
use crate::config::{ConfigError, Everything, Flags, Storage};
use crate::domain::Invalid;
use crate::repair::salvage::SalvageError;
use crate::service::{Causes, ServiceError};

/// The back end of a family chore-and-reward app.
///
/// Without a command it serves.
#[derive(Parser)]
#[command(name = "goldstar", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    flags: Flags<Everything>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the families over HTTP, until SIGTERM, SIGINT (Ctrl-C) or SIGHUP
    Serve(Flags<Everything>),
    /// Print what is set, and where each value comes from, as a file of settings
    Config(Flags<Everything>),
    /// Ask a running server how it is: prints its status
    ///
    /// The exit code is 0 if the status is ok or degraded, and 1 if it is anything else or the server
    /// can't be asked. The monitoring token is sent along if one is set: to an address of this machine,
    /// or to one that was set in the same place as the token.
    Health(health::Arguments),
    /// Manage administrators
    Admin(admin::Arguments),
    /// Look for what is wrong with a data directory, and change nothing in it
    ///
    /// The exit code is 0 if nothing is wrong, 3 if a person should look at something and a server runs
    /// on it all the same, 78 if a file is damaged so that no server starts on it, 1 if the directory
    /// can't be checked (there is none, a server holds it, a file can't be read), and 2 for wrong
    /// arguments.
    Check(check::Arguments),
    /// Copy a damaged data directory, with all that can still be read of it
    ///
    /// Of each damaged file the copy holds every row that can be read; what the journal holds is
    /// merged into it, also where another program has written after a crash. The report names what
    /// was kept, what was lost, and what should be looked at. Nothing is written into DIR, and a
    /// server starts on the copy.
    ///
    /// The exit code is 0 if everything was kept, 3 if something was lost or a person should look at it,
    /// 1 if no copy was made, and 2 for wrong arguments.
    Salvage(salvage::Arguments),
    /// Write what waits in the journal into the files, as a start and a stop do
    ///
    /// For a data directory that no server holds, such as after a kill: then TinyDB finds everything in
    /// its files.
    Checkpoint(Flags<Storage>),
}

/// Why a command failed.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Stop(#[from] StopError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Unhealthy(#[from] health::Unhealthy),
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    #[error(transparent)]
    Check(#[from] check::CheckError),
    #[error("there is no directory {}: name the data directory with --data-dir or --config, or start a server, which creates it", .0.display())]
    NoDirectory(PathBuf),
    #[error("{} is not a data directory: none of the files is there that Goldstar knows. Name the data directory with --data-dir or --config, or start a server, which creates them", .0.display())]
    NoData(PathBuf),
    #[error("the passwords are not the same")]
    PasswordsDiffer,
    #[error(
        "the system allows this process {limit} open files, and a server needs {least} or more: \
         raise the hard limit (`ulimit -n`, or `LimitNOFILE=` of a systemd unit)"
    )]
    OpenFiles { limit: u64, least: u64 },
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        cause: io::Error,
    },
}

impl Failure {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }

    /// Damaged or foreign data needs a person; with `sysexits.h`'s `EX_CONFIG` a service manager
    /// can be told not to try again.
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Start(error) if error.is_damage() => ExitCode::from(DAMAGE),
            Self::Config(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// The exit code of a command that is done, after which a person should look at something.
const LOOK: u8 = 3;
/// The exit code for data that is damaged or not Goldstar's: `EX_CONFIG` of `sysexits.h`.
const DAMAGE: u8 = 78;

/// Runs the command that the process was started with, and gives its exit code: 0, 2 for wrong
/// arguments or settings, 3 if a person should look at the result, 78 for damaged data, else 1.
pub fn run() -> ExitCode {
    let Arguments { command, flags } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let done = match command {
        None => serve::run(&flags),
        Some(Command::Serve(flags)) => serve::run(&flags),
        Some(Command::Config(flags)) => config::run(&flags),
        Some(Command::Health(arguments)) => health::run(arguments),
        Some(Command::Salvage(arguments)) => return end(salvage::run(arguments)),
        Some(Command::Admin(arguments)) => admin::run(arguments),
        Some(Command::Check(arguments)) => return end(check::run(arguments)),
        Some(Command::Checkpoint(flags)) => checkpoint::run(&flags),
    };
    end(done.map(|()| ExitCode::SUCCESS))
}

/// Says why the arguments are wrong, or what was asked about them.
fn refuse(error: &clap::Error) -> ExitCode {
    // Whether anyone can read that or not, the exit code is the same.
    error.print().unwrap_or_default();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn end(done: Result<ExitCode, Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => {
            let cause: &dyn Error = &failure;
            // Whether anyone can read that or not, the exit code is the failure's.
            writeln!(io::stderr(), "goldstar: {}", Causes(cause)).unwrap_or_default();
            failure.exit_code()
        }
    }
}

/// The threads that everything asynchronous runs on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("the threads could not be started"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::OF_ADMIN;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_variables_of_admin_are_known() {
        let command = Arguments::command();
        let create = command.find_subcommand("admin").and_then(|it| it.find_subcommand("create"));
        let variables = create.unwrap().get_arguments().filter_map(clap::Arg::get_env);
        let mut variables: Vec<_> = variables.collect();
        variables.sort();
        assert_eq!(variables, OF_ADMIN);
    }

    #[test]
    fn to_serve_is_the_default() {
        let arguments = Arguments::parse_from(["goldstar", "--listen", "127.0.0.1:1"]);
        assert!(arguments.command.is_none());
        let arguments = Arguments::parse_from(["goldstar", "serve", "--data-dir", "d"]);
        assert!(matches!(arguments.command, Some(Command::Serve(_))));
    }
}

//! Floor 5: the command line, one file per command.

mod account;
mod admin;
mod administered;
mod ask_first;
mod backup;
mod check;
mod checkpoint;
mod config;
mod daily_file;
mod data_directory;
mod erasures;
mod events;
mod export;
mod export_events;
mod failure;
mod greeting;
mod health;
mod health_client;
mod import;
mod live_backup;
mod migrate;
mod open_files;
mod overview;
mod password;
mod progress;
mod reload;
mod report;
mod restore;
mod runtime;
mod salvage;
mod serve;
mod server_log;
mod servers;
mod shell;
mod signals;
mod supervisor;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Arg, CommandFactory, Parser, Subcommand};

use crate::config::{Everything, Flags};
use crate::service::Causes;
use administered::Output;
use failure::Failure;

const EXAMPLES: &str = "\
Without a command, `goldstar` runs the server. `goldstar serve --help` lists all settings.

Examples:
  goldstar --demo --data-dir demo-data  Try Goldstar with a demo family
  goldstar --listen 0.0.0.0:5000        Serve all devices in the network
  goldstar --listen 127.0.0.1:5001      Use another port if 5000 is taken, as by AirPlay on a Mac
  goldstar config                       Print every setting and where it was set
  goldstar check /var/lib/goldstar      Check the data of a stopped server";

const SERVE_EXAMPLES: &str = "\
Examples:
  goldstar serve --config /etc/goldstar/goldstar.toml
  goldstar serve --public-url https://goldstar.example.org --trusted-proxies 127.0.0.1
  GOLDSTAR_SIGNUP=closed goldstar serve";

/// The back end of a family chore-and-reward app
#[derive(Parser)]
#[command(name = "goldstar", version, args_conflicts_with_subcommands = true)]
#[command(after_help = EXAMPLES, mut_args = brief)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    flags: Flags<Everything>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it receives SIGTERM or SIGINT (Ctrl-C); SIGHUP makes it read its settings
    /// again
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Flags<Everything>),
    /// Print every setting and where it was set, in the form of a settings file
    Config(config::Arguments),
    /// Print the status of a running server
    Health(health::Arguments),
    /// List, mark and delete accounts, also while a server runs
    Account(account::Arguments),
    /// Manage administrators
    Admin(admin::Arguments),
    /// Check a data directory or a database for damage, without changing it
    Check(check::Arguments),
    /// Copy everything that can still be read of a damaged data directory
    Salvage(salvage::Arguments),
    /// Bring the tables of a PostgreSQL database to the newest version
    MigrateDatabase(migrate::Arguments),
    /// Copy a data directory into an empty PostgreSQL database
    Import(import::Arguments),
    /// Copy a PostgreSQL database into a new data directory, or events into a file
    Export(export::Arguments),
    /// Make a backup of a server or a database, or verify one
    Backup(backup::Arguments),
    /// Restore a backup into a new data directory or an empty database
    Restore(restore::Arguments),
    /// Print the list of deleted accounts, with which a backup is restored, or apply it to a database
    Erasures(erasures::Arguments),
    /// Print the settings of a running server, and where they were set
    Settings(Output),
    /// List the sessions of all accounts, the most recently used first
    Sessions(overview::Sessions),
    /// Print the latest events of all families, and new ones as they happen
    Events(events::Events),
    /// Print how much there is: accounts, children, events, and the size of the data
    Stats(Output),
    /// List the servers on a database that write audit log files
    Servers(servers::Arguments),
    /// Write all changes from the journal into the data files
    Checkpoint(checkpoint::Arguments),
    /// Print a script that completes the arguments of goldstar in a shell
    #[command(after_help = "\
Example:
  goldstar completions bash > /etc/bash_completion.d/goldstar")]
    Completions(shell::Completions),
    /// Write the manual pages of all commands into a directory
    ManPages(shell::ManPages),
}

/// Hides the settings that `goldstar serve --help` lists, except the most important ones.
fn brief(argument: Arg) -> Arg {
    let shown = [
        "command",
        "config",
        "public_url",
        "trusted_proxies",
        "signup",
        "listen",
        "data_dir",
        "log_dir",
        "demo",
    ];
    let is_shown = shown.contains(&argument.get_id().as_str());
    argument.hide(!is_shown)
}

/// Runs the command that the process was started with, and returns its exit code: 0 for success, 2 for
/// wrong arguments or settings, 3 if a person should look at the result, 78 for damaged data, 1 for any
/// other failure.
pub fn run() -> ExitCode {
    let Arguments { command, flags } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let done = match command {
        None => serve::run(&flags),
        Some(Command::Serve(flags)) => serve::run(&flags),
        Some(Command::Config(arguments)) => config::run(&arguments),
        Some(Command::Health(arguments)) => health::run(arguments),
        Some(Command::Salvage(arguments)) => return end(salvage::run(arguments)),
        Some(Command::Account(arguments)) => return end(account::run(arguments)),
        Some(Command::Admin(arguments)) => admin::run(arguments),
        Some(Command::Check(arguments)) => return end(check::run(arguments)),
        Some(Command::MigrateDatabase(arguments)) => migrate::run(&arguments),
        Some(Command::Import(arguments)) => import::run(arguments),
        Some(Command::Export(arguments)) => export::run(arguments),
        Some(Command::Backup(arguments)) => return end(backup::run(arguments)),
        Some(Command::Restore(arguments)) => restore::run(arguments),
        Some(Command::Erasures(arguments)) => erasures::run(arguments),
        Some(Command::Settings(output)) => return end(overview::settings(&output)),
        Some(Command::Sessions(arguments)) => return end(overview::sessions(&arguments)),
        Some(Command::Events(arguments)) => return end(events::run(&arguments)),
        Some(Command::Stats(output)) => return end(overview::stats(&output)),
        Some(Command::Servers(arguments)) => servers::run(&arguments),
        Some(Command::Checkpoint(arguments)) => checkpoint::run(arguments),
        Some(Command::Completions(arguments)) => {
            shell::print_completions(&arguments, Arguments::command())
        }
        Some(Command::ManPages(arguments)) => {
            shell::write_man_pages(&arguments, Arguments::command())
        }
    };
    end(done.map(|()| ExitCode::SUCCESS))
}

/// Prints why the arguments are wrong, or the help or version that they request.
fn refuse(error: &clap::Error) -> ExitCode {
    // The exit code is the same even if nothing can be printed.
    error.print().unwrap_or_default();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn end(done: Result<ExitCode, Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => {
            let cause: &dyn Error = &failure;
            // The exit code is the same even if nothing can be printed.
            writeln!(io::stderr(), "goldstar: {}", Causes(cause)).unwrap_or_default();
            failure.exit_code()
        }
    }
}

#[cfg(test)]
mod tests {
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

    /// The commands without commands of their own, with their full names.
    fn leaves(command: &clap::Command) -> Vec<(String, &clap::Command)> {
        let below = command.get_subcommands().flat_map(leaves);
        let mut found: Vec<_> = below.collect();
        if found.is_empty() {
            found.push((String::new(), command));
        }
        let name = command.get_name();
        found.into_iter().map(|(rest, leaf)| (format!("{name} {rest}"), leaf)).collect()
    }

    #[test]
    fn every_command_with_a_result_can_print_it_as_json() {
        let mut command = Arguments::command();
        command.build();
        // The help is a command of clap.
        let leaves = leaves(&command).into_iter().filter(|(name, _)| !name.contains(" help "));
        let without =
            leaves.filter(|(_, leaf)| leaf.get_arguments().all(|it| it.get_id() != "json"));
        let names: Vec<_> = without.map(|(name, _)| name.trim_end().to_owned()).collect();
        assert_eq!(names, ["goldstar serve", "goldstar completions", "goldstar man-pages"]);
    }

    #[test]
    fn serve_is_the_default() {
        let arguments = Arguments::parse_from(["goldstar", "--listen", "127.0.0.1:1"]);
        assert!(arguments.command.is_none());
        let arguments = Arguments::parse_from(["goldstar", "serve", "--data-dir", "d"]);
        assert!(matches!(arguments.command, Some(Command::Serve(_))));
    }
}

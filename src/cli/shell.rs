//! `goldstar completions` and `goldstar man-pages`: the files that a package installs for people at a
//! shell.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;

#[derive(Args)]
pub(super) struct Completions {
    /// Shell that executes the script
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub(super) struct ManPages {
    /// Existing directory for the pages, one per command
    dir: PathBuf,
}

/// Prints the script that completes the arguments of `command`.
pub(super) fn print_completions(
    arguments: &Completions,
    mut command: Command,
) -> Result<(), Failure> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    let printed = io::stdout().write_all(&script);
    printed.map_err(Failure::io("the script could not be printed"))
}

/// Writes a manual page for `command` and for each of its commands. Replaces files of the same names.
pub(super) fn write_man_pages(arguments: &ManPages, command: Command) -> Result<(), Failure> {
    let dir = &arguments.dir;
    let written = clap_mangen::generate_to(command, dir);
    written.map_err(Failure::io(format!("{} can't be written to", dir.display())))
}

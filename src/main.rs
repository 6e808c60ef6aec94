//! The `goldstar` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    goldstar::cli::run()
}

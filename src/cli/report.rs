//! What a command prints at its end.

use std::io::{self, Write};

use clap::Args;
use serde_json::Value;

use super::failure::Failure;

#[derive(Args)]
pub(super) struct Report {
    /// Print the result as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Report {
    /// Prints a result as an object or in words. `done` begins the error if that fails: it says what is done
    /// nevertheless.
    pub(super) fn print(
        &self,
        done: &str,
        object: impl FnOnce() -> Value,
        words: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.json { object().to_string() } else { words() };
        let printed = writeln!(io::stdout(), "{text}");
        printed.map_err(Failure::io(format!("{done}, but the report could not be printed")))
    }
}

/// Replaces control characters: files and their names can contain some that move the cursor of a terminal.
pub(super) fn without_controls(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

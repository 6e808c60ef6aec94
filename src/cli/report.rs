//! The result that a command prints.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::failure::Failure;

#[derive(Args)]
pub(super) struct Report {
    /// Print the result as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Report {
    /// Prints a result, as a JSON object or as text. `done` is what the command has done: it is the start of the error if
    /// the result cannot be printed.
    pub(super) fn print<T: Serialize>(
        &self,
        done: &str,
        object: impl FnOnce() -> T,
        words: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.json { serde_json::to_string(&object()) } else { Ok(words()) };
        let printed =
            text.map_err(io::Error::from).and_then(|text| writeln!(io::stdout(), "{text}"));
        printed.map_err(Failure::io(format!("{done}, but the report could not be printed")))
    }
}

/// Replaces control characters, which could move the cursor of a terminal: files and their names can contain them.
pub(super) fn without_controls(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

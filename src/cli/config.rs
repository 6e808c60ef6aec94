//! `goldstar config`

use std::fmt::Write as _;
use std::io::{self, Write};

use super::failure::Failure;
use crate::config::{Config, Everything, Flags, Values};

pub(super) fn run(flags: &Flags<Everything>) -> Result<(), Failure> {
    let values = Values::resolve(flags)?;
    // A value that breaks its rule fails here with the error of `serve`.
    Config::from_values(&values)?;
    let lines: Vec<_> = values.iter().map(|value| (value.assignment(), value.origin())).collect();
    let width = lines.iter().map(|(assignment, _)| assignment.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (assignment, origin) in lines {
        // Writing into a string doesn't fail.
        writeln!(text, "{assignment:width$}  # {origin}").unwrap_or_default();
    }
    let printed = io::stdout().write_all(text.as_bytes());
    printed.map_err(Failure::io("the settings could not be printed"))
}

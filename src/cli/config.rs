//! `goldstar config`

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::report::Report;
use crate::config::{Config, Everything, Flags, Values};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Everything>,
}

pub(super) fn run(Arguments { report, flags }: &Arguments) -> Result<(), Failure> {
    let values = Values::resolve(flags)?;
    // A value that breaks its rule fails here with the error of `serve`.
    Config::from_values(&values)?;
    let lines: Vec<_> = values.iter().map(|value| (value.assignment(), value.origin())).collect();
    report.print("the settings are valid", || object(&lines), || in_words(&lines))
}

/// The form of `GET /admin/settings`.
fn object(lines: &[(String, String)]) -> Value {
    let settings = lines.iter().map(|(line, origin)| json!({"line": line, "origin": origin}));
    json!({"settings": settings.collect::<Vec<_>>()})
}

fn in_words(lines: &[(String, String)]) -> String {
    let width = lines.iter().map(|(assignment, _)| assignment.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (assignment, origin) in lines {
        // Writing into a string doesn't fail.
        writeln!(text, "{assignment:width$}  # {origin}").unwrap_or_default();
    }
    text.trim_end().to_owned()
}

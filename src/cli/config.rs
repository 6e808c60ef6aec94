//! `goldstar config`

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Failure;
use crate::config::{Config, Everything, Flags, Kind, Value, Values};

pub(super) fn run(flags: &Flags<Everything>) -> Result<(), Failure> {
    let values = Values::resolve(flags)?;
    // What breaks a rule is said here as `serve` would say it.
    Config::from_values(&values)?;
    let lines: Vec<_> = values.iter().map(|value| (assignment(value), origin(value))).collect();
    let width = lines.iter().map(|(assignment, _)| assignment.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (assignment, origin) in lines {
        // Writing into a string doesn't fail.
        writeln!(text, "{assignment:width$}  # {origin}").unwrap_or_default();
    }
    let printed = io::stdout().write_all(text.as_bytes());
    printed.map_err(Failure::io("the settings could not be printed"))
}

/// As it would stand in the file.
fn assignment(value: &Value) -> String {
    let (key, text) = (value.setting.key, &value.text);
    match value.setting.kind {
        Kind::Text => format!("{key} = {}", quoted(text)),
        Kind::Number => format!("{key} = {text}"),
        // It has been read as a switch by now; in the file there are only these two words.
        Kind::Switch => format!(
            "{key} = {}",
            matches!(&*text.to_ascii_lowercase(), "true" | "yes" | "on" | "1")
        ),
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            format!("{key} = [{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
        }
        Kind::Secret => match &value.secret_file {
            Some(path) => format!("{key}_file = {}", quoted(&path.to_string_lossy())),
            None if text.is_empty() => format!("{key} = \"\""),
            None => format!("# {key} is set"),
        },
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn origin(value: &Value) -> String {
    match &value.source {
        crate::config::Source::Flag | crate::config::Source::Variable => value.place(),
        source => source.to_string(),
    }
}

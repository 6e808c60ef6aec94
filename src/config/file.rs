//! Settings from a file.

use std::fs;
use std::io;
use std::path::Path;

use super::setting::{Kind, Setting};
use super::value::{ConfigError, Source, Value};

/// The file that is read if none is named; it need not exist.
pub(super) const USUAL: &str = "goldstar.toml";
/// The file of a packaged installation, which is read if there is no other one and nothing else names
/// the data directory.
pub(super) const PACKAGED: &str = "/etc/goldstar/goldstar.toml";

/// Reads the file that is named, or else the first that exists of the usual one and `packaged`.
pub(super) fn read(
    named: Option<&Path>,
    packaged: Option<&Path>,
) -> Result<Vec<Value>, ConfigError> {
    if let Some(path) = named {
        return values(path, &fs::read_to_string(path).map_err(unreadable(path))?);
    }
    for path in [Some(Path::new(USUAL)), packaged].into_iter().flatten() {
        match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            text => return values(path, &text.map_err(unreadable(path))?),
        }
    }
    Ok(Vec::new())
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> ConfigError {
    |cause| ConfigError::unreadable(path.display().to_string(), cause)
}

fn values(path: &Path, text: &str) -> Result<Vec<Value>, ConfigError> {
    let source = Source::File(path.to_owned());
    let value = |(name, value): (String, toml::Value)| {
        let place = source.place(&name);
        let setting = Setting::find(&name).ok_or_else(|| ConfigError::unknown(&place))?;
        let text = as_text(setting.kind, value)
            .map_err(|form| ConfigError::new(format!("{place} must be {form}")))?;
        Ok(Value::new(setting, &name, text, source.clone()))
    };
    parse(path, text)?.into_iter().map(value).collect()
}

/// The message of the library shows the line, which may contain a secret.
fn parse(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        let (path, message) = (path.display(), error.message());
        ConfigError::new(format!("{path}, line {line}: {message}"))
    })
}

/// A value as it would be written in a variable. The error is the form that it must have.
fn as_text(kind: Kind, value: toml::Value) -> Result<String, &'static str> {
    match (kind, value) {
        (Kind::Text | Kind::Secret | Kind::Hidden, toml::Value::String(text)) => Ok(text),
        (Kind::Text | Kind::Secret | Kind::Hidden, _) => Err("a string"),
        (Kind::Number, toml::Value::Integer(number)) => Ok(number.to_string()),
        (Kind::Number, _) => Err("a whole number"),
        (Kind::Switch, toml::Value::Boolean(on)) => Ok(on.to_string()),
        (Kind::Switch, _) => Err("true or false"),
        (Kind::List, toml::Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().filter(|text| !text.contains(',')));
            let texts: Option<Vec<_>> = texts.collect();
            texts.map(|texts| texts.join(",")).ok_or("an array of strings, each without a comma")
        }
        (Kind::List, _) => Err("an array of strings"),
    }
}

//! Settings from a file, and in the form in which a file has them.

use std::fs;
use std::io;
use std::path::Path;

use super::error::ConfigError;
use super::setting::{Kind, Setting, items};
use super::settings::SETTINGS;
use super::values::{Source, Value};

/// The file that is read where none is named; it need not be there.
pub(super) const USUAL: &str = "goldstar.toml";
/// The file of a packaged installation, which is read if there is no other one and nothing else names
/// the data directory.
pub(super) const PACKAGED: &str = "/etc/goldstar/goldstar.toml";
/// The flag that names another one.
pub(super) const FLAG: &str = "config";

/// What is set in `named`, or else in the first of the files that need not be there: the usual one, and
/// `packaged`.
pub(super) fn read(
    named: Option<&Path>,
    packaged: Option<&Path>,
) -> Result<Vec<Value>, ConfigError> {
    if let Some(path) = named {
        return read_if_exists(path)?.ok_or_else(|| ConfigError::Unreadable {
            path: path.to_owned(),
            cause: io::ErrorKind::NotFound.into(),
        });
    }
    for path in [Some(Path::new(USUAL)), packaged].into_iter().flatten() {
        if let Some(values) = read_if_exists(path)? {
            return Ok(values);
        }
    }
    Ok(Vec::new())
}

/// What is set in a file; none if there is none.
fn read_if_exists(path: &Path) -> Result<Option<Vec<Value>>, ConfigError> {
    let text = match fs::read_to_string(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?,
    };
    let mut table = parse(path, &text)?;
    let mut values = Vec::new();
    for setting in SETTINGS {
        values.extend(take(&mut table, setting, path)?);
    }
    match table.into_iter().next() {
        Some((key, _)) => Err(ConfigError::UnknownKey { path: path.to_owned(), key }),
        None => Ok(Some(values)),
    }
}

/// The library's own message shows the line, which may hold a secret.
fn parse(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map_or(0, |span| span.start);
        let before = text.bytes().take(place);
        ConfigError::Syntax {
            path: path.to_owned(),
            line: before.filter(|byte| *byte == b'\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// Takes a setting out of the file's table.
fn take(
    table: &mut toml::Table,
    setting: &'static Setting,
    path: &Path,
) -> Result<Option<Value>, ConfigError> {
    let source = Source::File(path.to_owned());
    let key = setting.key.to_owned();
    let file = setting.file_key().and_then(|key| table.remove_entry(&key));
    match (table.remove(&key), file) {
        (Some(_), Some((file_key, _))) => {
            let other = format!("`{file_key}` in {}", path.display());
            Err(ConfigError::Twice { one: format!("`{key}`"), other })
        }
        (Some(value), None) => {
            let text = text(setting.kind, value).map_err(wrong_type(path, key))?;
            Ok(Some(Value::new(setting, text, source)))
        }
        (None, Some((file_key, value))) => {
            let file = text(setting.kind, value).map_err(wrong_type(path, file_key))?;
            Ok(Some(Value::in_file(setting, file.into(), source)))
        }
        (None, None) => Ok(None),
    }
}

fn wrong_type(path: &Path, key: String) -> impl FnOnce(&'static str) -> ConfigError {
    let path = path.to_owned();
    move |form| ConfigError::WrongType { path, key, form }
}

/// A value as it would be written in a variable; the error is the form that it must have.
fn text(kind: Kind, value: toml::Value) -> Result<String, &'static str> {
    match (kind, value) {
        (Kind::Text | Kind::Word(_) | Kind::Secret, toml::Value::String(text)) => Ok(text),
        (Kind::Text | Kind::Word(_) | Kind::Secret, _) => Err("a string"),
        (Kind::Number { .. }, toml::Value::Integer(number)) => Ok(number.to_string()),
        (Kind::Number { .. }, _) => Err("a whole number"),
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

/// A line of a file that sets this. A secret's text is left out: then it is a comment.
pub(super) fn assignment(value: &Value) -> String {
    let (key, text) = (value.setting.key, &*value.text);
    match (value.setting.kind, &value.secret_file) {
        (Kind::Text | Kind::Word(_), _) => format!("{key} = {}", quoted(text)),
        (Kind::Number { .. } | Kind::Switch, _) => format!("{key} = {text}"),
        (Kind::List, _) => {
            format!("{key} = [{}]", items(text).map(quoted).collect::<Vec<_>>().join(", "))
        }
        (Kind::Secret, Some(path)) => {
            let key = value.setting.file_key().unwrap_or_default();
            format!("{key} = {}", quoted(&path.to_string_lossy()))
        }
        (Kind::Secret, None) if text.is_empty() => format!("{key} = \"\""),
        (Kind::Secret, None) => format!("# {key} is set"),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

//! Why settings are refused.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the settings can't be used. The message names the place where a person would mend it, and
/// never shows a secret.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{name} is not a setting; `goldstar serve --help` lists them")]
    UnknownVariable { name: String },
    #[error("{name} is not UTF-8")]
    NotUtf8 { name: String },
    #[error("{} can't be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{}, which {place} names, can't be read", path.display())]
    UnreadableSecret {
        path: PathBuf,
        place: String,
        #[source]
        cause: io::Error,
    },
    #[error("{}, line {line}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("`{key}` in {} is not a setting; `goldstar serve --help` lists them", path.display())]
    UnknownKey { path: PathBuf, key: String },
    #[error("`{key}` in {} must be {form}", path.display())]
    WrongType { path: PathBuf, key: String, form: &'static str },
    #[error("{one} and {other} are both set")]
    Twice { one: String, other: String },
    #[error("{place} {rule}{}", shown(value.as_deref()))]
    Refused {
        place: String,
        rule: String,
        /// None where it is a secret.
        value: Option<String>,
    },
}

fn shown(value: Option<&str>) -> String {
    value.map(|value| format!(", and is {value:?}")).unwrap_or_default()
}

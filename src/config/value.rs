//! The value of a setting, and where it was set.

use std::fs;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::parse::items;
use super::setting::{Kind, PREFIX, Setting};

/// Why the settings can't be used. The message names the place where a person would correct it, and
/// never shows a secret.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    #[source]
    cause: Option<io::Error>,
}

impl ConfigError {
    pub(super) fn new(message: String) -> Self {
        Self { message, cause: None }
    }

    /// For a name that is no setting's.
    pub(super) fn unknown(place: &str) -> Self {
        Self::new(format!("{place} is not a setting; `goldstar serve --help` lists them"))
    }

    /// For a file that can't be read.
    pub(super) fn unreadable(path: impl Into<String>, cause: io::Error) -> Self {
        Self { message: format!("{} can't be read", path.into()), cause: Some(cause) }
    }
}

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Flag,
    Variable,
    File(PathBuf),
    Default,
}

impl Source {
    /// Greater for a place that takes precedence.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Variable => 2,
            Self::Flag => 3,
        }
    }

    /// The place where a person changes that name.
    pub(super) fn place(&self, name: &str) -> String {
        match self {
            Self::Flag => format!("--{}", name.replace('_', "-")),
            Self::Variable => format!("{PREFIX}{}", name.to_uppercase()),
            Self::File(path) => format!("`{name}` in {}", path.display()),
            Self::Default => format!("the default of `{name}`"),
        }
    }
}

/// A setting's value. It has no `Debug`, since it may be a secret.
#[derive(Clone)]
pub struct Value {
    pub(super) setting: &'static Setting,
    /// As it would be written in a variable; empty for none.
    pub(super) text: String,
    pub(super) source: Source,
    /// The file that contains a secret.
    secret_file: Option<PathBuf>,
}

impl Value {
    /// A value that was set under a name: a setting's key, or that of a secret's file.
    pub(super) fn new(setting: &'static Setting, name: &str, text: String, source: Source) -> Self {
        if name == setting.key {
            Self { setting, text, source, secret_file: None }
        } else {
            Self { setting, text: String::new(), source, secret_file: Some(text.into()) }
        }
    }

    pub(super) fn default_of(setting: &'static Setting) -> Self {
        Self::new(setting, &setting.key, setting.default.clone(), Source::Default)
    }

    fn name(&self) -> String {
        let of_file = self.secret_file.as_ref().and_then(|_| self.setting.file_key());
        of_file.unwrap_or_else(|| self.setting.key.clone())
    }

    /// The place where a person would change it.
    pub(super) fn place(&self) -> String {
        self.source.place(&self.name())
    }

    /// Where it comes from: the flag, the variable, the file, or `default`.
    pub fn origin(&self) -> String {
        match &self.source {
            Source::Flag | Source::Variable => self.place(),
            Source::File(path) => path.display().to_string(),
            Source::Default => "default".to_owned(),
        }
    }

    /// Reads a secret from its file, and normalizes the text.
    pub(super) fn complete(mut self) -> Result<Self, ConfigError> {
        if let Some(path) = &self.secret_file {
            let text = fs::read_to_string(path).map_err(|cause| {
                let named = format!("{}, which {} names,", path.display(), self.place());
                ConfigError::unreadable(named, cause)
            })?;
            text.trim().clone_into(&mut self.text);
            if self.text.is_empty() {
                return Err(self.refused("names a file that is empty"));
            }
        }
        self.text = self.setting.normalize(self.text);
        if self.text.is_empty() && !self.setting.default.is_empty() {
            return Err(self.refused("must not be empty"));
        }
        Ok(self)
    }

    /// The error for a value that breaks that rule.
    pub(super) fn refused(&self, rule: &str) -> ConfigError {
        let place = match &self.secret_file {
            Some(path) => format!("{}, which {} names,", path.display(), self.place()),
            None => self.place(),
        };
        let is_secret = matches!(self.setting.kind, Kind::Secret | Kind::Hidden);
        let shown = if is_secret { String::new() } else { format!(", and is {:?}", self.text) };
        ConfigError::new(format!("{place} {rule}{shown}"))
    }

    /// The line of a file that sets this value. For a secret that is not in a file of its own, the line
    /// is a comment that does not show it.
    pub fn assignment(&self) -> String {
        let (name, text) = (self.name(), &*self.text);
        match self.setting.kind {
            Kind::Text => format!("{name} = {}", quoted(text)),
            Kind::Number | Kind::Switch => format!("{name} = {text}"),
            Kind::List => {
                format!("{name} = [{}]", items(text).map(quoted).collect::<Vec<_>>().join(", "))
            }
            Kind::Secret => match &self.secret_file {
                Some(path) => format!("{name} = {}", quoted(&path.to_string_lossy())),
                None if text.is_empty() => format!("{name} = \"\""),
                None => format!("# {name} is set"),
            },
            Kind::Hidden if text.is_empty() => format!("{name} = \"\""),
            Kind::Hidden => format!("# {name} is set"),
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

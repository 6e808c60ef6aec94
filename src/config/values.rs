//! What is in force: flags over variables over the file over the defaults.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::environment::Environment;
use super::error::ConfigError;
use super::file;
use super::flags::Flags;
use super::setting::{Kind, Setting};
use super::settings::SETTINGS;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// That file.
    File(PathBuf),
    /// Nobody has set it.
    Default,
}

/// A setting's value. It has no `Debug`, since it may be a secret.
pub struct Value {
    pub(super) setting: &'static Setting,
    /// As it would be written in a variable; empty for none.
    pub(super) text: String,
    source: Source,
    /// The file that a secret is in.
    pub(super) secret_file: Option<PathBuf>,
}

impl Value {
    pub(super) fn new(setting: &'static Setting, text: String, source: Source) -> Self {
        Self { setting, text, source, secret_file: None }
    }

    /// A secret in a file of its own.
    pub(super) fn in_file(setting: &'static Setting, path: PathBuf, source: Source) -> Self {
        Self { setting, text: String::new(), source, secret_file: Some(path) }
    }

    /// The line of a file that sets this. Where it is a secret that no file of its own holds, that
    /// line is a comment that doesn't show it.
    pub fn assignment(&self) -> String {
        file::assignment(self)
    }

    /// Where it comes from: the flag, the variable, the file, or `default`.
    pub fn origin(&self) -> String {
        match &self.source {
            Source::Flag => self.setting.flag(),
            Source::Variable => {
                let of_file = self.setting.file_variable().filter(|_| self.secret_file.is_some());
                of_file.unwrap_or_else(|| self.setting.variable())
            }
            Source::File(path) => path.display().to_string(),
            Source::Default => "default".to_owned(),
        }
    }

    /// The place where a person would change it.
    fn place(&self) -> String {
        let of_file = self.setting.file_key().filter(|_| self.secret_file.is_some());
        let key = of_file.unwrap_or_else(|| self.setting.key.to_owned());
        match &self.source {
            Source::Flag | Source::Variable => self.origin(),
            Source::File(path) => format!("`{key}` in {}", path.display()),
            Source::Default => format!("the default of `{key}`"),
        }
    }

    /// Reads a secret that is in a file, and brings the text into its one form.
    fn complete(mut self) -> Result<Self, ConfigError> {
        if let Some(path) = &self.secret_file {
            let text = fs::read_to_string(path).map_err(|cause| ConfigError::UnreadableSecret {
                path: path.clone(),
                place: self.place(),
                cause,
            })?;
            text.trim().clone_into(&mut self.text);
            if self.text.is_empty() {
                return Err(self.refused("names a file that is empty".to_owned()));
            }
        }
        self.text = self.setting.normalize(&self.text).map_err(|rule| self.refused(rule))?;
        Ok(self)
    }

    fn refused(&self, rule: String) -> ConfigError {
        let place = match &self.secret_file {
            Some(path) => format!("{}, which {} names,", path.display(), self.place()),
            None => self.place(),
        };
        let value = (self.setting.kind != Kind::Secret).then(|| self.text.clone());
        ConfigError::Refused { place, rule, value }
    }
}

/// A value for every setting, in the form that its kind has.
pub struct Values(Vec<Value>);

impl Values {
    /// Brings together what a command was given, the process's environment and the file.
    pub fn resolve<P>(flags: &Flags<P>) -> Result<Self, ConfigError> {
        let environment = Environment::read(std::env::vars_os())?;
        let (variables, given) = (environment.values()?, flags.values());
        // Whoever names a directory doesn't mean that of the packaged installation.
        let has_directory =
            variables.iter().chain(&given).any(|value| value.setting.key == "data_dir");
        let packaged = (!has_directory).then(|| environment.packaged());
        let file = file::read(flags.file().or_else(|| environment.file()), packaged)?;
        Self::merge([file, variables, given])
    }

    /// Whether two settings were set in the same place: as flags, as variables, or in the same file.
    pub fn have_one_source(&self, key: &str, other: &str) -> bool {
        self.get(key).source == self.get(other).source
    }

    /// Whether a setting is a flag.
    pub fn is_flag(&self, key: &str) -> bool {
        self.get(key).source == Source::Flag
    }

    /// Puts the sources over the defaults, the weakest first. What a stronger one overrides isn't
    /// judged, and a secret's file isn't read for it.
    pub(super) fn merge(
        sources: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<Self, ConfigError> {
        let default = |setting: &'static Setting| {
            Value::new(setting, setting.default.to_owned(), Source::Default)
        };
        let mut values: Vec<Value> = SETTINGS.iter().map(default).collect();
        for given in sources.into_iter().flatten() {
            let same = values.iter_mut().find(|value| value.setting.key == given.setting.key);
            if let Some(value) = same {
                *value = given;
            }
        }
        values.into_iter().map(Value::complete).collect::<Result<_, _>>().map(Self)
    }

    /// All of them, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// # Panics
    ///
    /// Where there is no such setting; each is read wherever a configuration is made.
    fn get(&self, key: &str) -> &Value {
        let value = self.0.iter().find(|value| value.setting.key == key);
        value.unwrap_or_else(|| panic!("`{key}` is not in the table of settings"))
    }

    pub(super) fn text(&self, key: &str) -> &str {
        &self.get(key).text
    }

    /// Whether it is that word.
    pub(super) fn is(&self, key: &str, word: &str) -> bool {
        self.text(key) == word
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.is(key, "true")
    }

    /// A number whose bounds fit its type.
    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<T, ConfigError> {
        self.read(key, |text| text.parse().map_err(|_| "is too large here".to_owned()))
    }

    /// A number of seconds.
    pub(super) fn seconds(&self, key: &str) -> Result<Duration, ConfigError> {
        self.number(key).map(Duration::from_secs)
    }

    /// Refuses a number that isn't above that other one.
    pub(super) fn require_above(&self, key: &str, other: &str) -> Result<(), ConfigError> {
        let (value, other) = (self.get(key), self.get(other));
        if self.number::<i64>(value.setting.key)? > self.number(other.setting.key)? {
            return Ok(());
        }
        let rule = format!("must be above {}, which is {:?}", other.place(), other.text);
        Err(value.refused(rule))
    }

    /// What `read` makes of a value; its error is a rule, such as "must be an address".
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let value = self.get(key);
        read(&value.text).map_err(|rule| value.refused(rule))
    }
}

//! The values in force: flags over variables over the file over the defaults.

use std::error::Error;
use std::iter;
use std::path::Path;

use clap::Parser;

use super::environment::Environment;
use super::file;
use super::flags::Flags;
use super::setting::SETTINGS;
use super::settings::AllSettings;
use super::value::{ConfigError, Source, Value};

/// A value for every setting.
pub struct Values(Vec<Value>);

impl Values {
    /// Merges a command's flags, the environment of the process and the file.
    pub fn resolve<P>(flags: &Flags<P>) -> Result<Self, ConfigError> {
        let Environment { values: variables, file, packaged } =
            Environment::read(std::env::vars_os())?;
        let given = flags.values();
        // A command that names a directory must not use the packaged installation's settings.
        let names_directory =
            variables.iter().chain(&given).any(|value| value.setting.key == "data_dir");
        let packaged = packaged.as_deref().unwrap_or(Path::new(file::PACKAGED));
        let packaged = (!names_directory).then_some(packaged);
        let file = file::read(flags.file.as_deref().or(file.as_deref()), packaged)?;
        Self::merge([file, variables, given])
    }

    /// Puts the sources over the defaults, the weakest first. A value that a stronger source overrides
    /// isn't checked, and no secret is read for it.
    pub(super) fn merge(
        sources: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<Self, ConfigError> {
        let mut values: Vec<Value> = SETTINGS.iter().map(Value::default_of).collect();
        for given in sources.into_iter().flatten() {
            let same = values.iter_mut().find(|value| value.setting.key == given.setting.key);
            let Some(same) = same else { continue };
            if same.source == given.source {
                let (one, other) = (same.place(), given.place());
                return Err(ConfigError::new(format!("{one} and {other} are both set")));
            }
            *same = given;
        }
        values.into_iter().map(Value::complete).collect::<Result<_, _>>().map(Self)
    }

    /// All values, in the order of the help.
    pub(super) fn of(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Every value, in the order of the help.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// Whether two settings were set in the same place: as flags, as variables, or in the same file.
    pub fn have_one_source(&self, key: &str, other: &str) -> bool {
        let source = |key| self.get(key).map(|value| &value.source);
        source(key) == source(other)
    }

    /// Whether a setting was given as a flag.
    pub fn is_flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.source == Source::Flag)
    }

    /// Whether a setting was set in a place that takes precedence over that of another setting.
    pub(super) fn is_stronger(&self, key: &str, other: &str) -> bool {
        let rank = |key| self.get(key).map(|value| value.source.rank());
        rank(key) > rank(other)
    }

    /// Whether a setting was set anywhere.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.source != Source::Default)
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|value| value.setting.key == key)
    }

    /// The error for a value that breaks that rule.
    pub(super) fn refused(&self, key: &str, rule: &str) -> ConfigError {
        let value = self.get(key).map(|value| value.refused(rule));
        value.unwrap_or_else(|| ConfigError::new(rule.to_owned()))
    }

    /// The error for a number that must be above another one.
    pub(super) fn not_above(&self, key: &str, other: &str) -> ConfigError {
        let other = self.get(other);
        let other = other.map(|other| format!("{}, which is {:?}", other.place(), other.text));
        self.refused(key, &format!("must be above {}", other.unwrap_or_default()))
    }

    /// Parses every value; fails with the first that breaks its rule.
    pub(super) fn parse(&self) -> Result<AllSettings, ConfigError> {
        parse(&self.0).map_err(|error| {
            // The library names the flag, and not the place where the value was set.
            let mut given = self.0.iter().filter(|value| value.source != Source::Default);
            let refused = given.find_map(|value| {
                let error = parse([value]).err()?;
                Some(value.refused(&error.source()?.to_string()))
            });
            refused.unwrap_or_else(|| ConfigError::new(error.kind().to_string()))
        })
    }
}

/// As if each value were a flag. An empty one counts as not given.
fn parse<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<AllSettings, clap::Error> {
    let given = values.into_iter().filter(|value| !value.text.is_empty());
    let flags = given.map(|value| format!("{}={}", value.setting.flag(), value.text));
    AllSettings::try_parse_from(iter::once(String::new()).chain(flags))
}

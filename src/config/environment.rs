//! Settings from the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::error::ConfigError;
use super::settings::{PREFIX, SETTINGS, Setting};
use super::values::{Source, Value};

/// The variable that names the file with settings.
pub(super) const FILE: &str = "GOLDSTAR_CONFIG";
/// What the variables begin with that are for `goldstar admin` alone.
const ADMIN: &str = "ADMIN_";

/// The variables that are set and are Goldstar's.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Refuses a variable that looks like one of Goldstar's and isn't. One that is empty counts as
    /// not set: that is how compose files leave one out.
    pub(super) fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut ours = BTreeMap::new();
        for (name, value) in variables {
            // What isn't UTF-8 can be a name of Goldstar's as little as one without the prefix.
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if value.is_empty() || rest.starts_with(ADMIN) || is_injected(rest, &value) {
                continue;
            }
            let name = name.to_owned();
            if !is_known(&name) {
                return Err(ConfigError::UnknownVariable { name });
            }
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::NotUtf8 { name });
            };
            ours.insert(name, value);
        }
        Ok(Self(ours))
    }

    /// The file that is to be read instead of the usual one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.0.get(FILE).map(Path::new)
    }

    /// What is set.
    pub(super) fn values(&self) -> Result<Vec<Value>, ConfigError> {
        let mut values = Vec::new();
        for setting in &SETTINGS {
            let text = self.0.get(&setting.variable());
            let file = setting.file_variable().and_then(|variable| self.0.get(&variable));
            let value = match (text, file) {
                (Some(_), Some(_)) => {
                    let one = setting.variable();
                    return Err(ConfigError::Twice { other: format!("{one}_FILE"), one });
                }
                (Some(text), None) => Value::new(setting, text.clone(), Source::Variable),
                (None, Some(file)) => Value::in_file(setting, file.into(), Source::Variable),
                (None, None) => continue,
            };
            values.push(value);
        }
        Ok(values)
    }
}

fn is_known(variable: &str) -> bool {
    let is_of = |setting: &Setting| {
        variable == setting.variable() || setting.file_variable().as_deref() == Some(variable)
    };
    variable == FILE || SETTINGS.iter().any(is_of)
}

/// Whether another program set it: for each service whose name begins with `goldstar`, Kubernetes
/// puts such variables into the environment, and Docker for each linked container.
fn is_injected(name: &str, value: &OsString) -> bool {
    if name == "PORT" {
        // Theirs is a URL; whoever writes a number here means `listen`, and should hear so.
        return value.to_string_lossy().contains("://");
    }
    let words = format!("_{name}_");
    ["_SERVICE_HOST_", "_PORT_", "_ENV_"].iter().any(|mark| words.contains(mark))
        || words.ends_with("_NAME_")
}

//! Settings from the environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::error::ConfigError;
use super::file;
use super::setting::{PREFIX, Setting};
use super::settings::SETTINGS;
use super::values::{Source, Value};

/// The variable that names the file with settings.
pub(super) const FILE: &str = "GOLDSTAR_CONFIG";
/// The variable that names a packaged installation's file in place of the usual path.
pub(super) const PACKAGED: &str = "GOLDSTAR_PACKAGED_CONFIG";
/// The variables that are for `goldstar admin` alone.
pub(crate) const OF_ADMIN: [&str; 4] = [
    "GOLDSTAR_ADMIN_EMAIL",
    "GOLDSTAR_ADMIN_FIRST_NAME",
    "GOLDSTAR_ADMIN_LAST_NAME",
    "GOLDSTAR_ADMIN_PASSWORD_FILE",
];

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
            if value.is_empty() || OF_ADMIN.contains(&name) || is_injected(rest, &value) {
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

    /// The file of a packaged installation; it need not be there.
    pub(super) fn packaged(&self) -> &Path {
        Path::new(self.0.get(PACKAGED).map_or(file::PACKAGED, |path| path))
    }

    /// What is set.
    pub(super) fn values(&self) -> Result<Vec<Value>, ConfigError> {
        let mut values = Vec::new();
        for setting in SETTINGS {
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
    variable == FILE || variable == PACKAGED || SETTINGS.iter().any(is_of)
}

/// Whether Kubernetes set it, which does so for each service whose name begins with `goldstar`. `name`
/// is without the prefix, which is the service's name or its beginning.
fn is_injected(name: &str, value: &OsStr) -> bool {
    let is_port = |number: &str, protocol: &str| {
        number.parse::<u16>().is_ok() && ["TCP", "UDP", "SCTP"].contains(&protocol)
    };
    let words: Vec<&str> = name.split('_').collect();
    match words[..] {
        [.., "SERVICE", "HOST"] => true,
        // One with a name may follow: `SERVICE_PORT_HTTP`.
        _ if words.windows(2).any(|pair| pair == ["SERVICE", "PORT"]) => true,
        [.., "PORT", number, protocol, "PROTO" | "PORT" | "ADDR"]
        | [.., "PORT", number, protocol]
            if is_port(number, protocol) =>
        {
            true
        }
        // Theirs is a URL; whoever writes a number here means `listen`, and should hear so.
        [.., "PORT"] => value.to_string_lossy().contains("://"),
        _ => false,
    }
}

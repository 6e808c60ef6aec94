//! Settings from the environment.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::setting::{PREFIX, Setting};
use super::value::{ConfigError, Source, Value};

/// The variable that names the file with settings.
pub(super) const FILE: &str = "GOLDSTAR_CONFIG";
/// The variable that names a packaged installation's file in place of the usual path.
const PACKAGED: &str = "GOLDSTAR_PACKAGED_CONFIG";
/// The variables that are for `goldstar admin` alone.
pub(crate) const OF_ADMIN: [&str; 4] = [
    "GOLDSTAR_ADMIN_EMAIL",
    "GOLDSTAR_ADMIN_FIRST_NAME",
    "GOLDSTAR_ADMIN_LAST_NAME",
    "GOLDSTAR_ADMIN_PASSWORD_FILE",
];

/// Goldstar's variables that are set.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) values: Vec<Value>,
    /// The file to read instead of the usual one.
    pub(super) file: Option<PathBuf>,
    /// The file of a packaged installation; it need not exist.
    pub(super) packaged: Option<PathBuf>,
}

impl Environment {
    /// Refuses a variable that has the prefix and is not a setting. An empty variable counts as not
    /// set: that is how compose files leave one out.
    pub(super) fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut read = Self::default();
        for (name, value) in variables {
            // A name that isn't UTF-8 is another program's.
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if value.is_empty() || OF_ADMIN.contains(&name) || is_injected(rest, &value) {
                continue;
            }
            let key = rest.to_ascii_lowercase();
            let setting = Setting::find(&key).filter(|_| rest == key.to_ascii_uppercase());
            if setting.is_none() && name != FILE && name != PACKAGED {
                return Err(ConfigError::unknown(name));
            }
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::new(format!("{name} is not UTF-8")));
            };
            match setting {
                Some(setting) => {
                    read.values.push(Value::new(setting, &key, value, Source::Variable));
                }
                None if name == FILE => read.file = Some(value.into()),
                None => read.packaged = Some(value.into()),
            }
        }
        Ok(read)
    }
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
        // A named port has its name behind it: `SERVICE_PORT_HTTP`.
        _ if words.windows(2).any(|pair| pair == ["SERVICE", "PORT"]) => true,
        [.., "PORT", number, protocol, "PROTO" | "PORT" | "ADDR"]
        | [.., "PORT", number, protocol]
            if is_port(number, protocol) =>
        {
            true
        }
        // Kubernetes sets a URL. A number is a mistake for `listen`, which must be reported.
        [.., "PORT"] => value.to_string_lossy().contains("://"),
        _ => false,
    }
}

//! Every setting that there is, once: the flags, the variables, the keys of the file, the help, the
//! bounds and the defaults all come from this table.

use crate::audit_log;
use crate::domain::Points;
use crate::domain::deletion::Threshold;

/// Something that the operator can set.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file. The flag is the same with dashes, the variable the same in capitals.
    pub key: &'static str,
    /// What stands for its value in the help: for a number, its unit.
    pub placeholder: &'static str,
    /// The form of its value.
    pub kind: Kind,
    /// Its value where nobody sets it, as it would be written in a variable; empty for none.
    pub default: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string in the file; it may be empty where the default is.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// An integer in the file, no smaller and no larger than these.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A boolean in the file.
    Switch,
    /// An array of strings in the file; separated by commas elsewhere.
    List,
    /// A string in the file that is never shown, and never a flag, which other users of the machine
    /// could read. It can be read from a file of its own: its name has `_file` behind it then.
    Secret,
}

impl Setting {
    /// `--log-dir`; a secret's flag names the file that it is in.
    pub fn flag(&self) -> String {
        let suffix = if self.kind == Kind::Secret { "-file" } else { "" };
        format!("--{}{suffix}", self.key.replace('_', "-"))
    }

    /// `GOLDSTAR_LOG_DIR`
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_uppercase())
    }

    /// `GOLDSTAR_MONITORING_TOKEN_FILE`, which names the file that a secret is in; none for others.
    pub fn file_variable(&self) -> Option<String> {
        (self.kind == Kind::Secret).then(|| format!("{}_FILE", self.variable()))
    }

    /// `monitoring_token_file`, the same in the file of settings.
    pub(super) fn file_key(&self) -> Option<String> {
        (self.kind == Kind::Secret).then(|| format!("{}_file", self.key))
    }

    /// The values that it can have, such as `1 to 3600`, where its kind tells.
    pub fn range(&self) -> Option<String> {
        match self.kind {
            Kind::Word(words) => Some(words.join(" or ")),
            Kind::Number { min, max } => Some(format!("{min} to {max}")),
            Kind::Switch => Some("true or false".to_owned()),
            Kind::Text | Kind::List | Kind::Secret => None,
        }
    }

    /// The one form of a text that can be written in several ways, such as `yes`, `007` or `a, b`.
    /// The error is the rule that it breaks, to stand behind the setting's name.
    pub(super) fn normalize(&self, text: &str) -> Result<String, String> {
        match self.kind {
            Kind::Text | Kind::Secret if text.is_empty() && !self.default.is_empty() => {
                Err("must not be empty".to_owned())
            }
            Kind::Text | Kind::Secret => Ok(text.to_owned()),
            Kind::List => Ok(items(text).collect::<Vec<_>>().join(",")),
            Kind::Word(words) if words.contains(&text) => Ok(text.to_owned()),
            Kind::Word(words) => Err(format!("must be {}", words.join(" or "))),
            Kind::Switch => match switch(text) {
                Some(on) => Ok(on.to_string()),
                None => Err("must be true or false".to_owned()),
            },
            Kind::Number { min, max } => match text.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(number.to_string()),
                _ => Err(format!("must be a whole number from {min} to {max}")),
            },
        }
    }
}

/// What every variable's name begins with.
pub(super) const PREFIX: &str = "GOLDSTAR_";

/// The items of a list with commas in between.
pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// As people write it in variables.
fn switch(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

const fn setting(
    key: &'static str,
    placeholder: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting { key, placeholder, kind, default, help }
}

const fn number(min: i64, max: i64) -> Kind {
    Kind::Number { min, max }
}

/// The table.
pub static SETTINGS: &[Setting] = &[
    setting(
        "listen",
        "ADDRESS",
        Kind::Text,
        "127.0.0.1:5000",
        "The address and the port to serve on; port 0 takes a free one",
    ),
    setting(
        "public_url",
        "URL",
        Kind::Text,
        "",
        "Where browsers reach the server; with https, the session cookie is sent over https alone",
    ),
    setting(
        "allowed_origins",
        "URLS",
        Kind::List,
        "",
        "Other origins whose pages may use the API in a browser: they get CORS headers and may make \
         changes with the session cookie",
    ),
    setting(
        "account_fields",
        "NAMES",
        Kind::List,
        "",
        "Further fields of an account in users.json that are returned to its owner",
    ),
    setting(
        "trusted_proxies",
        "NETWORKS",
        Kind::List,
        "",
        "The proxies, as addresses or networks, whose X-Forwarded-For and X-Request-Id are believed",
    ),
    setting(
        "data_dir",
        "DIR",
        Kind::Text,
        "data",
        "The directory that holds the families' records; made where it doesn't exist",
    ),
    setting(
        "log_dir",
        "DIR",
        Kind::Text,
        "logs",
        "The directory for the audit logs, a file an account",
    ),
    setting(
        "log_max_bytes",
        "BYTES",
        number(0, 1 << 40),
        "10485760",
        "An audit log is rotated before it reaches this many bytes; 0 for never",
    ),
    setting(
        "log_backups",
        "COUNT",
        number(0, audit_log::Settings::MAX_BACKUPS as i64),
        "5",
        "How many rotated audit logs an account keeps; 0: an audit log isn't rotated",
    ),
    setting(
        "server_log",
        "FILTER",
        Kind::Text,
        "info",
        "How much the server's own log says: error, warn, info, debug or trace, also for parts of \
         the program",
    ),
    setting(
        "server_log_format",
        "FORMAT",
        Kind::Word(&["text", "json"]),
        "text",
        "The form of the lines of the server's own log",
    ),
    setting(
        "server_log_dir",
        "DIR",
        Kind::Text,
        "",
        "A directory for the server's own log, a file a day, besides the standard error output",
    ),
    setting(
        "server_log_files",
        "COUNT",
        number(1, 10_000),
        "14",
        "How many of these daily files are kept",
    ),
    setting(
        "signup",
        "WHO",
        Kind::Word(&["open", "closed"]),
        "open",
        "Whether anyone may make an account",
    ),
    setting(
        "points_floor",
        "POINTS",
        number(-Points::LIMIT, Points::LIMIT),
        "0",
        "How low a penalty can push a child's points",
    ),
    setting(
        "named_events",
        "BOOL",
        Kind::Switch,
        "true",
        "Whether the frames of the event stream have an `event:` line; false for front ends that \
         listen with `onmessage`",
    ),
    setting(
        "demo",
        "BOOL",
        Kind::Switch,
        "false",
        "Fill a data directory that holds no records with a family to try things on, and serve a \
         page for it at /demo",
    ),
    setting(
        "logins_per_account",
        "COUNT",
        number(0, 1_000_000),
        "20",
        "How often an account's password may be tried within the login window; 0 for any number",
    ),
    setting(
        "logins_per_address",
        "COUNT",
        number(0, 1_000_000),
        "100",
        "How often a client's address may try passwords and make accounts within the login window; \
         0 for any number",
    ),
    setting("login_window", "SECONDS", number(1, 86_400), "600", "How long a try counts"),
    setting(
        "deletion_interval",
        "SECONDS",
        number(1, 86_400),
        "60",
        "How often it is looked which accounts are due for deletion",
    ),
    setting(
        "deletion_threshold",
        "HOURS",
        number(Threshold::MIN_HOURS as i64, Threshold::MAX_HOURS as i64),
        "720",
        "How long an account that is marked for deletion waits for it, until an administrator says \
         otherwise",
    ),
    setting(
        "deletion_attempts",
        "COUNT",
        number(1, 100),
        "10",
        "How often deleting an account is tried before it is left to an administrator",
    ),
    setting(
        "streams_per_session",
        "COUNT",
        number(1, 1000),
        "10",
        "How many event streams a session may have open at once",
    ),
    setting(
        "max_connections",
        "COUNT",
        number(1, 1_000_000),
        "10000",
        "How many connections may be open at once",
    ),
    setting(
        "max_body_bytes",
        "BYTES",
        number(1024, 16 << 20),
        "65536",
        "How large a request's body may be",
    ),
    setting(
        "head_timeout",
        "SECONDS",
        number(1, 3600),
        "30",
        "How long a request's head may take to arrive, from the connection's begin or from the \
         answer before it",
    ),
    setting(
        "body_timeout",
        "SECONDS",
        number(1, 3599),
        "30",
        "How long a request's body may take to arrive",
    ),
    setting(
        "write_timeout",
        "SECONDS",
        number(1, 3600),
        "30",
        "How long a client may leave what it is sent unread",
    ),
    setting(
        "min_transfer_rate",
        "BYTES",
        number(0, 1 << 30),
        "1024",
        "How many bytes of an answer a client must take in a second, on average, once it has let \
         the server wait for write_timeout; event streams are exempt; 0 for any number",
    ),
    setting(
        "request_timeout",
        "SECONDS",
        number(2, 3600),
        "60",
        "How long a request may take until its answer begins, its body's arrival included; above \
         body_timeout",
    ),
    setting(
        "shutdown_timeout",
        "SECONDS",
        number(2, 3600),
        "10",
        "How long a stop may take; what is unanswered then is dropped",
    ),
    setting(
        "monitoring",
        "WHO",
        Kind::Word(&["open", "protected"]),
        "open",
        "Who may read /metrics and the details of /health: anyone, or administrators and whoever \
         has the monitoring token",
    ),
    setting(
        "monitoring_token",
        "FILE",
        Kind::Secret,
        "",
        "A file with the Bearer token by which a monitoring program reads /metrics and /health",
    ),
];

/// The settings that a command on a data directory takes.
pub(super) const STORAGE: [&str; 4] = ["data_dir", "log_dir", "log_max_bytes", "log_backups"];

/// The settings that say how a running server is reached.
pub(super) const ADDRESS: [&str; 2] = ["listen", "monitoring_token"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_key() {
        let setting = SETTINGS.iter().find(|setting| setting.key == "log_dir").unwrap();
        assert_eq!((&*setting.flag(), &*setting.variable()), ("--log-dir", "GOLDSTAR_LOG_DIR"));
        let secret = SETTINGS.iter().find(|setting| setting.kind == Kind::Secret).unwrap();
        assert_eq!(secret.flag(), "--monitoring-token-file");
    }

    #[test]
    fn the_parts_name_settings() {
        for key in STORAGE.iter().chain(&ADDRESS) {
            assert!(SETTINGS.iter().any(|setting| setting.key == *key), "{key}");
        }
    }
}

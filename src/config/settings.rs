//! Every setting that there is, once: the flags, the variables, the keys of the file, the help and
//! the defaults all come from this table.

/// Something that the operator can set.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file. The flag is the same with dashes, the variable the same in capitals.
    pub key: &'static str,
    /// What stands for its value in the help.
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
    /// A string in the file.
    Text,
    /// An integer in the file.
    Number,
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
}

/// What every variable's name begins with.
pub(super) const PREFIX: &str = "GOLDSTAR_";

const fn setting(
    key: &'static str,
    placeholder: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting { key, placeholder, kind, default, help }
}

/// The table.
pub static SETTINGS: [Setting; 29] = [
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
        "Further addresses whose pages may send changes along with a session cookie",
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
        Kind::Number,
        "10485760",
        "An audit log is rotated before it reaches this many bytes; 0 for never",
    ),
    setting(
        "log_backups",
        "COUNT",
        Kind::Number,
        "5",
        "How many rotated audit logs an account keeps, at most 1000; 0: an audit log isn't rotated",
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
        Kind::Text,
        "text",
        "The form of the lines of the server's own log: text or json",
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
        Kind::Number,
        "14",
        "How many of these daily files are kept, at least 1",
    ),
    setting(
        "signup",
        "WHO",
        Kind::Text,
        "open",
        "Whether anyone may make an account: open or closed",
    ),
    setting(
        "points_floor",
        "POINTS",
        Kind::Number,
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
        "Fill a data directory that holds no records with a family to try things on",
    ),
    setting(
        "logins_per_account",
        "COUNT",
        Kind::Number,
        "20",
        "How often an account's password may be tried within the login window; 0 for any number",
    ),
    setting(
        "logins_per_address",
        "COUNT",
        Kind::Number,
        "100",
        "How often a client's address may try passwords and make accounts within the login window; \
         0 for any number",
    ),
    setting("login_window", "SECONDS", Kind::Number, "600", "The login window, 1 to 86400 seconds"),
    setting(
        "streams_per_session",
        "COUNT",
        Kind::Number,
        "10",
        "How many event streams a session may have open at once, at least 1",
    ),
    setting(
        "max_connections",
        "COUNT",
        Kind::Number,
        "10000",
        "How many connections may be open at once, at least 1",
    ),
    setting(
        "max_body_bytes",
        "BYTES",
        Kind::Number,
        "65536",
        "How large a request's body may be, 1024 to 16777216 bytes",
    ),
    setting(
        "head_timeout",
        "SECONDS",
        Kind::Number,
        "30",
        "How long a request's head may take to arrive, and a kept connection's next request to \
         begin, 1 to 3600 seconds",
    ),
    setting(
        "body_timeout",
        "SECONDS",
        Kind::Number,
        "30",
        "How long a request's body may take to arrive, 1 to 3600 seconds",
    ),
    setting(
        "write_timeout",
        "SECONDS",
        Kind::Number,
        "30",
        "How long a client may leave what it is sent unread, 1 to 3600 seconds",
    ),
    setting(
        "request_timeout",
        "SECONDS",
        Kind::Number,
        "60",
        "How long a request may take until its answer begins, 1 to 3600 seconds",
    ),
    setting(
        "shutdown_timeout",
        "SECONDS",
        Kind::Number,
        "10",
        "How long a stop may take, 2 to 3600 seconds; what is unanswered then is dropped",
    ),
    setting(
        "monitoring",
        "WHO",
        Kind::Text,
        "open",
        "Who may read /metrics and the details of /health: open, or protected for administrators \
         and the monitoring token",
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

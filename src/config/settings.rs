//! Every setting that there is, once: the flags, the variables, the keys of the file, the help, the
//! bounds and the defaults all come from this table.

use super::setting::{Kind, Setting};
use crate::domain::Points;
use crate::domain::deletion::Threshold;
use crate::followers::audit_log;
use crate::http::CookieName;

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
        "session_cookie",
        "NAME",
        Kind::Text,
        CookieName::DEFAULT,
        "The name of the session cookie, for a host on which another service has one of that name",
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
        "signups_per_address",
        "COUNT",
        number(0, 1_000_000),
        "20",
        "How many accounts a client's address may make within the sign-up window; 0 for any number",
    ),
    setting("signup_window", "SECONDS", number(1, 86_400), "3600", "How long a sign-up counts"),
    setting(
        "changes_per_account",
        "COUNT",
        number(0, 1_000_000),
        "10000",
        "How many changes an account may ask for within the change window; 0 for any number, as \
         in a demo",
    ),
    setting(
        "changes_per_address",
        "COUNT",
        number(0, 10_000_000),
        "50000",
        "How many changes a client's address may ask for within the change window; 0 for any \
         number, as in a demo",
    ),
    setting("change_window", "SECONDS", number(1, 86_400), "200", "How long a change counts"),
    setting(
        "children_per_family",
        "COUNT",
        number(0, 1_000_000),
        "100",
        "How many children a family may add; 0 for any number",
    ),
    setting(
        "tasks_per_family",
        "COUNT",
        number(0, 1_000_000),
        "2000",
        "How many tasks and penalties a family may add; 0 for any number",
    ),
    setting(
        "rewards_per_family",
        "COUNT",
        number(0, 1_000_000),
        "2000",
        "How many rewards a family may add; 0 for any number",
    ),
    setting(
        "requests_per_family",
        "COUNT",
        number(0, 1_000_000),
        "5000",
        "How many requests for rewards may be pending in a family; 0 for any number",
    ),
    setting(
        "sessions_per_family",
        "COUNT",
        number(0, 1_000_000),
        "500",
        "How many sessions an account and its children may have; a login beyond them ends the one \
         that was unused for longest; 0 for any number",
    ),
    setting(
        "display_bytes_per_child",
        "BYTES",
        number(0, 16 << 20),
        "16384",
        "How many bytes the ids in a child's lists of tasks and rewards may have together; 0 for \
         any number",
    ),
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
        "max_connections_per_address",
        "COUNT",
        number(0, 1_000_000),
        "0",
        "How many of the connections one client's address may have open; 0 for half of them",
    ),
    setting(
        "health_connections",
        "COUNT",
        number(0, 16),
        "4",
        "How many further connections are kept for a GET /health from this machine, where all \
         others are taken",
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
pub(super) const ADDRESS: [&str; 3] = ["data_dir", "listen", "monitoring_token"];

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

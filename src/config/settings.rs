//! Every setting, declared once. The field's name is the key in the file, and gives the flag
//! (`--log-dir`) and the variable (`GOLDSTAR_LOG_DIR`); the comment is the help text.

#![expect(
    clippy::doc_markdown,
    clippy::struct_field_names,
    reason = "the comments are help texts, and the fields' names are those that operators write"
)]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser};
use ipnet::IpNet;

use super::parse::{
    count, database, listen, log_filter, network, number, one_of, origin, seconds, switch, token,
    webhook_host, whole, zone,
};
use crate::domain::Points;
use crate::domain::calendar::Zone;
use crate::domain::deletion::Threshold;
use crate::followers::audit_log::{self, AuditOutput};
use crate::http::{CookieName, Origin, Secret};
use crate::store::postgres::DatabaseUrl;

/// The highest limit that can be set for most things.
const MAX: i64 = 1_000_000;
/// The longest window for which attempts are counted, and the longest interval: a day in seconds.
const DAY: i64 = 86_400;
/// The longest timeout: an hour in seconds.
const HOUR: i64 = 3600;

#[derive(Debug, Parser)]
pub(super) struct AllSettings {
    #[command(flatten)]
    pub(super) first: FirstGroup,
    #[command(flatten)]
    pub(super) places: PlacesGroup,
    #[command(flatten)]
    pub(super) browsers: BrowsersGroup,
    #[command(flatten)]
    pub(super) accounts: AccountsGroup,
    #[command(flatten)]
    pub(super) limits: LimitsGroup,
    #[command(flatten)]
    pub(super) timeouts: TimeoutsGroup,
    #[command(flatten)]
    pub(super) logs: LogsGroup,
    #[command(flatten)]
    pub(super) monitoring: MonitoringGroup,
    #[command(flatten)]
    pub(super) deletion: DeletionGroup,
    #[command(flatten)]
    pub(super) backups: BackupsGroup,
    #[command(flatten)]
    pub(super) demo: DemoGroup,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Set these first on a server that others can reach")]
pub(super) struct FirstGroup {
    /// URL at which browsers reach the server: scheme, host and port. With https, browsers send the
    /// session cookie over https only
    #[arg(long, value_name = "URL", value_parser = origin)]
    pub(super) public_url: Option<Origin>,
    /// Addresses or networks of the proxies whose X-Forwarded-For and X-Request-Id headers are
    /// trusted
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', value_parser = network)]
    pub(super) trusted_proxies: Vec<IpNet>,
    /// Whether anyone can create an account over HTTP
    #[arg(long, value_name = "WHO", default_value = "open")]
    #[arg(value_parser = one_of([("open", Signup::Open), ("closed", Signup::Closed)]))]
    pub(super) signup: Signup,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Signup {
    Open,
    Closed,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Where")]
pub(super) struct PlacesGroup {
    /// Address and port to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000", value_parser = listen)]
    pub(super) listen: String,
    /// Directory for the families' records; created if it does not exist
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(super) data_dir: PathBuf,
    /// URL of a PostgreSQL database for the families' records, instead of data_dir:
    /// postgres://user:password@host:5432/database
    #[arg(long, value_name = "URL", value_parser = database)]
    pub(super) database_url: Option<DatabaseUrl>,
    /// URL of the same database for notifications, if database_url passes through a connection pooler
    /// such as PgBouncer
    #[arg(long, value_name = "URL", value_parser = database)]
    pub(super) database_listen_url: Option<DatabaseUrl>,
    /// Directory for the audit logs, one file per account; created if it does not exist
    #[arg(long, value_name = "DIR", default_value = "logs")]
    pub(super) log_dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Browsers and front ends")]
pub(super) struct BrowsersGroup {
    /// Name of the session cookie, for a host on which another service has a cookie of that name
    #[arg(long, value_name = "NAME", default_value = CookieName::DEFAULT)]
    pub(super) session_cookie: String,
    /// Other origins whose pages may use the API in a browser: they get CORS headers and can make
    /// changes with the session cookie
    #[arg(long, value_name = "URLS", value_delimiter = ',', value_parser = origin)]
    pub(super) allowed_origins: Vec<Origin>,
    /// Whether events in the event stream have an `event:` line; false for front ends that listen
    /// with `onmessage`
    #[arg(long, value_name = "BOOL", default_value = "true", value_parser = switch())]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set)]
    pub(super) named_events: bool,
    /// Whether there are pages for families and administrators; off for an own front end
    #[arg(long, value_name = "SWITCH", default_value = "on")]
    #[arg(value_parser = one_of([("on", Web::On), ("off", Web::Off)]))]
    pub(super) web: Web,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Web {
    On,
    Off,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts and sessions")]
pub(super) struct AccountsGroup {
    /// Additional fields of an account in users.json that the API returns to its owner
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) account_fields: Vec<String>,
    /// Lowest value to which a penalty can reduce a child's points
    #[arg(long, value_name = "POINTS", default_value = "0")]
    #[arg(value_parser = whole(-Points::LIMIT, Points::LIMIT, Points::new))]
    pub(super) points_floor: Points,
    /// Time zone of a family that has set none, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(super) time_zone: Zone,
    /// Maximum number of sessions of an account and its children; the next login ends the session
    /// that was unused for the longest time; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "500", value_parser = count(0, MAX))]
    pub(super) sessions_per_family: usize,
    /// Maximum number of event streams that a session has open at the same time
    #[arg(long, value_name = "COUNT", default_value = "10", value_parser = count(1, 1000))]
    pub(super) streams_per_session: usize,
    /// Maximum number of password attempts per account within the login window; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "20", value_parser = number::<u32>(0, MAX))]
    pub(super) logins_per_account: u32,
    /// Maximum number of password attempts and sign-ups per client address within the login window;
    /// 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = number::<u32>(0, MAX))]
    pub(super) logins_per_address: u32,
    /// Length of the login window
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds(1, DAY))]
    pub(super) login_window: Duration,
    /// Maximum number of accounts that a client address creates within the sign-up window; 0 for no
    /// limit
    #[arg(long, value_name = "COUNT", default_value = "20", value_parser = number::<u32>(0, MAX))]
    pub(super) signups_per_address: u32,
    /// Length of the sign-up window
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds(1, DAY))]
    pub(super) signup_window: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitsGroup {
    /// Addresses, networks and names besides the public Internet to which webhooks may be sent, also by plain HTTP,
    /// such as those of a home network
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', value_parser = webhook_host)]
    pub(super) webhook_allow: Vec<String>,
    /// Maximum number of changes per account within the change window; 0 for no limit; a demo has no
    /// limit
    #[arg(long, value_name = "COUNT", default_value = "10000")]
    #[arg(value_parser = number::<u32>(0, MAX))]
    pub(super) changes_per_account: u32,
    /// Maximum number of changes per client address within the change window; 0 for no limit; a demo
    /// has no limit
    #[arg(long, value_name = "COUNT", default_value = "50000")]
    #[arg(value_parser = number::<u32>(0, 10 * MAX))]
    pub(super) changes_per_address: u32,
    /// Length of the change window
    #[arg(long, value_name = "SECONDS", default_value = "200", value_parser = seconds(1, DAY))]
    pub(super) change_window: Duration,
    /// Maximum number of children in a family; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count(0, MAX))]
    pub(super) children_per_family: usize,
    /// Maximum number of tasks and penalties in a family; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "2000", value_parser = count(0, MAX))]
    pub(super) tasks_per_family: usize,
    /// Maximum number of rewards in a family; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "2000", value_parser = count(0, MAX))]
    pub(super) rewards_per_family: usize,
    /// Maximum number of pending reward requests in a family; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "5000", value_parser = count(0, MAX))]
    pub(super) requests_per_family: usize,
    /// Maximum total size of the ids in a child's lists of tasks and rewards; 0 for no limit
    #[arg(long, value_name = "BYTES", default_value = "16384", value_parser = count(0, 16 << 20))]
    pub(super) display_bytes_per_child: usize,
    /// Maximum number of open connections
    #[arg(long, value_name = "COUNT", default_value = "10000", value_parser = count(1, MAX))]
    pub(super) max_connections: usize,
    /// Maximum number of open connections per client address; 0 for half of max_connections
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = count(0, MAX))]
    pub(super) max_connections_per_address: usize,
    /// Additional connections that are reserved for GET /health from this machine when all others
    /// are in use
    #[arg(long, value_name = "COUNT", default_value = "4", value_parser = count(0, 16))]
    pub(super) health_connections: usize,
    /// Maximum size of a request body
    #[arg(long, value_name = "BYTES", default_value = "65536")]
    #[arg(value_parser = count(1024, 16 << 20))]
    pub(super) max_body_bytes: usize,
    /// Minimum average rate, in bytes per second, at which a client must read a response after it has
    /// kept the server waiting for write_timeout; event streams are exempt; 0 for no limit
    #[arg(long, value_name = "BYTES", default_value = "1024")]
    #[arg(value_parser = number::<u64>(0, 1 << 30))]
    pub(super) min_transfer_rate: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Timeouts")]
pub(super) struct TimeoutsGroup {
    /// Time to receive the request headers, counted from the start of the connection or the end of
    /// the previous response
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(1, HOUR))]
    pub(super) head_timeout: Duration,
    /// Time to receive the request body
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(1, HOUR - 1))]
    pub(super) body_timeout: Duration,
    /// Disconnect a client that reads nothing for this long
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(1, HOUR))]
    pub(super) write_timeout: Duration,
    /// Time until the response starts, including the time to receive the body; must be above
    /// body_timeout
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds(2, HOUR))]
    pub(super) request_timeout: Duration,
    /// Time in which the server stops; requests without a response by then are dropped
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds(2, HOUR))]
    pub(super) shutdown_timeout: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Logs")]
pub(super) struct LogsGroup {
    /// Level of the server log: error, warn, info, debug or trace; also per module, such as
    /// info,goldstar::http=debug
    #[arg(long, value_name = "FILTER", default_value = "info", value_parser = log_filter)]
    pub(super) server_log: String,
    /// Format of the lines of the server log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = one_of([("text", LogFormat::Text), ("json", LogFormat::Json)]))]
    pub(super) server_log_format: LogFormat,
    /// Directory for daily files of the server log, in addition to the standard error output
    #[arg(long, value_name = "DIR")]
    pub(super) server_log_dir: Option<PathBuf>,
    /// Number of daily files to keep
    #[arg(long, value_name = "COUNT", default_value = "14")]
    #[arg(value_parser = whole(1, 10_000, |files| NonZeroUsize::new(usize::try_from(files).ok()?)))]
    pub(super) server_log_files: NonZeroUsize,
    /// Where the audit log goes: to a file per account in the log directory, to the standard output as
    /// JSON lines, or nowhere
    #[arg(long, value_name = "WHERE", default_value = "files")]
    #[arg(value_parser = one_of([("files", AuditOutput::Files), ("stdout", AuditOutput::Stdout), ("off", AuditOutput::Off)]))]
    pub(super) audit_log: AuditOutput,
    /// Rotate an audit log before it reaches this size; 0 to rotate never
    #[arg(long, value_name = "BYTES", default_value = "10485760")]
    #[arg(value_parser = number::<u64>(0, 1 << 40))]
    pub(super) log_max_bytes: u64,
    /// Number of rotated audit logs to keep for each account; 0 to rotate never
    #[arg(long, value_name = "COUNT", default_value = "5")]
    #[arg(value_parser = number::<u32>(0, audit_log::Settings::MAX_BACKUPS as i64))]
    pub(super) log_backups: u32,
}

/// The format of the server log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Monitoring")]
pub(super) struct MonitoringGroup {
    /// Who can read /metrics and the details of /health: anyone, or only administrators and clients
    /// that send the monitoring token
    #[arg(long, value_name = "WHO", default_value = "open")]
    #[arg(value_parser = one_of([("open", Access::Open), ("protected", Access::Protected)]))]
    pub(super) monitoring: Access,
    /// File that contains the bearer token with which a monitoring program reads /metrics and /health
    #[arg(long = "monitoring-token-file", value_name = "FILE", value_parser = token)]
    pub(super) monitoring_token: Option<Secret>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Access {
    Open,
    Protected,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Deletion of accounts")]
pub(super) struct DeletionGroup {
    /// How often to check for accounts due for deletion
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds(1, DAY))]
    pub(super) deletion_interval: Duration,
    /// Time between marking an account for deletion and deleting it, unless an administrator has set
    /// another one
    #[arg(long, value_name = "HOURS", default_value = "720")]
    #[arg(value_parser = whole(
        Threshold::MIN_HOURS.into(),
        Threshold::MAX_HOURS.into(),
        Threshold::from_hours,
    ))]
    pub(super) deletion_threshold: Threshold,
    /// Number of attempts to delete an account before an administrator has to retry
    #[arg(long, value_name = "COUNT", default_value = "10", value_parser = number::<u32>(1, 100))]
    pub(super) deletion_attempts: u32,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Backups")]
pub(super) struct BackupsGroup {
    /// Directory, on another disk than the data, for a copy of the list of deleted accounts, with which a
    /// restored backup does not bring them back
    #[arg(long, value_name = "DIR")]
    pub(super) erasures_dir: Option<PathBuf>,
    /// Directory, on another disk than the data, for backups that the server makes while it runs; needs
    /// erasures_dir
    #[arg(long, value_name = "DIR")]
    pub(super) backup_dir: Option<PathBuf>,
    /// Time between two of these backups
    #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = seconds(60, 366 * DAY))]
    pub(super) backup_interval: Duration,
    /// Number of these backups to keep
    #[arg(long, value_name = "COUNT", default_value = "7", value_parser = count(1, 10_000))]
    pub(super) backup_keep: usize,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Demo")]
pub(super) struct DemoGroup {
    /// Create a demo family in a data directory without records, and serve a page for it at /demo
    #[arg(long, value_name = "BOOL", default_value = "false", value_parser = switch())]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set)]
    pub(super) demo: bool,
}

//! Floor 5: what the operator can set, where it is set, and the configuration of a server.

mod environment;
mod file;
mod flags;
mod parse;
mod reload;
mod setting;
mod settings;
mod value;
mod values;

#[cfg(test)]
pub(crate) use environment::OF_ADMIN;
pub use flags::{Address, Data, Database, Everything, Flags, Part, Storage};
pub(crate) use parse::zone;
pub use reload::{FIXED, Reloaded};
pub use setting::{Kind, SETTINGS, Setting};
pub use settings::LogFormat;
pub use value::{ConfigError, Value};
pub use values::Values;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::password;
use crate::domain::webhooks::AllowedHosts;
use crate::followers::audit_log;
use crate::http::{self, CookieName, Origin};
use crate::service::{
    self, ChangeLimits, DeletionSettings, FamilyLimits, LoginLimits, SignupLimits,
};
use crate::store::postgres::DatabaseUrl;
use settings::{Access, AllSettings, Signup, Web};

/// Proxies close a connection that is silent for longer, often after a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where the files are.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The directory of the families' records.
    pub data_dir: PathBuf,
    /// Whether a flag, a variable or the file names that directory.
    pub is_data_dir_named: bool,
    /// Whether it is a flag, or named in a stronger place than the database: a command that works on
    /// either uses the directory.
    pub prefers_data_dir: bool,
    /// The database that a server uses instead.
    pub database_url: Option<DatabaseUrl>,
    /// The directory of the audit logs.
    pub log_dir: PathBuf,
    /// The directory of a copy of the erasure list.
    pub erasures_dir: Option<PathBuf>,
    /// The backups that a server makes.
    pub backups: Option<BackupConfig>,
    /// Where the lines of the audit log go.
    pub audit_output: audit_log::AuditOutput,
    /// How the audit logs are rotated.
    pub audit_log: audit_log::Settings,
}

/// The backups that a server makes on a schedule.
#[derive(Clone, Debug)]
pub struct BackupConfig {
    /// The directory of the backups.
    pub directory: PathBuf,
    /// The time between two backups.
    pub interval: Duration,
    /// How many backups are kept.
    pub keep: usize,
}

/// The server log.
#[derive(Clone, Debug)]
pub struct ServerLogConfig {
    /// The levels, as `tracing_subscriber::EnvFilter` reads them.
    pub filter: String,
    /// The format of its lines.
    pub format: LogFormat,
    /// A directory for daily files, in addition to the standard error output.
    pub directory: Option<PathBuf>,
    /// How many of these files are kept.
    pub files: NonZeroUsize,
}

/// The configuration of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the files are.
    pub storage: StorageConfig,
    /// The server log.
    pub server_log: ServerLogConfig,
    /// The address and the port to listen on.
    pub listen: String,
    /// Whether a data directory without records gets a demo family.
    pub demo: bool,
    /// The settings of the HTTP server.
    pub http: http::HttpSettings,
    /// The settings of the service.
    pub service: service::ServiceSettings,
}

impl Config {
    /// Reads the flags, the environment and the file.
    pub fn resolve<P>(flags: &Flags<P>) -> Result<Self, ConfigError> {
        Self::from_values(&Values::resolve(flags)?)
    }

    /// Parses every value; fails with the first that breaks its rule.
    pub fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let settings = values.parse()?;
        // Otherwise a body that arrives too late would get the error for an unknown outcome.
        if settings.timeouts.request_timeout <= settings.timeouts.body_timeout {
            return Err(values.not_above("request_timeout", "body_timeout"));
        }
        let is_secure = settings.first.public_url.as_ref().is_some_and(Origin::is_secure);
        let session_cookie = CookieName::parse(&settings.browsers.session_cookie, is_secure)
            .map_err(|rule| values.refused("session_cookie", rule))?;
        let places = &settings.places;
        let listen_url = places.database_listen_url.clone();
        if listen_url.is_some() && places.database_url.is_none() {
            return Err(values.refused("database_listen_url", "needs `database_url`, too"));
        }
        let backups = backups(values, &settings)?;
        let database_url = places.database_url.clone().map(|url| url.with_listen_url(listen_url));
        Ok(Self {
            service: service_settings(&settings),
            storage: StorageConfig {
                data_dir: settings.places.data_dir,
                is_data_dir_named: values.is_set("data_dir"),
                prefers_data_dir: values.is_flag("data_dir")
                    || values.is_stronger("data_dir", "database_url"),
                database_url,
                log_dir: settings.places.log_dir,
                erasures_dir: settings.backups.erasures_dir,
                backups,
                audit_output: settings.logs.audit_log,
                audit_log: audit_log::Settings {
                    max_bytes: settings.logs.log_max_bytes,
                    backups: settings.logs.log_backups,
                },
            },
            server_log: ServerLogConfig {
                filter: settings.logs.server_log,
                format: settings.logs.server_log_format,
                directory: settings.logs.server_log_dir,
                files: settings.logs.server_log_files,
            },
            listen: settings.places.listen,
            demo: settings.demo.demo,
            http: http::HttpSettings {
                web: settings.browsers.web == Web::On,
                demo_page: settings.demo.demo,
                named_events: settings.browsers.named_events,
                public_origin: settings.first.public_url,
                session_cookie,
                allowed_origins: settings.browsers.allowed_origins,
                account_fields: settings.accounts.account_fields,
                trusted_proxies: settings.first.trusted_proxies,
                monitoring: http::Monitoring {
                    is_open: settings.monitoring.monitoring == Access::Open,
                    token: settings.monitoring.monitoring_token,
                },
                limits: http_limits(&settings.limits, &settings.timeouts),
                in_effect: values.iter().map(in_effect).collect(),
            },
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        let config = Values::merge([]).and_then(|values| Self::from_values(&values));
        config.unwrap_or_else(|error| panic!("{error}"))
    }
}

fn in_effect(value: &Value) -> http::InEffect {
    http::InEffect { line: value.assignment(), origin: value.origin() }
}

/// Fails if there is no copy of the erasure list, or if files in the directory would count as the server's.
fn backups(values: &Values, settings: &AllSettings) -> Result<Option<BackupConfig>, ConfigError> {
    let settings::BackupsGroup { backup_dir, backup_interval, backup_keep, erasures_dir } =
        &settings.backups;
    let Some(directory) = backup_dir.clone() else { return Ok(None) };
    if erasures_dir.is_none() {
        return Err(values.refused("backup_dir", "needs `erasures_dir`, too"));
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    for own in [&settings.places.data_dir, &settings.places.log_dir] {
        if absolute(&directory).starts_with(absolute(own)) {
            return Err(values.refused("backup_dir", "must be outside of data_dir and log_dir"));
        }
    }
    Ok(Some(BackupConfig { directory, interval: *backup_interval, keep: *backup_keep }))
}

fn http_limits(limits: &settings::LimitsGroup, timeouts: &settings::TimeoutsGroup) -> http::Limits {
    http::Limits {
        max_body_bytes: limits.max_body_bytes,
        max_connections: limits.max_connections,
        max_connections_per_address: limits.max_connections_per_address,
        health_connections: limits.health_connections,
        head_timeout: timeouts.head_timeout,
        body_timeout: timeouts.body_timeout,
        write_timeout: timeouts.write_timeout,
        min_transfer_rate: limits.min_transfer_rate,
        request_timeout: timeouts.request_timeout,
        shutdown_timeout: timeouts.shutdown_timeout,
    }
}

fn service_settings(settings: &AllSettings) -> service::ServiceSettings {
    let AllSettings { accounts, limits, deletion, .. } = settings;
    // Programs may try a demo, too.
    let changes = |count: u32| if settings.demo.demo { 0 } else { count };
    service::ServiceSettings {
        points_floor: accounts.points_floor,
        signup_open: settings.first.signup == Signup::Open,
        time_zone: accounts.time_zone.clone(),
        streams_per_session: accounts.streams_per_session,
        logins: LoginLimits {
            per_account: accounts.logins_per_account,
            per_address: accounts.logins_per_address,
            window: accounts.login_window,
        },
        signups: SignupLimits {
            per_address: accounts.signups_per_address,
            window: accounts.signup_window,
        },
        changes: ChangeLimits {
            per_account: changes(limits.changes_per_account),
            per_address: changes(limits.changes_per_address),
            window: limits.change_window,
        },
        family: FamilyLimits {
            children: limits.children_per_family,
            tasks: limits.tasks_per_family,
            rewards: limits.rewards_per_family,
            requests: limits.requests_per_family,
            sessions: accounts.sessions_per_family,
            display_bytes: limits.display_bytes_per_child,
        },
        deletion: DeletionSettings {
            interval: deletion.deletion_interval,
            threshold: deletion.deletion_threshold,
            max_attempts: deletion.deletion_attempts,
        },
        webhook_allow: allowed_hosts(&limits.webhook_allow),
        heartbeat: HEARTBEAT,
        password_method: password::NEW_METHOD,
    }
}

/// Every entry was checked when it was read.
fn allowed_hosts(entries: &[String]) -> AllowedHosts {
    let mut allowed = AllowedHosts::default();
    for entry in entries {
        allowed.add(entry);
    }
    allowed
}

#[cfg(test)]
mod tests;

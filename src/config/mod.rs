//! Floor 5: what the operator can set, where it comes from, and what a server makes of it.

mod environment;
mod error;
mod file;
mod flags;
mod parse;
mod setting;
mod settings;
mod values;

#[cfg(test)]
pub(crate) use environment::OF_ADMIN;
pub use error::ConfigError;
pub use flags::{Address, Everything, Flags, Part, Storage};
use setting::items;
pub use setting::{Kind, Setting};
pub use settings::SETTINGS;
pub use values::{Value, Values};

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::domain::password;
use crate::followers::audit_log;
use crate::http::{self, CookieName, Limits, Monitoring, Origin};
use crate::service::{
    self, ChangeLimits, DeletionSettings, FamilyLimits, LoginLimits, SignupLimits,
};
use parse::{list, optional};

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The directory that holds the families' records.
    pub data_dir: PathBuf,
    /// The directory for the audit logs.
    pub log_dir: PathBuf,
    /// How the audit logs are rotated.
    pub audit_log: audit_log::Settings,
}

/// The server's own log.
#[derive(Clone, Debug)]
pub struct ServerLogConfig {
    /// How much it says, in the form of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// The form of its lines.
    pub format: LogFormat,
    /// A directory for a file a day, besides the standard error output.
    pub directory: Option<PathBuf>,
    /// How many of these files are kept.
    pub files: NonZeroUsize,
}

/// The form of a log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Everything that a server can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub storage: StorageConfig,
    /// The server's own log.
    pub server_log: ServerLogConfig,
    /// The address and the port to serve on.
    pub listen: String,
    /// Fill a data directory that holds no records with a family to try things on.
    pub demo: bool,
    /// What is decided about HTTP.
    pub http: http::Settings,
    /// What is decided about the product.
    pub service: service::Settings,
}

impl Config {
    /// Reads the flags, the environment and the file.
    pub fn resolve<P>(flags: &Flags<P>) -> Result<Self, ConfigError> {
        Self::from_values(&Values::resolve(flags)?)
    }

    /// Reads every value; refuses the first that breaks its rule.
    pub fn from_values(values: &Values) -> Result<Self, ConfigError> {
        Ok(Self {
            storage: storage(values)?,
            server_log: server_log(values)?,
            listen: values.read("listen", parse::listen)?,
            demo: values.is_on("demo"),
            http: http_settings(values)?,
            service: service_settings(values)?,
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        let config = Values::merge([]).and_then(|values| Self::from_values(&values));
        config.unwrap_or_else(|error| panic!("{error}"))
    }
}

fn storage(values: &Values) -> Result<StorageConfig, ConfigError> {
    Ok(StorageConfig {
        data_dir: values.text("data_dir").into(),
        log_dir: values.text("log_dir").into(),
        audit_log: audit_log::Settings {
            max_bytes: values.number("log_max_bytes")?,
            backups: values.number("log_backups")?,
        },
    })
}

fn server_log(values: &Values) -> Result<ServerLogConfig, ConfigError> {
    let is_json = values.is("server_log_format", "json");
    let directory = values.text("server_log_dir");
    Ok(ServerLogConfig {
        filter: values.read("server_log", parse::log_filter)?,
        format: if is_json { LogFormat::Json } else { LogFormat::Text },
        directory: (!directory.is_empty()).then(|| directory.into()),
        files: values.number("server_log_files")?,
    })
}

fn http_settings(values: &Values) -> Result<http::Settings, ConfigError> {
    let public_origin = values.read("public_url", optional(parse::origin))?;
    let is_secure = public_origin.as_ref().is_some_and(Origin::is_secure);
    let cookie_name = |text: &str| CookieName::parse(text, is_secure).map_err(str::to_owned);
    Ok(http::Settings {
        demo_page: values.is_on("demo"),
        named_events: values.is_on("named_events"),
        public_origin,
        session_cookie: values.read("session_cookie", cookie_name)?,
        allowed_origins: values.read("allowed_origins", list(parse::origin))?,
        account_fields: items(values.text("account_fields")).map(str::to_owned).collect(),
        trusted_proxies: values.read("trusted_proxies", list(parse::network))?,
        monitoring: Monitoring {
            is_open: values.is("monitoring", "open"),
            token: values.read("monitoring_token", optional(parse::token))?,
        },
        limits: limits(values)?,
    })
}

fn limits(values: &Values) -> Result<Limits, ConfigError> {
    // Else what came too late would be answered as a request whose outcome is unknown.
    values.require_above("request_timeout", "body_timeout")?;
    Ok(Limits {
        max_body_bytes: values.number("max_body_bytes")?,
        max_connections: values.number("max_connections")?,
        max_connections_per_address: values.number("max_connections_per_address")?,
        health_connections: values.number("health_connections")?,
        head_timeout: values.seconds("head_timeout")?,
        body_timeout: values.seconds("body_timeout")?,
        write_timeout: values.seconds("write_timeout")?,
        min_transfer_rate: values.number("min_transfer_rate")?,
        request_timeout: values.seconds("request_timeout")?,
        shutdown_timeout: values.seconds("shutdown_timeout")?,
    })
}

fn service_settings(values: &Values) -> Result<service::Settings, ConfigError> {
    Ok(service::Settings {
        points_floor: values.read("points_floor", parse::points)?,
        signup_open: values.is("signup", "open"),
        streams_per_session: values.number("streams_per_session")?,
        logins: LoginLimits {
            per_account: values.number("logins_per_account")?,
            per_address: values.number("logins_per_address")?,
            window: values.seconds("login_window")?,
        },
        signups: SignupLimits {
            per_address: values.number("signups_per_address")?,
            window: values.seconds("signup_window")?,
        },
        changes: change_limits(values)?,
        family: family_limits(values)?,
        deletion: DeletionSettings {
            interval: values.seconds("deletion_interval")?,
            threshold: values.read("deletion_threshold", parse::threshold)?,
            max_attempts: values.number("deletion_attempts")?,
        },
        password_method: password::NEW_METHOD,
    })
}

/// A demo is there to be tried, by programs too.
fn change_limits(values: &Values) -> Result<ChangeLimits, ConfigError> {
    let window = values.seconds("change_window")?;
    let limits = ChangeLimits {
        per_account: values.number("changes_per_account")?,
        per_address: values.number("changes_per_address")?,
        window,
    };
    let unlimited = ChangeLimits { per_account: 0, per_address: 0, window };
    Ok(if values.is_on("demo") { unlimited } else { limits })
}

fn family_limits(values: &Values) -> Result<FamilyLimits, ConfigError> {
    Ok(FamilyLimits {
        children: values.number("children_per_family")?,
        tasks: values.number("tasks_per_family")?,
        rewards: values.number("rewards_per_family")?,
        requests: values.number("requests_per_family")?,
        sessions: values.number("sessions_per_family")?,
        display_bytes: values.number("display_bytes_per_child")?,
    })
}

#[cfg(test)]
mod tests;

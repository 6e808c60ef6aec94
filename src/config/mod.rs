//! Floor 4: what the operator can set, where it comes from, and what a server makes of it.

mod parse;
mod settings;
mod sources;

pub use settings::{Kind, SETTINGS, Setting};
pub use sources::{Address, ConfigError, Everything, Flags, Part, Source, Storage, Value, Values};

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::audit_log;
use crate::domain::Points;
use crate::http::{self, Limits, Monitoring, Origin, Secret};
use crate::service::{self, LoginLimits};
use parse::{choice, list, number, optional, seconds, switch};

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
    pub fn resolve<P: Part>(flags: &Flags<P>) -> Result<Self, ConfigError> {
        Self::from_values(&Values::resolve(flags)?)
    }

    /// Reads every value; refuses the first that breaks its rule.
    pub fn from_values(values: &Values) -> Result<Self, ConfigError> {
        Ok(Self {
            storage: storage(values)?,
            server_log: server_log(values)?,
            listen: values.read("listen", parse::text)?,
            demo: values.read("demo", switch)?,
            http: http_settings(values)?,
            service: service_settings(values)?,
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        match Self::from_values(&Values::defaults()) {
            Ok(config) => config,
            Err(error) => panic!("{error}"),
        }
    }
}

fn storage(values: &Values) -> Result<StorageConfig, ConfigError> {
    Ok(StorageConfig {
        data_dir: values.read("data_dir", parse::text)?.into(),
        log_dir: values.read("log_dir", parse::text)?.into(),
        audit_log: audit_log::Settings {
            max_bytes: values.read("log_max_bytes", number(0..=u64::MAX))?,
            backups: values.read("log_backups", number(0..=1000))?,
        },
    })
}

fn server_log(values: &Values) -> Result<ServerLogConfig, ConfigError> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    Ok(ServerLogConfig {
        filter: values.read("server_log", parse::log_filter)?,
        format: values.read("server_log_format", choice(formats))?,
        directory: values.read("server_log_dir", optional(parse::text))?.map(PathBuf::from),
        files: values.read("server_log_files", number(NonZeroUsize::MIN..=NonZeroUsize::MAX))?,
    })
}

fn http_settings(values: &Values) -> Result<http::Settings, ConfigError> {
    let origin = |text: &str| Origin::parse(text).ok_or_else(|| parse::ORIGIN_RULE.to_owned());
    Ok(http::Settings {
        named_events: values.read("named_events", switch)?,
        public_origin: values.read("public_url", optional(origin))?,
        allowed_origins: values.read("allowed_origins", list(origin))?,
        trusted_proxies: values.read("trusted_proxies", list(parse::network))?,
        monitoring: Monitoring {
            is_open: values.read("monitoring", choice([("open", true), ("protected", false)]))?,
            token: values.read("monitoring_token", optional(parse::token))?.map(Secret::new),
        },
        limits: limits(values)?,
    })
}

fn limits(values: &Values) -> Result<Limits, ConfigError> {
    let timeout = |key| values.read(key, seconds(1..=3600));
    Ok(Limits {
        max_body_bytes: values.read("max_body_bytes", number(1024..=16 << 20))?,
        max_connections: values.read("max_connections", number(1..=usize::MAX))?,
        head_timeout: timeout("head_timeout")?,
        body_timeout: timeout("body_timeout")?,
        write_timeout: timeout("write_timeout")?,
        request_timeout: timeout("request_timeout")?,
        shutdown_timeout: values.read("shutdown_timeout", seconds(2..=3600))?,
    })
}

fn service_settings(values: &Values) -> Result<service::Settings, ConfigError> {
    let points = |text: &str| {
        let points = number(-Points::LIMIT..=Points::LIMIT)(text)?;
        Points::new(points).ok_or_else(|| "is out of range".to_owned())
    };
    Ok(service::Settings {
        points_floor: values.read("points_floor", points)?,
        signup_open: values.read("signup", choice([("open", true), ("closed", false)]))?,
        streams_per_session: values.read("streams_per_session", number(1..=usize::MAX))?,
        logins: LoginLimits {
            per_account: values.read("logins_per_account", number(0..=1_000_000))?,
            per_address: values.read("logins_per_address", number(0..=1_000_000))?,
            window: values.read("login_window", seconds(1..=86_400))?,
        },
    })
}

#[cfg(test)]
mod tests;

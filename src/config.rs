//! Floor 4: what the operator can set.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use crate::audit_log;
use crate::domain::Points;

/// Where everything is kept.
#[derive(Args, Clone, Debug)]
pub struct StorageConfig {
    /// The directory that holds the family's records. It is made where it doesn't exist
    #[arg(long, value_name = "DIR", default_value = "data", env = "GOLDSTAR_DATA_DIR")]
    pub data_dir: PathBuf,

    /// The directory for the audit logs, a file an account
    #[arg(long, value_name = "DIR", default_value = "logs", env = "GOLDSTAR_LOG_DIR")]
    pub log_dir: PathBuf,

    /// An audit log is rotated before it reaches this many bytes; 0 for never
    #[arg(long, value_name = "BYTES", default_value_t = audit_log::Settings::default().max_bytes,
        env = "GOLDSTAR_LOG_MAX_BYTES")]
    pub log_max_bytes: u64,

    /// How many rotated audit logs an account keeps
    #[arg(long, value_name = "COUNT", default_value_t = audit_log::Settings::default().backups,
        env = "GOLDSTAR_LOG_BACKUPS")]
    pub log_backups: u32,
}

impl StorageConfig {
    /// How the audit logs are rotated.
    pub fn audit_log(&self) -> audit_log::Settings {
        audit_log::Settings { max_bytes: self.log_max_bytes, backups: self.log_backups }
    }
}

impl Default for StorageConfig {
    fn default() -> Self {
        let audit_log::Settings { max_bytes, backups } = audit_log::Settings::default();
        Self {
            data_dir: "data".into(),
            log_dir: "logs".into(),
            log_max_bytes: max_bytes,
            log_backups: backups,
        }
    }
}

/// Everything that a server can be told.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    #[command(flatten)]
    pub storage: StorageConfig,

    /// The address and the port to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000", env = "GOLDSTAR_LISTEN")]
    pub listen: String,

    /// Whether anyone may make an account
    #[arg(long, value_enum, default_value_t = Signup::Open, env = "GOLDSTAR_SIGNUP")]
    pub signup: Signup,

    /// How low a penalty can push a child's points
    #[arg(long, value_name = "POINTS", default_value = "0", value_parser = parse_points,
        allow_negative_numbers = true, env = "GOLDSTAR_POINTS_FLOOR")]
    pub points_floor: Points,

    /// Whether the frames of the event stream have an `event:` line; false for front ends that
    /// listen with `onmessage`
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        value_parser = BoolishValueParser::new(), env = "GOLDSTAR_NAMED_EVENTS")]
    pub named_events: bool,

    /// Fill a data directory that holds no records with a family to try things on
    #[arg(long, value_parser = BoolishValueParser::new(), env = "GOLDSTAR_DEMO")]
    pub demo: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            storage: StorageConfig::default(),
            listen: "127.0.0.1:5000".to_owned(),
            signup: Signup::Open,
            points_floor: Points::ZERO,
            named_events: true,
            demo: false,
        }
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Signup {
    /// Anyone.
    Open,
    /// Only the operator.
    Closed,
}

fn parse_points(text: &str) -> Result<Points, String> {
    let points = text.parse().ok().and_then(Points::new);
    points.ok_or_else(|| "must be a whole number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn the_flags_default_to_the_defaults() {
        let command = <Command as clap::Parser>::parse_from(["goldstar"]);
        let parsed = format!("{:?}", command.config);
        assert_eq!(parsed, format!("{:?}", Config::default()));
    }

    #[test]
    fn a_floor_may_lie_below_zero() {
        let arguments = ["goldstar", "--points-floor", "-10"];
        let command = <Command as clap::Parser>::parse_from(arguments);
        assert_eq!(command.config.points_floor.get(), -10);
    }
}

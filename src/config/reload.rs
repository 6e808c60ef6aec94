//! Settings that are read again while a server runs.

use super::Config;
use super::value::ConfigError;
use super::values::Values;

/// The settings that need a restart. All others take effect when they are read again.
pub const FIXED: [&str; 24] = [
    "public_url",
    "listen",
    "data_dir",
    "database_url",
    "database_listen_url",
    "log_dir",
    "erasures_dir",
    "backup_dir",
    "backup_interval",
    "backup_keep",
    "web",
    "session_cookie",
    "max_connections",
    "max_connections_per_address",
    "health_connections",
    "shutdown_timeout",
    "server_log_format",
    "server_log_dir",
    "server_log_files",
    "audit_log",
    "log_max_bytes",
    "log_backups",
    "deletion_interval",
    "demo",
];

/// What reading the settings again has changed.
pub struct Reloaded {
    /// The configuration to use now.
    pub config: Config,
    /// The settings that have changed.
    pub changed: Vec<&'static str>,
    /// The settings that have changed, and take effect at the next start only.
    pub need_restart: Vec<&'static str>,
}

impl Values {
    /// Merges the values that were read again into those that a server uses.
    ///
    /// Fails if a value breaks its rule, and then changes nothing.
    pub fn reload(&mut self, read: &Self) -> Result<Reloaded, ConfigError> {
        let (mut changed, mut need_restart) = (Vec::new(), Vec::new());
        let mut merged = Vec::new();
        for (old, new) in self.iter().zip(read.iter()) {
            let is_fixed = FIXED.contains(&&*new.setting.key);
            if old.text != new.text {
                let list = if is_fixed { &mut need_restart } else { &mut changed };
                list.push(&*new.setting.key);
            }
            merged.push(if is_fixed { old.clone() } else { new.clone() });
        }
        // A value that needs a restart must be valid, too.
        Config::from_values(read)?;
        let merged = Self::of(merged);
        let config = Config::from_values(&merged)?;
        *self = merged;
        Ok(Reloaded { config, changed, need_restart })
    }
}

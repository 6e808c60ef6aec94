//! Reading the settings again while the server runs.

use std::sync::Arc;

use tokio::sync::Notify;

use super::server_log::ServerLog;
use crate::app::Live;
use crate::config::{ConfigError, Everything, Flags, Reloaded, Values};
use crate::service::Causes;

/// The settings in force, and where they are read again.
pub(super) struct Settings {
    pub(super) flags: Flags<Everything>,
    pub(super) values: Values,
}

impl Settings {
    /// At each notification, reads the settings again, gives them to the server, and makes the server log
    /// open its daily file again. After an error, the settings in force stay.
    pub(super) async fn reload_at(mut self, hangup: Arc<Notify>, server: Live, log: ServerLog) {
        loop {
            hangup.notified().await;
            log.reopen();
            match self.read() {
                Ok(Reloaded { config, changed, need_restart }) => {
                    log.set_filter(&config.server_log.filter);
                    server.reload(config.http, config.service);
                    tracing::info!(?changed, "the settings were read again");
                    if !need_restart.is_empty() {
                        tracing::warn!(?need_restart, "these settings change at the next start");
                    }
                }
                Err(error) => {
                    let reason = Causes(&error);
                    tracing::error!(%reason, "the settings could not be read again, and stay as they are");
                }
            }
        }
    }

    fn read(&mut self) -> Result<Reloaded, ConfigError> {
        self.values.reload(&Values::resolve(&self.flags)?)
    }
}

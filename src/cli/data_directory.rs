//! The data directory or the database that a command works on.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::config::{Config, ConfigError, Flags, Part};
use crate::repair::salvage::is_data_directory;

/// Resolves the settings of a command that also takes its directory as an argument.
pub(super) fn resolve<P: Part>(
    mut flags: Flags<P>,
    directory: Option<PathBuf>,
) -> Result<Config, ConfigError> {
    if let Some(directory) = directory {
        flags.set_data_dir(&directory);
    }
    or_database(&flags)
}

/// Resolves the settings of a command that works on a database or on a directory. The result names a database only
/// if the command works on it: if nothing stronger names a directory.
pub(super) fn or_database<P: Part>(flags: &Flags<P>) -> Result<Config, ConfigError> {
    let mut config = Config::resolve(flags)?;
    if config.storage.prefers_data_dir {
        config.storage.database_url = None;
    }
    Ok(config)
}

/// Resolves the settings of a command that works on a directory only. Fails if they name a database instead.
pub(super) fn only<P: Part>(
    flags: Flags<P>,
    directory: Option<PathBuf>,
) -> Result<Config, Failure> {
    let config = resolve(flags, directory)?;
    match config.storage.database_url {
        Some(_) => Err(Failure::Database),
        None => Ok(config),
    }
}

/// Fails if the directory doesn't exist or contains none of Goldstar's files. Only a server creates
/// these: with a mistyped name, a command would work on an empty directory and report success.
pub(super) fn require(directory: &Path) -> Result<(), Failure> {
    if !directory.is_dir() {
        return Err(Failure::NoDirectory(directory.to_owned()));
    }
    if !is_data_directory(directory) {
        return Err(Failure::NoData(directory.to_owned()));
    }
    Ok(())
}

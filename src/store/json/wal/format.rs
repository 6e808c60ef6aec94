//! The format of a data directory, and the version of Goldstar that wrote it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::disk::{Disk, read_if_exists, replace};
use crate::store::json::damage::{Damage, DamageKind, OpenError};

/// The contents of `journal/format.json`. Later versions may add fields.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Format {
    format: u32,
    /// The version of Goldstar that started last on the directory.
    version: String,
}

impl Format {
    fn own() -> Self {
        Self { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Fails if a newer version wrote the directory in a format that this one does not know.
pub(crate) fn check(disk: &dyn Disk, folder: &Path) -> Result<(), OpenError> {
    load(disk, folder).map(drop)
}

/// Records the format and this version, durably, unless that is recorded already.
pub(crate) fn record(disk: &dyn Disk, folder: &Path) -> Result<(), OpenError> {
    let (path, own) = (path(folder), Format::own());
    if load(disk, folder)?.as_ref() == Some(&own) {
        return Ok(());
    }
    let bytes = serde_json::to_vec(&own).map_err(io::Error::from);
    let written = bytes.and_then(|bytes| replace(disk, &path, &bytes));
    written.map_err(OpenError::io(path))
}

fn load(disk: &dyn Disk, folder: &Path) -> Result<Option<Format>, OpenError> {
    let path = path(folder);
    let Some(bytes) = read_if_exists(disk, &path).map_err(OpenError::io(&path))? else {
        return Ok(None);
    };
    match serde_json::from_slice(&bytes) {
        Ok(Format { format, version }) if format > FORMAT => {
            Err(OpenError::NewerFormat { path, format, version })
        }
        Ok(format) => Ok(Some(format)),
        Err(error) => {
            let cause = format!("it cannot be read: {error}");
            Err(Damage::new(DamageKind::Format, path, 0, cause).into())
        }
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("format.json")
}

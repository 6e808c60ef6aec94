//! Copies of an account's log that other programs have created, such as `….log.1.gz`,
//! `….log-20261127` and `….log.bak`.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::disk::Disk;
use crate::domain::{UserId, log_name};

/// A file of an account in the log directory that could not be removed.
#[derive(Debug)]
pub struct LeftCopy {
    /// The part of its name after the name of the log; empty for the log itself.
    pub suffix: String,
    pub error: io::Error,
}

/// Removes every file in `folder` whose name starts with the name of an account's log. Returns
/// those that could not be removed. The removal is durable when this returns.
pub(super) fn remove(
    disk: &dyn Disk,
    folder: &Path,
    user_id: &UserId,
) -> io::Result<Vec<LeftCopy>> {
    let names = match disk.entry_names(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names?,
    };
    let (log, mut left, mut removed) = (log_name(user_id), Vec::new(), false);
    for name in names {
        let Some(suffix) = suffix(&name, &log) else { continue };
        match disk.remove(&folder.join(&name)) {
            Ok(()) => removed = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => left.push(LeftCopy { suffix, error }),
        }
    }
    if removed {
        disk.sync_dir(folder)?;
    }
    Ok(left)
}

/// The part of `name` after the log's name; `None` if it does not start with that. The name of a
/// log ends with `.log`, so an id is never taken for the start of another one.
fn suffix(name: &OsString, log: &str) -> Option<String> {
    let suffix = name.as_encoded_bytes().strip_prefix(log.as_bytes())?;
    Some(String::from_utf8_lossy(suffix).into_owned())
}

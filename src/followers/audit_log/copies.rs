//! The copies of an account's log that other programs have made: `….log.1.gz`, `….log-20261127`,
//! `….log.bak` and the like.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::file_name;
use crate::disk::Disk;
use crate::domain::UserId;

/// Something in the log directory that belongs to an account and could not be removed.
#[derive(Debug)]
pub struct LeftCopy {
    /// What its name has behind the name of the log; empty for the log itself.
    pub suffix: String,
    /// Why it could not be removed.
    pub error: io::Error,
}

/// Removes everything in `folder` whose name begins with the name of an account's log, and gives what
/// could not be removed. The removal is durable when this returns.
pub(super) fn remove(
    disk: &dyn Disk,
    folder: &Path,
    user_id: &UserId,
) -> io::Result<Vec<LeftCopy>> {
    let names = match disk.entry_names(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names?,
    };
    let (log, mut left, mut removed) = (file_name(user_id), Vec::new(), false);
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

/// What `name` has behind the log's name; none if it begins differently. The name of a log ends with
/// `.log`, so that no id is taken for the beginning of another one.
fn suffix(name: &OsString, log: &str) -> Option<String> {
    let suffix = name.as_encoded_bytes().strip_prefix(log.as_bytes())?;
    Some(String::from_utf8_lossy(suffix).into_owned())
}

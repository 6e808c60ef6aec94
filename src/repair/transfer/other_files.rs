//! The files of a directory that are not Goldstar's.

use std::io;
use std::path::Path;

use super::error::TransferError;
use crate::disk::{Disk, read_if_exists};
use crate::store::json::damage::OpenError;
use crate::store::json::tinydb::pyjson;

/// The text of a file with the form of TinyDB: an object of objects.
pub(super) fn tinydb_text(
    disk: &dyn Disk,
    data: &Path,
    name: &str,
) -> Result<Option<String>, TransferError> {
    if !has_json_name(name) {
        return Ok(None);
    }
    let path = data.join(name);
    let bytes = match read_if_exists(disk, &path) {
        // A link to a folder, a pipe or a device cannot be read.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory
            ) =>
        {
            return Ok(None);
        }
        read => read.map_err(OpenError::io(&path))?.unwrap_or_default(),
    };
    let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
    let is_tinydb = text.is_empty()
        || pyjson::members(text.as_bytes()).is_ok_and(|tables| {
            tables.iter().all(|(_, value)| text[value.clone()].starts_with('{'))
        });
    Ok(is_tinydb.then_some(text))
}

fn has_json_name(name: &str) -> bool {
    Path::new(name).extension() == Some("json".as_ref())
}

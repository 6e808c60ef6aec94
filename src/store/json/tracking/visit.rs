//! Reads a tracking file row by row, with the text of each.

use std::path::Path;

use super::patch::Patch;
use super::reader::{Other, Reader};
use crate::disk::DiskFile;
use crate::store::json::damage::OpenError;
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::RowNumber;

/// A row of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileRow<'a> {
    pub(crate) number: RowNumber,
    /// The offset of its text.
    pub(crate) byte: u64,
    pub(crate) text: &'a str,
}

/// Calls `each` with every row that starts before `end`, in the order of the file, and `other` with
/// each member besides the default table. Stops at the first that cannot be read. `patches`,
/// ordered by offset, are applied to what is read. Fails only if the disk fails.
pub(crate) fn visit(
    file: &dyn DiskFile,
    path: &Path,
    end: u64,
    patches: &[Patch],
    progress: &Progress,
    each: impl FnMut(FileRow<'_>),
    other: Other<'_>,
) -> Result<(), OpenError> {
    let total = file.len().map_err(OpenError::io(path))?;
    let mut reader = Reader::new(file, path, patches, (progress, total));
    match rows(&mut reader, end, each, other) {
        // The damage is already reported.
        Err(OpenError::Damaged(_)) => Ok(()),
        result => result,
    }
}

fn rows(
    reader: &mut Reader<'_>,
    end: u64,
    mut each: impl FnMut(FileRow<'_>),
    other: Other<'_>,
) -> Result<(), OpenError> {
    if !reader.find_default_table(other)? {
        return Ok(());
    }
    let mut first = true;
    while let Some(row) = reader.row(first)? {
        first = false;
        let number = reader.row_number(&row)?;
        let (byte, text) = reader.text(&row)?;
        if byte >= end {
            return Ok(());
        }
        each(FileRow { number, byte, text });
        reader.let_go(&row);
    }
    while reader.next_default_table(false, other)? {
        reader.skip_rows()?;
    }
    Ok(())
}

//! Reads a tracking file row by row, for those who want more of each than the index keeps.

use std::path::Path;

use super::load::{Other, Reader};
use super::patch::Patch;
use crate::disk::DiskFile;
use crate::domain::RowNumber;
use crate::store::json::damage::OpenError;
use crate::store::json::progress::Progress;

/// A row, as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileRow<'a> {
    pub(crate) number: RowNumber,
    /// Where its text begins.
    pub(crate) byte: u64,
    pub(crate) text: &'a str,
}

/// Gives each row that begins before `end` to `each`, in the order of the file, and each member beside
/// the default table to `other`. Stops at the first that can't be read. The file is read as if `patches`, ordered by their offsets, were written to it
/// already. Fails only where the disk does.
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
        // It was said of the file before, by who judged it.
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

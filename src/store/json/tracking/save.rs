//! Writes the file of the index while events are appended.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::blocks::BlockWriter;
use super::index::{BLOCK, UsedNames, store_text};
use super::mark::Extent;
use super::saved::{MAGIC, SavedIndex, path, remove_file};
use super::table::Tracking;
use crate::disk::{Disk, DiskFile, Open, finish_replacement, require_space, temporary_path};
use crate::store::json::state::Reversals;

/// The texts that are copied while the index is locked: for less than a tenth of a millisecond.
const PIECE: usize = if cfg!(test) { 2 } else { 1024 };
/// A row takes less than this, even if it has nothing in common with the rows around it.
const LONGEST_ROW: u64 = 64;

impl SavedIndex {
    /// Writes the file, durably. The index is locked for short times only. Fails if events have been anonymised
    /// meanwhile, so that the file would be useless.
    pub(crate) fn write(
        disk: &dyn Disk,
        folder: &Path,
        tracking: &Tracking,
        extent: Extent,
        reversals: &Reversals,
    ) -> io::Result<()> {
        let path = path(folder);
        require_space(folder, extent.mark.rows * LONGEST_ROW)?;
        let temporary = temporary_path(&path);
        let file = disk.open(&temporary, Open::Truncate)?;
        let written = write_contents(&file, tracking, extent, reversals)
            .and_then(|()| finish_replacement(disk, &*file, &temporary, &path));
        written.inspect_err(|_| {
            if let Err(error) = remove_file(disk, &temporary) {
                tracing::warn!(file = %temporary.display(), %error, "could not be removed");
            }
        })
    }
}

fn write_contents(
    file: &Arc<dyn DiskFile>,
    tracking: &Tracking,
    Extent { mark, whole }: Extent,
    reversals: &Reversals,
) -> io::Result<()> {
    let mut writer = BlockWriter::new(Arc::clone(file));
    let header = writer.records();
    header.extend(MAGIC);
    header.extend([mark.crc, whole].map(u32::to_le_bytes).as_flattened());
    let counts = [mark.len, mark.rows, mark.last_row, reversals.len() as u64];
    header.extend(counts.map(u64::to_le_bytes).as_flattened());
    writer.end_record()?;
    let mut used = UsedNames::default();
    let rows = usize::try_from(mark.rows).map_err(io::Error::other)?;
    let mut block = Vec::new();
    for from in (0..rows).step_by(BLOCK) {
        let piece = from..rows.min(from + BLOCK);
        tracking.inner.read().index.store_rows(piece, &mut used, &mut block);
        let len = u32::try_from(block.len()).map_err(io::Error::other)?;
        writer.records().extend(len.to_le_bytes());
        writer.records().append(&mut block);
        writer.end_record()?;
    }
    for (kind, count) in used.counts().into_iter().enumerate() {
        writer.records().extend((count as u64).to_le_bytes());
        for from in (0..count).step_by(PIECE) {
            let piece = from..count.min(from + PIECE);
            let names = tracking.inner.read().index.stored_names(kind, piece, &used);
            for name in names {
                store_text(name.as_deref(), writer.records());
            }
            writer.end_record()?;
        }
    }
    for (reversed, reversal) in reversals.iter() {
        store_text(Some(reversed), writer.records());
        store_text(Some(reversal.as_str()), writer.records());
        writer.end_record()?;
    }
    writer.finish()
}

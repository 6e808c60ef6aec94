//! Writes the file of the index while events are appended, and uses it from then on.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::bytes::store_text;
use super::checked::CheckedWriter;
use super::index::{BLOCK, ListName, Lists, Outline, Piece, Saved};
use super::mark::Extent;
use super::saved::{MAGIC, SavedIndex, path, remove_file};
use super::table::Tracking;
use crate::disk::{Disk, DiskFile, Open, finish_replacement, require_space, temporary_path};
use crate::store::json::state::Reversals;

/// The texts or positions that are copied while the index is locked: for less than a tenth of a millisecond.
const PIECE: usize = if cfg!(test) { 2 } else { 1024 };
/// The lists that are replaced while the index is locked.
const LISTS: usize = if cfg!(test) { 2 } else { 256 };
/// A row takes less than this, even if it has nothing in common with the rows around it.
const LONGEST_ROW: u64 = 128;

impl SavedIndex {
    /// Writes the file, durably, and uses it instead of the memory of its events. The index is locked for short times
    /// only. A start does not use the file if events have been anonymised while it was written.
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
        let written = Writing::new(&file, tracking, extent).and_then(|writing| {
            let parts = writing.write(reversals)?;
            finish_replacement(disk, &*file, &temporary, &path)?;
            Ok(parts)
        });
        let parts = written.inspect_err(|_| {
            if let Err(error) = remove_file(disk, &temporary) {
                tracing::warn!(file = %temporary.display(), %error, "could not be removed");
            }
        })?;
        parts.adopt(&*file, tracking)
    }
}

/// A file that is being written.
struct Writing<'a> {
    tracking: &'a Tracking,
    extent: Extent,
    rows: usize,
    writer: CheckedWriter,
    outline: Outline,
}

/// Where the parts of a written file are.
struct Parts {
    /// Where the rows after the whole blocks are.
    rest: u64,
    offsets: u64,
    positions: u64,
    tables: u64,
    blocks: usize,
    lists: Lists,
    lens: Vec<u32>,
}

impl<'a> Writing<'a> {
    fn new(file: &Arc<dyn DiskFile>, tracking: &'a Tracking, extent: Extent) -> io::Result<Self> {
        let rows = usize::try_from(extent.mark.rows).map_err(io::Error::other)?;
        let mut writer = CheckedWriter::new(Arc::clone(file));
        writer.buffer().extend(MAGIC);
        Ok(Self { tracking, extent, rows, writer, outline: Outline::default() })
    }

    fn write(mut self, reversals: &Reversals) -> io::Result<Parts> {
        let blocks = self.rows / BLOCK;
        let (rest, offsets) = self.write_rows()?;
        let positions = self.writer.len();
        let mut children = Vec::new();
        let lens = self.write_lists(&mut children)?;
        let tables = self.writer.len();
        self.write_tables(&children, &lens, reversals)?;
        let lists = self.outline.lists();
        let parts = Parts { rest, offsets, positions, tables, blocks, lists, lens };
        let end = parts.end(self.extent);
        self.writer.finish(&end)?;
        Ok(parts)
    }

    /// Writes the rows, and the offsets of the whole blocks. Returns where the rows after those are, and the offsets.
    fn write_rows(&mut self) -> io::Result<(u64, u64)> {
        let mut starts = Vec::new();
        for from in (0..self.rows).step_by(BLOCK) {
            starts.push(self.writer.len());
            let rows = from..self.rows.min(from + BLOCK);
            let inner = self.tracking.inner.read();
            inner.index.store_rows(rows, &mut self.outline, self.writer.buffer());
            drop(inner);
            self.writer.flush()?;
        }
        if self.rows.is_multiple_of(BLOCK) {
            starts.push(self.writer.len());
        }
        let rest = starts.last().copied().unwrap_or_default();
        let offsets = self.writer.len();
        self.writer.buffer().extend(starts.into_iter().flat_map(u64::to_le_bytes));
        self.writer.flush()?;
        Ok((rest, offsets))
    }

    /// Writes the lists of the events in whole blocks, and collects where the events of each entity are. Returns the
    /// lengths.
    fn write_lists(&mut self, children: &mut Vec<u8>) -> io::Result<Vec<u32>> {
        let lists = self.outline.lists();
        let end = self.rows / BLOCK * BLOCK;
        let mut lens = Vec::new();
        let mut names = lists.names();
        let mut next = names.next().map(|name| (name, None, self.writer.len()));
        while next.is_some() {
            let inner = self.tracking.inner.read();
            let mut left = PIECE;
            while let Some((name, after, start)) = next.filter(|_| left > 0) {
                if let (ListName::Entity(entity), None) = (name, after) {
                    inner.index.store_children(entity, lists.0[1], children);
                }
                let piece = Piece { name, end, after, limit: left };
                let (visited, after) = inner.index.store_list(piece, self.writer.buffer());
                left = left.saturating_sub(visited + 1);
                if after.is_some() {
                    next = Some((name, after, start));
                    continue;
                }
                let bytes = self.writer.len() - start;
                lens.push(u32::try_from(bytes / 4).map_err(io::Error::other)?);
                next = names.next().map(|name| (name, None, self.writer.len()));
            }
            drop(inner);
            self.writer.flush()?;
        }
        Ok(lens)
    }

    fn write_tables(
        &mut self,
        children: &[u8],
        lens: &[u32],
        reversals: &Reversals,
    ) -> io::Result<()> {
        let lists = self.outline.lists();
        let buffer = self.writer.buffer();
        buffer.extend(lists.0.into_iter().flat_map(|count| (count as u64).to_le_bytes()));
        buffer.extend(lens.iter().flat_map(|len| len.to_le_bytes()));
        self.outline.store(buffer);
        buffer.extend(children);
        self.writer.flush()?;
        for (kind, count) in lists.0.into_iter().enumerate() {
            for from in (0..count).step_by(PIECE) {
                let piece = from..count.min(from + PIECE);
                let names =
                    self.tracking.inner.read().index.stored_names(kind, piece, &self.outline);
                for name in names {
                    store_text(name.as_deref(), self.writer.buffer());
                }
                self.writer.flush()?;
            }
        }
        self.writer.buffer().extend((reversals.len() as u64).to_le_bytes());
        for (reversed, reversal) in reversals.iter() {
            store_text(Some(reversed), self.writer.buffer());
            store_text(Some(reversal.as_str()), self.writer.buffer());
            self.writer.flush()?;
        }
        Ok(())
    }
}

impl Parts {
    /// The end of the file, which [`super::saved`] reads.
    fn end(&self, Extent { mark, whole }: Extent) -> Vec<u8> {
        let mut end = [mark.crc, whole].map(u32::to_le_bytes).as_flattened().to_vec();
        let places = [self.rest, self.offsets, self.positions, self.tables];
        let numbers = [mark.len, mark.rows, mark.last_row].into_iter().chain(places);
        end.extend(numbers.flat_map(u64::to_le_bytes));
        end
    }

    /// Uses the file in the index.
    fn adopt(self, file: &dyn DiskFile, tracking: &Tracking) -> io::Result<()> {
        let place = |place: u64| usize::try_from(place).map_err(io::Error::other);
        let saved = Saved {
            file: Arc::new(file.bytes()?),
            offsets: place(self.offsets)?,
            blocks: self.blocks,
            positions: place(self.positions)?,
            lists: self.lists,
            lens: self.lens,
        };
        let blocks = tracking.inner.write().index.adopt_blocks(saved.blocks());
        drop(blocks);
        let mut lists = saved.lists();
        loop {
            let some: Vec<_> = lists.by_ref().take(LISTS).collect();
            if some.is_empty() {
                return Ok(());
            }
            let mut replaced = Vec::with_capacity(some.len());
            let mut inner = tracking.inner.write();
            for (name, list) in some {
                replaced.push(inner.index.adopt_list(name, list, saved.end()));
            }
            drop(inner);
        }
    }
}

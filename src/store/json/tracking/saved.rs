//! `journal/history.index`: the index of the first events, so that a start need not parse them.
//!
//! The file is only a copy of what is in the tracking file. A start uses it if every checksum is right, and if the bytes
//! of the tracking file are those that Goldstar had written when it wrote the index. Otherwise it reads the whole
//! tracking file.

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::blocks::{BlockReader, DAMAGED, Unusable};
use super::index::{BLOCK, Index, text_len};
use super::mark::{Extent, Mark};
use super::patch::Patch;
use super::whole::WholeChecksum;
use crate::disk::{Disk, DiskFile, Open, read_exact_at, temporary_path};
use crate::domain::EventId;
use crate::store::json::progress::Progress;

/// The file's name in the folder `journal`.
const FILE: &str = "history.index";
/// The beginning of the file, with the number of its format, which grows with every change of what an index contains.
pub(super) const MAGIC: &[u8; 4] = b"GSI2";
/// The bytes of the tracking file that are read at once.
const READ: usize = if cfg!(test) { 64 } else { 1 << 18 };

/// The contents of the file.
pub(crate) struct SavedIndex {
    pub(super) index: Index,
    pub(super) extent: Extent,
    /// The reversals, as in [`super::Loaded`].
    pub(super) reversals: Vec<(Arc<str>, EventId)>,
}

/// Where an index is to be used.
pub(crate) struct Use<'a> {
    /// The tracking file and its path.
    pub(crate) file: &'a dyn DiskFile,
    pub(crate) path: &'a Path,
    /// The part that the log continues; `None` if all of the file is read.
    pub(crate) mark: Option<Mark>,
    /// The patches in the log.
    pub(crate) patches: &'a [Patch],
    pub(crate) progress: &'a Progress,
}

impl SavedIndex {
    /// Reads the file, and checks that it describes the tracking file; `None` if there is no file.
    pub(crate) fn read(
        disk: &dyn Disk,
        folder: &Path,
        of: &Use<'_>,
    ) -> Result<Option<Self>, Unusable> {
        let file = match disk.open(&path(folder), Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut reader = BlockReader::new(file)?;
        let (extent, reversals) = read_header(&mut reader)?;
        let Extent { mark, whole } = extent;
        if of.mark.is_some_and(|until| mark.len > until.len) {
            return Err(Unusable::Wrong("it contains events after the last checkpoint"));
        }
        if of.patches.iter().any(|patch| patch.offset < mark.len) {
            return Err(Unusable::Wrong("events have been anonymised since it was written"));
        }
        if of.file.len()? < mark.len {
            return Err(Unusable::Wrong("the tracking file is shorter than it was"));
        }
        // At the same time, if there are two processors.
        let (read, found) = thread::scope(|scope| {
            let found =
                thread::Builder::new().spawn_scoped(scope, || whole_checksum(of, mark.len))?;
            let read = read_contents(reader, mark, reversals);
            Ok::<_, io::Error>((read, found.join()))
        })?;
        let found = found.map_err(|_| Unusable::Wrong("the tracking file can't be read"))??;
        if found != whole {
            return Err(Unusable::Wrong("the tracking file was changed since it was written"));
        }
        let (index, reversals) = read?;
        Ok(Some(Self { index, extent, reversals }))
    }

    /// Removes the file and its temporary file. Durable only once the folder is synced.
    pub(crate) fn remove(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
        let path = path(folder);
        remove_file(disk, &temporary_path(&path))?;
        remove_file(disk, &path)
    }
}

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

pub(super) fn remove_file(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The checksum of the first bytes of the tracking file.
fn whole_checksum(of: &Use<'_>, len: u64) -> io::Result<u32> {
    let total = of.file.len()?;
    let mut whole = WholeChecksum::default();
    let mut buffer = Vec::with_capacity(READ);
    let mut offset = 0;
    while offset < len {
        let count = usize::try_from(len - offset).map_or(READ, |left| left.min(READ));
        buffer.resize(count, 0);
        read_exact_at(of.file, &mut buffer, offset)?;
        whole.update(&buffer);
        offset += count as u64;
        of.progress.report(of.path, offset, total);
    }
    Ok(whole.crc())
}

/// Reads what the index describes, and the number of reversals.
fn read_header(reader: &mut BlockReader) -> Result<(Extent, u64), Unusable> {
    if reader.array()? != *MAGIC {
        return Err(Unusable::Wrong("it has the format of another version"));
    }
    let mut short = || Ok::<_, Unusable>(u32::from_le_bytes(reader.array()?));
    let (crc, whole) = (short()?, short()?);
    let mut long = || Ok::<_, Unusable>(u64::from_le_bytes(reader.array()?));
    let mark = Mark { len: long()?, crc, rows: long()?, last_row: long()? };
    if mark.rows == 0 {
        return Err(Unusable::Wrong("it contains no events"));
    }
    Ok((Extent { mark, whole }, long()?))
}

type Contents = (Index, Vec<(Arc<str>, EventId)>);

/// Reads everything after the header.
fn read_contents(
    mut reader: BlockReader,
    mark: Mark,
    reversals: u64,
) -> Result<Contents, Unusable> {
    let mut index = Index::new();
    index.expect(usize::try_from(mark.rows + mark.rows / 32).map_err(|_| DAMAGED)?);
    while let left @ 1.. = mark.rows - index.len() as u64 {
        let count = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let len = u32::from_le_bytes(reader.array()?) as usize;
        index.restore_rows(reader.take(len)?, count, mark.rows).ok_or(DAMAGED)?;
    }
    let mut names = [const { Vec::new() }; 3];
    for names in &mut names {
        for _ in 0..u64::from_le_bytes(reader.array()?) {
            names.push(read_text(&mut reader)?);
        }
    }
    let mut pairs = Vec::new();
    for _ in 0..reversals {
        let (reversed, reversal) = (read_text(&mut reader)?, read_text(&mut reader)?);
        pairs.push((reversed.ok_or(DAMAGED)?, EventId::from(&*reversal.ok_or(DAMAGED)?)));
    }
    reader.finish()?;
    let is_complete = index.restore_names(names) && index.last_row() == mark.last_row;
    if is_complete { Ok((index, pairs)) } else { Err(DAMAGED) }
}

fn read_text(reader: &mut BlockReader) -> Result<Option<Arc<str>>, Unusable> {
    let Some(len) = text_len(u32::from_le_bytes(reader.array()?)) else { return Ok(None) };
    let text = std::str::from_utf8(reader.take(len)?).map_err(|_| DAMAGED)?;
    Ok(Some(text.into()))
}

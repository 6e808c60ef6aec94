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

use super::bytes::Bytes;
use super::checked::{DAMAGED, End, Unusable};
use super::index::{BLOCK, Index, Lists, Saved, Tables};
use super::mark::{Extent, Mark};
use super::patch::Patch;
use super::whole::WholeChecksum;
use crate::disk::{Disk, DiskFile, Open, read_exact_at, temporary_path};
use crate::domain::EventId;
use crate::store::json::progress::Progress;

/// The file's name in the folder `journal`.
const FILE: &str = "history.index";
/// The beginning of the file, with the number of its format, which grows with every change of what an index contains.
pub(super) const MAGIC: &[u8; 4] = b"GSI3";
/// The length of the end of the file, without its checksums.
const END: usize = 2 * size_of::<u32>() + 7 * size_of::<u64>();
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
        let (end, parts) = read_end(&*file)?;
        let extent @ Extent { mark, whole } = parts.extent;
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
            let read = end.check_body(&*file).and_then(|()| read_contents(&*file, &parts));
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

/// What the end of the file says.
struct Parts {
    extent: Extent,
    /// Where the parts of the file begin: the rows after the whole blocks, the offsets of the blocks, the lists and the
    /// tables.
    places: [usize; 4],
}

/// Reads the end of the file.
fn read_end(file: &dyn DiskFile) -> Result<(End<END>, Parts), Unusable> {
    let mut magic = [0; MAGIC.len()];
    if file.len()? >= magic.len() as u64 {
        read_exact_at(file, &mut magic, 0)?;
        if magic != *MAGIC {
            return Err(Unusable::Wrong("it has the format of another version"));
        }
    }
    let end = End::read(file)?;
    let parts = read_parts(&mut Bytes(&end.bytes))?;
    if parts.extent.mark.rows == 0 {
        return Err(Unusable::Wrong("it contains no events"));
    }
    Ok((end, parts))
}

fn read_parts(bytes: &mut Bytes<'_>) -> Result<Parts, Unusable> {
    let (crc, whole) = (bytes.short()?, bytes.short()?);
    let mark = Mark { len: bytes.long()?, crc, rows: bytes.long()?, last_row: bytes.long()? };
    let places = [bytes.count()?, bytes.count()?, bytes.count()?, bytes.count()?];
    Ok(Parts { extent: Extent { mark, whole }, places })
}

type Contents = (Index, Vec<(Arc<str>, EventId)>);

/// Reads the contents of a file whose checksum is right.
fn read_contents(file: &dyn DiskFile, parts: &Parts) -> Result<Contents, Unusable> {
    let file = Arc::new(file.bytes()?);
    let mark = parts.extent.mark;
    let [rest, offsets, positions, tables] = parts.places;
    let rows = usize::try_from(mark.rows).map_err(|_| DAMAGED)?;
    let mut bytes = Bytes(file.get(tables..).ok_or(DAMAGED)?);
    let lists = Lists([bytes.count()?, bytes.count()?, bytes.count()?]);
    let lens = bytes.many(lists.names().count(), Bytes::short)?;
    let tables = Tables::read(&mut bytes, lists)?;
    let reversals = bytes.count()?;
    let pair = |bytes: &mut Bytes<'_>| {
        let mut text = || bytes.text()?.ok_or(DAMAGED);
        Ok((Arc::from(text()?), EventId::from(text()?)))
    };
    let reversals = bytes.many(reversals, pair)?;
    let rest = file.get(rest..offsets).ok_or(DAMAGED)?;
    let (file, blocks) = (Arc::clone(&file), rows / BLOCK);
    let saved = Saved { file, offsets, blocks, positions, lists, lens };
    let index = Index::restore(&saved, tables, rest, rows % BLOCK);
    if index.last_row() == mark.last_row { Ok((index, reversals)) } else { Err(DAMAGED) }
}

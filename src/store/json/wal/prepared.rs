//! Segments on their way into the journal.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::Entry;
use super::files::path;
use super::segment::{Link, push_frame};
use crate::disk::{Disk, DiskFile, Open, temporary_path};

/// How many zeros are written ahead of the frames at a time, in bytes.
pub(crate) const RESERVE: Range<u64> = 64 << 10..1 << 20;

/// A file of zeros for the next segment, on the disk already: whoever begins that needn't wait until
/// the disk has found room.
pub(crate) struct Spare {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    /// How many zeros it holds.
    len: u64,
}

impl Spare {
    /// Under a name that no journal has, and that a start removes.
    const NAME: &str = "spare.tmp";

    /// Makes one in a journal's folder, for a segment that becomes so many bytes long.
    pub(crate) fn new(disk: &dyn Disk, folder: &Path, usual: u64) -> io::Result<Self> {
        let path = folder.join(Self::NAME);
        let file = new_file(disk, &path)?;
        let len = RESERVE.end.min(usual / 2);
        let zeros = vec![0; usize::try_from(len).unwrap_or(0)];
        match file.write_all_at(&zeros, 0).and_then(|()| file.sync()) {
            Ok(()) => Ok(Self { file, path, len }),
            Err(error) => {
                // Where the disk is full, the journal needs the room more.
                disk.remove(&path)?;
                Err(error)
            }
        }
    }
}

/// A segment that is on the disk with its first frame, and not yet in its place.
pub(crate) struct Prepared {
    pub(crate) file: Arc<dyn DiskFile>,
    temporary: PathBuf,
    path: PathBuf,
    pub(crate) next: Link,
    /// Where its first frame ends.
    pub(crate) len: u64,
    /// Where the zeros behind that end.
    pub(crate) reserved: u64,
}

impl Prepared {
    /// Where this fails, no segment has begun.
    pub(crate) fn new(
        disk: &dyn Disk,
        folder: &Path,
        first: Link,
        previous: Option<(u64, u64)>,
        spare: Option<Spare>,
    ) -> io::Result<Self> {
        let (previous, length) = previous.unzip();
        let mut payload = String::new();
        Entry::Segment { previous, length: length.unwrap_or(0) }.push(&mut payload);
        let mut bytes = Vec::new();
        let crc = push_frame(&mut bytes, first, (0, 0), payload.as_bytes());
        let (len, path) = (bytes.len() as u64, path(folder, first.epoch));
        let (file, temporary, reserved) = if let Some(spare) = spare {
            (spare.file, spare.path, spare.len.max(len))
        } else {
            let temporary = temporary_path(&path);
            (new_file(disk, &temporary)?, temporary, len)
        };
        file.write_all_at(&bytes, 0)?;
        file.sync()?;
        let next = Link { sequence: first.sequence + 1, previous: crc, ..first };
        Ok(Self { file, temporary, path, next, len, reserved })
    }

    /// Begins the segment. Where this fails, it may or may not have begun.
    pub(crate) fn finish_replacement(&self, disk: &dyn Disk) -> io::Result<()> {
        disk.rename(&self.temporary, &self.path)?;
        disk.sync_dir(self.path.parent().unwrap_or(Path::new(".")))
    }
}

/// What an earlier try left behind may have a failed sync, so it isn't used again.
fn new_file(disk: &dyn Disk, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    disk.open(path, Open::Truncate)
}

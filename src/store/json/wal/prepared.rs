//! Segments before they get their final name.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::Entry;
use super::files::path;
use super::segment::{Link, push_frame};
use crate::disk::{Disk, DiskFile, Open, temporary_path};

/// The number of zeros that are written ahead of the frames at a time, in bytes.
pub(crate) const RESERVE: Range<u64> = 64 << 10..1 << 20;

/// A synced file of zeros for the next segment, so that its start need not wait for the disk to
/// allocate space.
pub(crate) struct Spare {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    /// The number of zeros.
    len: u64,
}

impl Spare {
    /// No segment has this name, and a start removes the file.
    const NAME: &str = "spare.tmp";

    /// Creates the file in the folder `journal`, for a segment that becomes `usual` bytes long.
    pub(crate) fn new(disk: &dyn Disk, folder: &Path, usual: u64) -> io::Result<Self> {
        let path = folder.join(Self::NAME);
        let file = new_file(disk, &path)?;
        let len = RESERVE.end.min(usual / 2);
        let zeros = vec![0; usize::try_from(len).unwrap_or(0)];
        match file.write_all_at(&zeros, 0).and_then(|()| file.sync()) {
            Ok(()) => Ok(Self { file, path, len }),
            Err(error) => {
                // On a full disk the log needs the space more.
                disk.remove(&path)?;
                Err(error)
            }
        }
    }
}

/// A segment that is on the disk with its first frame, under a temporary name.
pub(crate) struct Prepared {
    pub(crate) file: Arc<dyn DiskFile>,
    temporary: PathBuf,
    path: PathBuf,
    pub(crate) next: Link,
    /// The end of its first frame.
    pub(crate) len: u64,
    /// The end of the zeros after it.
    pub(crate) reserved: u64,
}

impl Prepared {
    /// If this fails, no segment has started.
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

    /// Starts the segment. If this fails, it may or may not have started.
    pub(crate) fn finish_replacement(&self, disk: &dyn Disk) -> io::Result<()> {
        disk.rename(&self.temporary, &self.path)?;
        disk.sync_dir(self.path.parent().unwrap_or(Path::new(".")))
    }
}

/// The file of an earlier attempt may have a failed sync, so it is not used again.
fn new_file(disk: &dyn Disk, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    disk.open(path, Open::Truncate)
}

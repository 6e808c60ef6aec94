//! The entries of an archive as a disk that cannot be written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile, Identity, Open, Stat};

#[derive(Clone, Debug)]
pub(super) struct ArchiveDisk {
    archive: Arc<dyn DiskFile>,
    places: Arc<BTreeMap<PathBuf, (u64, u64)>>,
}

/// An entry.
#[derive(Debug)]
struct Part {
    archive: Arc<dyn DiskFile>,
    start: u64,
    len: u64,
}

impl ArchiveDisk {
    pub(super) fn new(archive: Arc<dyn DiskFile>, places: BTreeMap<PathBuf, (u64, u64)>) -> Self {
        Self { archive, places: Arc::new(places) }
    }
}

fn cannot_write<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ArchiveDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        if how != Open::Read {
            return cannot_write();
        }
        let (start, len) = *self.places.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(Part { archive: Arc::clone(&self.archive), start, len }))
    }

    fn copy_attributes(&self, _: &Path, _: &Path) -> io::Result<()> {
        cannot_write()
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        cannot_write()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        cannot_write()
    }

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        cannot_write()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        cannot_write()
    }

    fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
        let within = self.places.keys().filter(|name| name.parent() == Some(path));
        let names: Vec<String> = within
            .filter_map(|name| Some(name.file_name()?.to_string_lossy().into_owned()))
            .collect();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let (start, len) = *self.places.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Stat { identity: Identity(0, start), len })
    }
}

impl DiskFile for Part {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        self.archive.read_at(&mut buffer[..count], self.start + offset)
    }

    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        cannot_write()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        cannot_write()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn sync(&self) -> io::Result<()> {
        cannot_write()
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity(0, self.start))
    }
}

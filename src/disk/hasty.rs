//! A disk that can put off all syncs.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Disk, DiskFile, FileBytes, Identity, Open, Stat};

/// A disk that syncs nothing in a hurry, and everything at its end. Meanwhile nothing on it is durable: only for data of
/// which nobody knows yet.
#[derive(Clone, Debug)]
pub struct HastyDisk {
    disk: Arc<dyn Disk>,
    hurry: Arc<Mutex<Option<Unsynced>>>,
}

/// What was not synced.
#[derive(Debug, Default)]
struct Unsynced {
    /// By their identities, because names change.
    files: HashMap<Identity, Arc<dyn DiskFile>>,
    folders: BTreeSet<PathBuf>,
}

/// A file of a [`HastyDisk`].
#[derive(Debug)]
struct HastyFile {
    file: Arc<dyn DiskFile>,
    hurry: Arc<Mutex<Option<Unsynced>>>,
}

impl HastyDisk {
    /// A disk that is not in a hurry.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, hurry: Arc::default() }
    }

    /// Puts off all syncs.
    pub fn hurry(&self) {
        self.hurry.lock().get_or_insert_default();
    }

    /// Makes everything durable whose sync was put off; further syncs are not put off.
    pub fn finish(&self) -> io::Result<()> {
        let unsynced = mem::take(&mut *self.hurry.lock()).unwrap_or_default();
        unsynced.files.values().try_for_each(|file| file.sync())?;
        unsynced.folders.iter().try_for_each(|folder| self.disk.sync_dir(folder))
    }

    /// A file that is removed or replaced need not be synced.
    fn forget(&self, path: &Path) {
        if let Some(unsynced) = &mut *self.hurry.lock()
            && let Ok(stat) = self.disk.stat(path)
        {
            unsynced.files.remove(&stat.identity);
        }
    }
}

impl Disk for HastyDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        if how == Open::Truncate {
            self.forget(path);
        }
        let file = self.disk.open(path, how)?;
        Ok(Arc::new(HastyFile { file, hurry: Arc::clone(&self.hurry) }))
    }

    fn copy_attributes(&self, like: &Path, path: &Path) -> io::Result<()> {
        self.disk.copy_attributes(like, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.forget(to);
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.forget(path);
        self.disk.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if let Some(unsynced) = &mut *self.hurry.lock() {
            unsynced.folders.insert(path.to_owned());
            return Ok(());
        }
        self.disk.sync_dir(path)
    }

    fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.file_names(path)
    }

    fn entry_names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.disk.entry_names(path)
    }

    fn boot_id(&self) -> Option<String> {
        self.disk.boot_id()
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        self.disk.stat(path)
    }
}

impl DiskFile for HastyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn read_cached_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_cached_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn sync(&self) -> io::Result<()> {
        let mut hurry = self.hurry.lock();
        let Some(unsynced) = &mut *hurry else {
            drop(hurry);
            return self.file.sync();
        };
        unsynced.files.insert(self.file.identity()?, Arc::clone(&self.file));
        Ok(())
    }

    fn bytes(&self) -> io::Result<FileBytes> {
        self.file.bytes()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::disk::RealDisk;

    /// Counts the syncs of files.
    #[derive(Clone, Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    #[derive(Debug)]
    struct CountingFile(Arc<dyn DiskFile>, Counting);

    impl Disk for Counting {
        fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
            Ok(Arc::new(CountingFile(RealDisk.open(path, how)?, self.clone())))
        }

        fn copy_attributes(&self, like: &Path, path: &Path) -> io::Result<()> {
            RealDisk.copy_attributes(like, path)
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            RealDisk.rename(from, to)
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            RealDisk.remove(path)
        }

        fn create_dir(&self, path: &Path) -> io::Result<()> {
            RealDisk.create_dir(path)
        }

        fn sync_dir(&self, _: &Path) -> io::Result<()> {
            self.0.fetch_add(100, Ordering::Relaxed);
            Ok(())
        }

        fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
            RealDisk.file_names(path)
        }

        fn stat(&self, path: &Path) -> io::Result<Stat> {
            RealDisk.stat(path)
        }
    }

    impl DiskFile for CountingFile {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            self.0.read_at(buffer, offset)
        }

        fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
            self.0.write_all_at(bytes, offset)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }

        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn sync(&self) -> io::Result<()> {
            self.1.0.fetch_add(1, Ordering::Relaxed);
            self.0.sync()
        }

        fn identity(&self) -> io::Result<Identity> {
            self.0.identity()
        }
    }

    #[test]
    fn what_exists_at_the_end_is_synced_once() {
        let folder = tempfile::tempdir().unwrap();
        let count = Counting::default();
        let disk = HastyDisk::new(Arc::new(count.clone()));
        let path = folder.path().join("a");
        crate::disk::replace(&disk, &path, b"one").unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 101);
        disk.hurry();
        for _ in 0..3 {
            crate::disk::replace(&disk, &path, b"two").unwrap();
        }
        let removed = folder.path().join("b");
        crate::disk::replace(&disk, &removed, b"three").unwrap();
        disk.remove(&removed).unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 101);
        disk.finish().unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 202);
        crate::disk::replace(&disk, &path, b"four").unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 303);
    }
}

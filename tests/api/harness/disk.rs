//! A disk that fails at will.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use goldstar::disk::{Disk, DiskFile, Identity, Open, RealDisk};

/// The machine's disk, until a part of it is broken.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyDisk {
    fault: Arc<Mutex<Option<Fault>>>,
}

#[derive(Debug)]
struct Fault {
    broken: Broken,
    kind: io::ErrorKind,
}

#[derive(Debug)]
enum Broken {
    /// Files whose names begin so.
    Files(&'static str),
    /// Every file in the folder of that name.
    Folder(&'static str),
}

impl FaultyDisk {
    /// From now on, nothing can be written to files whose names begin with `prefix`.
    pub(crate) fn fail_writes(&self, prefix: &'static str, kind: io::ErrorKind) {
        let broken = Broken::Files(prefix);
        *self.fault.lock().unwrap() = Some(Fault { broken, kind });
    }

    /// From now on, nothing can be written to files in folders of that name.
    pub(crate) fn fail_writes_in(&self, folder: &'static str, kind: io::ErrorKind) {
        let broken = Broken::Folder(folder);
        *self.fault.lock().unwrap() = Some(Fault { broken, kind });
    }

    /// From now on, everything works.
    pub(crate) fn repair(&self) {
        *self.fault.lock().unwrap() = None;
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        match &*self.fault.lock().unwrap() {
            Some(fault) if fault.broken.is(path) => Err(fault.kind.into()),
            _ => Ok(()),
        }
    }
}

impl Broken {
    fn is(&self, path: &Path) -> bool {
        let text = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        match self {
            Self::Files(prefix) => text(path.file_name()).starts_with(prefix),
            Self::Folder(name) => text(path.parent().and_then(Path::file_name)) == *name,
        }
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        if how == Open::Truncate {
            self.check(path)?;
        }
        Ok(Arc::new(FaultyFile {
            file: RealDisk.open(path, how)?,
            path: path.to_owned(),
            disk: self.clone(),
        }))
    }

    fn copy_mode(&self, like: &Path, path: &Path) -> io::Result<()> {
        RealDisk.copy_mode(like, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(to)?;
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(path)
    }

    fn identity(&self, path: &Path) -> io::Result<Identity> {
        RealDisk.identity(path)
    }
}

/// A file on such a disk. It can always be read and cut.
struct FaultyFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    disk: FaultyDisk,
}

impl fmt::Debug for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    /// A full disk takes a part of what is written before it says so.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.disk.check(&self.path) {
            self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}

//! Files without names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Disk, DiskFile, Open, RealDisk, Stat};

/// A folder of temporary files that the system removes when they are closed, even if the process is killed.
/// The folder itself exists in memory only.
#[derive(Debug)]
pub struct UnnamedFiles {
    folder: PathBuf,
    files: Mutex<BTreeMap<PathBuf, Arc<dyn DiskFile>>>,
}

impl UnnamedFiles {
    /// The files are on the disk of the folder that would contain `folder`, whose name nothing else may use.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, files: Mutex::default() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut files = self.files.lock();
        let mut name = self.folder.file_name().unwrap_or_default().to_os_string();
        write!(name, ".{}", files.len()).map_err(io::Error::other)?;
        let named = self.folder.with_file_name(name);
        let file = RealDisk.open(&named, Open::Truncate)?;
        RealDisk.remove(&named)?;
        files.insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }
}

impl Disk for UnnamedFiles {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let found = self.files.lock().get(path).cloned();
        match (found, how) {
            (_, Open::Truncate) | (None, Open::Create | Open::Append) => self.create(path),
            (Some(file), _) => Ok(file),
            (None, Open::Read | Open::Write) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn copy_attributes(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.lock();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.lock().remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
        let files = self.files.lock();
        let within = files.keys().filter(|name| name.parent() == Some(path));
        let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        let names: Vec<String> = within.filter_map(name).collect();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let file = self.open(path, Open::Read)?;
        Ok(Stat { identity: file.identity()?, len: file.len()? })
    }
}

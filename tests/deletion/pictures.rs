//! A disk that takes a picture of a server's folders before each of its changes: what a kill at that
//! moment would leave behind.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use goldstar::disk::{Disk, DiskFile, Identity, Open, RealDisk};

use crate::folders::copy_of;
use crate::harness::Folders;

/// The machine's disk, with a camera.
#[derive(Clone)]
pub(crate) struct Camera {
    album: Arc<Mutex<Album>>,
}

struct Album {
    folders: Folders,
    is_on: bool,
    pictures: Vec<Picture>,
}

/// The folders as they were at a moment.
pub(crate) struct Picture {
    pub(crate) folders: Folders,
    /// What the server was about to do.
    pub(crate) before: String,
}

impl Camera {
    pub(crate) fn of(folders: &Folders) -> Self {
        let album = Album { folders: folders.clone(), is_on: false, pictures: Vec::new() };
        Self { album: Arc::new(Mutex::new(album)) }
    }

    /// From now on, pictures are taken.
    pub(crate) fn start(&self) {
        self.album.lock().unwrap().is_on = true;
    }

    /// The pictures, with one of how it is now; none is taken any more.
    pub(crate) fn stop(&self) -> Vec<Picture> {
        let mut album = self.album.lock().unwrap();
        album.shoot("the end", Path::new(""));
        album.is_on = false;
        album.pictures.drain(..).collect()
    }

    /// Takes a picture, and makes the change before anyone makes another.
    fn before<T>(
        &self,
        what: &str,
        path: &Path,
        change: impl FnOnce(&mut Album) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut album = self.album.lock().unwrap();
        album.shoot(what, path);
        change(&mut album)
    }
}

impl Album {
    fn shoot(&mut self, what: &str, path: &Path) {
        if self.is_on {
            let name = path.strip_prefix(self.folders.root()).unwrap_or(path);
            let before = format!("{what} {}", name.display());
            self.pictures.push(Picture { folders: copy_of(&self.folders), before });
        }
    }
}

impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Camera").finish_non_exhaustive()
    }
}

impl Disk for Camera {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let file = match how {
            Open::Read | Open::Write => RealDisk.open(path, how)?,
            Open::Create if path.exists() => RealDisk.open(path, how)?,
            Open::Create => self.before("making", path, |_| RealDisk.open(path, how))?,
            Open::Truncate => self.before("emptying", path, |_| RealDisk.open(path, how))?,
        };
        Ok(Arc::new(Filmed { file, path: path.to_owned(), camera: self.clone() }))
    }

    fn copy_mode(&self, like: &Path, path: &Path) -> io::Result<()> {
        RealDisk.copy_mode(like, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before("putting in place", to, |_| RealDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.before("removing", path, |_| RealDisk.remove(path))
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

/// A file on such a disk.
struct Filmed {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    camera: Camera,
}

impl fmt::Debug for Filmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl DiskFile for Filmed {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    /// A kill may come while a half is written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.camera.before("writing", &self.path, |album| {
            if bytes.len() > 1 {
                self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
                album.shoot("writing on in", &self.path);
            }
            self.file.write_all_at(bytes, offset)
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.camera.before("cutting", &self.path, |_| self.file.set_len(len))
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

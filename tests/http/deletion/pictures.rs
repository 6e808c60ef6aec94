//! A disk that takes a picture of a server's folders before each of its changes: what a kill at that
//! moment would leave behind.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use goldstar::disk::Open;

use super::folders::copy_of;
use crate::harness::{Folders, Operation, Policy, Watched};

/// The machine's disk, with a camera.
pub(crate) type Camera = Watched<Mutex<Album>>;

/// What the camera has taken.
pub(crate) struct Album {
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
        Self::by(Mutex::new(album))
    }

    /// From now on, pictures are taken.
    pub(crate) fn start(&self) {
        self.lock().unwrap().is_on = true;
    }

    /// The pictures, with one of how it is now; none is taken any more.
    pub(crate) fn stop(&self) -> Vec<Picture> {
        let mut album = self.lock().unwrap();
        album.shoot("the end", Path::new(""));
        album.is_on = false;
        album.pictures.drain(..).collect()
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

impl Policy for Mutex<Album> {
    /// Takes a picture before a change, and has it made before anyone makes another.
    fn around<T>(
        &self,
        operation: Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let what = match operation {
            Operation::Open(Open::Create | Open::Append) if !path.exists() => "making",
            Operation::Open(Open::Truncate) => "emptying",
            Operation::Rename => "putting in place",
            Operation::Remove => "removing",
            Operation::Write(_) => "writing",
            Operation::SetLen => "cutting",
            _ => return work(),
        };
        let mut album = self.lock().unwrap();
        album.shoot(what, path);
        // A kill may come while a half is written.
        if let Operation::Write(write) = operation
            && write.bytes.len() > 1
        {
            write.half()?;
            album.shoot("writing on in", path);
        }
        work()
    }
}

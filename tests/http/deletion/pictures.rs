//! A disk that copies a server's folders before each change: the state that a kill at that time
//! would leave.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use goldstar::disk::Open;

use super::folders::copy_of;
use crate::harness::{Folders, Operation, Policy, Watched};

/// The real disk, with the copies.
pub(crate) type Camera = Watched<Mutex<Album>>;

/// The copies so far.
pub(crate) struct Album {
    folders: Folders,
    is_on: bool,
    pictures: Vec<Picture>,
}

/// A copy of the folders.
pub(crate) struct Picture {
    pub(crate) folders: Folders,
    /// The next operation of the server.
    pub(crate) before: String,
}

impl Camera {
    pub(crate) fn of(folders: &Folders) -> Self {
        let album = Album { folders: folders.clone(), is_on: false, pictures: Vec::new() };
        Self::by(Mutex::new(album))
    }

    /// Starts to take pictures.
    pub(crate) fn start(&self) {
        self.lock().unwrap().is_on = true;
    }

    /// Stops to take pictures, and returns them with one of the current state.
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
    /// Takes a picture and then makes the change, with no other change in between.
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
        // A kill may come within a write.
        if let Operation::Write(write) = operation
            && write.bytes.len() > 1
        {
            write.half()?;
            album.shoot("writing on in", path);
        }
        work()
    }
}

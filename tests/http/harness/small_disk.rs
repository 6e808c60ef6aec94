//! A real disk that can be full.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Folders, forbidden};

/// A small file system in memory, until this is dropped.
pub(crate) struct SmallDisk {
    folder: PathBuf,
    /// They are removed after it is unmounted.
    _folders: Option<Folders>,
}

impl SmallDisk {
    /// Mounts one of that size over a folder; `None` if the machine does not allow it.
    pub(crate) fn mount(folder: &Path, size: &str, folders: Option<&Folders>) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        let options = format!("size={size},mode=700");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder);
        if !mount.output().is_ok_and(|output| output.status.success()) {
            forbidden("a test on a full disk: no file system can be mounted");
            return None;
        }
        Some(Self { folder: folder.to_owned(), _folders: folders.cloned() })
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }

    /// Fills it except for that many bytes.
    pub(crate) fn fill_but(&self, room: usize) {
        let mut file = File::create(self.filler()).unwrap();
        let full = loop {
            if let Err(error) = file.write_all(&[1; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        file.set_len(file.metadata().unwrap().len() - room as u64).unwrap();
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a server may not have ended yet. A second panic must be avoided.
        let unmounted = Command::new("umount").arg("-l").arg(&self.folder).status();
        let is_unmounted = unmounted.is_ok_and(|status| status.success());
        assert!(is_unmounted || std::thread::panicking(), "{} stays", self.folder.display());
    }
}

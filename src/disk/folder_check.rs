//! Checks at the start that the file system supports all that the server needs, instead of failing
//! later.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::owner::with_permission_advice;
use super::tolerance::PRIVATE_FILES;
use super::{Disk, Open, read_exact_at, temporary_path};

/// The temporary file of [`probe`].
const NAME: &str = ".goldstar.probe";

/// Why the server cannot use a folder.
#[derive(Debug, Error)]
pub enum UnusableFolder {
    #[error("{} can't be used: {call} fails there: {cause}{}", .folder.display(), advice(.cause))]
    Call {
        folder: PathBuf,
        /// The call that failed.
        call: &'static str,
        cause: io::Error,
    },
    #[error(
        "{} is mounted by itself, so it can't be replaced by a new version (rename fails with EBUSY): \
         mount the whole folder instead of the file",
        .0.display()
    )]
    Mounted(PathBuf),
}

impl UnusableFolder {
    pub fn call(folder: &Path, call: &'static str, cause: io::Error) -> Self {
        let cause = with_permission_advice(folder, folder, cause);
        Self::Call { folder: folder.to_owned(), call, cause }
    }
}

fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        // The error already contains advice.
        ErrorKind::PermissionDenied => "",
        ErrorKind::ReadOnlyFilesystem => ". Mount it for reading and writing",
        _ => {
            ". Use a folder on a file system that supports it, such as ext4, XFS, Btrfs, ZFS or APFS"
        }
    }
}

/// Tries all file operations of the server in a folder, which must exist. `is_replaced` tells whether a
/// file of that name is replaced by renaming.
pub fn probe(
    disk: &dyn Disk,
    folder: &Path,
    is_replaced: impl Fn(&str) -> bool,
) -> Result<(), UnusableFolder> {
    let path = folder.join(NAME);
    let mut mounted = mounted_files(folder).into_iter();
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(mounted) = mounted.find(|path| is_replaced(&name(path))) {
        return Err(UnusableFolder::Mounted(mounted));
    }
    let tried = try_calls(disk, folder, &path);
    if tried.is_err() {
        for path in [temporary_path(&path), path] {
            if let Err(error) = disk.remove(&path) {
                tracing::debug!(%error, "cannot remove a temporary file");
            }
        }
    }
    match tried {
        // A full disk is reported later, by the change that it makes fail.
        Err((_, error)) if is_full(&error) => Ok(()),
        Err((call, error)) => Err(UnusableFolder::call(folder, call, error)),
        Ok(()) => Ok(()),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// Replaces a file and then writes to it in place. Returns the call that failed.
fn try_calls(disk: &dyn Disk, folder: &Path, path: &Path) -> Result<(), (&'static str, io::Error)> {
    const OLD: &[u8] = b"old";
    const NEW: &[u8] = b"tried out";
    let of = |call: &'static str| move |error| (call, error);
    let temporary = temporary_path(path);
    let old = disk.open(path, Open::Truncate).map_err(of("open (to create a file)"))?;
    old.write_all_at(OLD, 0).map_err(of("write"))?;
    let file = disk.open(&temporary, Open::Truncate).map_err(of("open (to create a file)"))?;
    file.write_all_at(NEW, 0).map_err(of("write"))?;
    warn_of_public_files(folder, &temporary);
    disk.copy_attributes(path, &temporary).map_err(of("stat"))?;
    file.sync().map_err(of("fdatasync"))?;
    disk.rename(&temporary, path).map_err(of("rename (over an existing file)"))?;
    disk.sync_dir(folder).map_err(of("fsync (of the folder)"))?;
    let found = disk.stat(path).map_err(of("stat"))?;
    if found.identity != file.identity().map_err(of("fstat"))? {
        let error = io::Error::other("a renamed file gets another inode number");
        return Err(("stat", error));
    }
    // Journals, logs and the tracking file are written in place.
    let end = NEW.len() as u64;
    let log = disk.open(path, Open::Append).map_err(of("open (to append)"))?;
    log.write_all_at(OLD, end).map_err(of("write (to append)"))?;
    let file = disk.open(path, Open::Write).map_err(of("open (of an existing file)"))?;
    file.write_all_at(OLD, 0).map_err(of("pwrite (at a position)"))?;
    file.set_len(end).map_err(of("ftruncate"))?;
    file.sync().map_err(of("fdatasync"))?;
    let mut read = [0; NEW.len()];
    read_exact_at(&*file, &mut read, 0).map_err(of("pread (at a position)"))?;
    if !read.starts_with(OLD) || !read.ends_with(&NEW[OLD.len()..]) {
        return Err((
            "pread (at a position)",
            io::Error::other("it returns other bytes than were written"),
        ));
    }
    disk.remove(path).map_err(of("unlink"))
}

/// Warns about file systems that give every file the same mode, such as those of other operating systems.
fn warn_of_public_files(folder: &Path, path: &Path) {
    // With a test's disk, the file may not exist.
    let is_public = fs::metadata(path).is_ok_and(|found| found.mode() & 0o077 != 0);
    if is_public {
        PRIVATE_FILES.allow(folder, Err(io::Error::other("a new file has another mode than 600")));
    }
}

/// The files in a folder that are mount points, as in containers. Known only on Linux. (Comparing devices
/// is not enough: on overlayfs a file's device differs from its folder's.)
fn mounted_files(folder: &Path) -> Vec<PathBuf> {
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
    let lines = table.split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let points = points.map(|point| PathBuf::from(unescaped(point)));
    let in_folder = points.filter(|point| point.parent() == Some(&*folder));
    in_folder.filter(|point| !point.is_dir()).collect()
}

/// Decodes a path from the table of mounts, which has `\040` for a space.
fn unescaped(path: &[u8]) -> OsString {
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path);
    while let [first, after @ ..] = rest {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let code =
            digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn paths_of_mounts_are_unescaped() {
        for (escaped, path) in [("/a\\040b", "/a b"), ("/a\\134040", "/a\\040"), ("/a\\", "/a\\")] {
            assert_eq!(unescaped(escaped.as_bytes()).as_bytes(), path.as_bytes());
        }
    }
}

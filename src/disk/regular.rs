//! Opens regular files only. Opening a pipe or a device could wait forever or affect the device.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::Open;
use super::owner::give_to_owner_of;

/// The flag of `open` that prevents waiting for the other end of a pipe.
#[expect(clippy::cast_possible_wrap, reason = "the flags of `open` are an `int`")]
pub const NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;

/// See [`super::Disk::open`].
pub(super) fn open(path: &Path, how: Open) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    match how {
        Open::Read => existing(&options, path, OFlags::empty()),
        Open::Write => existing(options.write(true), path, OFlags::empty()),
        Open::Create => existing_or_new(options.write(true), path),
        Open::Append => existing_or_new(options.append(true), path),
        Open::Truncate => replacing(options.write(true), path),
    }
}

/// Opens a lock file; with `create`, for writing, and creates it if it does not exist. Fails for a
/// symbolic link, because somebody who may write to the folder could choose which file is overwritten.
pub fn open_lock(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(create);
    match existing(&options, path, OFlags::NOFOLLOW) {
        Err(error) if error.kind() == ErrorKind::NotFound && create => {}
        opened => return opened,
    }
    match new(&options, path) {
        // Another process has created it in the meantime.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            existing(&options, path, OFlags::NOFOLLOW)
        }
        other => other,
    }
}

fn existing(options: &OpenOptions, path: &Path, flags: OFlags) -> io::Result<File> {
    // Before opening, because opening a device can already have an effect.
    let follows = !flags.contains(OFlags::NOFOLLOW);
    let found = if follows { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
    check_is_file(found.file_type())?;
    let nonblocking = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match with_flags(options, nonblocking).open(path) {
        // A file server has a lease on the file, and returns it while this call waits.
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            with_flags(options, flags).open(path)?
        }
        opened => opened?,
    };
    // It may have been replaced after the first check.
    check_is_file(file.metadata()?.file_type())?;
    Ok(file)
}

fn existing_or_new(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match existing(options, path, OFlags::empty()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        opened => return opened,
    }
    match new(options, path) {
        // A symbolic link to a file that does not exist, or a file created in the meantime.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
            let file = with_flags(options, flags).create(true).mode(0o600).open(path)?;
            check_is_file(file.metadata()?.file_type())?;
            Ok(file)
        }
        other => other,
    }
}

/// Creates a file. An existing entry is removed and not written to, because it may be a link to another
/// file.
fn replacing(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match new(options, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            new(options, path)
        }
        other => other,
    }
}

/// Creates a file that must not exist.
fn new(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.clone().create_new(true).mode(0o600).open(path)?;
    give_to_owner_of(path.parent().unwrap_or(Path::new("")), &file);
    Ok(file)
}

fn with_flags(options: &OpenOptions, flags: OFlags) -> OpenOptions {
    let mut options = options.clone();
    // All flags of `open` fit.
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    options
}

fn check_is_file(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a symbolic link"
    } else {
        "a device"
    };
    let error_kind = if kind.is_dir() { ErrorKind::IsADirectory } else { ErrorKind::InvalidInput };
    let text = format!("it is {what}, but must be a regular file: remove it, or restore the file");
    Err(io::Error::new(error_kind, text))
}

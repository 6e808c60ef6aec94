//! Opens regular files and nothing else: to open a pipe or a device in the place of a data file may
//! wait forever, or do something to the device.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::Open;
use super::owner::give_to_owner_of;

/// The flag of `open` with which a pipe has nobody wait for its other end.
#[expect(clippy::cast_possible_wrap, reason = "the flags of `open` are an `int`")]
pub const NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;

/// Opens a file as [`super::Disk::open`] describes it.
pub(super) fn open(path: &Path, how: Open) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    match how {
        Open::Read => existing(&options, path, OFlags::empty()),
        Open::Write => existing(options.write(true), path, OFlags::empty()),
        Open::Create => existing_or_new(options.write(true), path),
        Open::Append => existing_or_new(options.append(true), path),
        Open::Truncate => anew(options.write(true), path),
    }
}

/// Opens a file that is there to be locked, to write to it as well if it may be made. A symbolic link
/// is refused: whoever may write to the folder would choose which file is overwritten.
pub fn open_lock(path: &Path, make: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(make);
    match existing(&options, path, OFlags::NOFOLLOW) {
        Err(error) if error.kind() == ErrorKind::NotFound && make => {}
        opened => return opened,
    }
    match new(&options, path) {
        // Another process has made it meanwhile.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            existing(&options, path, OFlags::NOFOLLOW)
        }
        other => other,
    }
}

fn existing(options: &OpenOptions, path: &Path, flags: OFlags) -> io::Result<File> {
    // Before it is opened, since to open a device may have an effect already.
    let follows = !flags.contains(OFlags::NOFOLLOW);
    let found = if follows { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
    refuse_others(found.file_type())?;
    let waits_for_nobody = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match with_flags(options, waits_for_nobody).open(path) {
        // A file server holds a lease on it, which it gives back while this waits.
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            with_flags(options, flags).open(path)?
        }
        opened => opened?,
    };
    // It may have been replaced after the first look.
    refuse_others(file.metadata()?.file_type())?;
    Ok(file)
}

fn existing_or_new(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match existing(options, path, OFlags::empty()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        opened => return opened,
    }
    match new(options, path) {
        // A symbolic link to a file that doesn't exist yet; or somebody has made it meanwhile.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
            let file = with_flags(options, flags).create(true).mode(0o600).open(path)?;
            refuse_others(file.metadata()?.file_type())?;
            Ok(file)
        }
        other => other,
    }
}

/// Makes a file. What has its name is removed first and never written to: it may be a link to another
/// file.
fn anew(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match new(options, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            new(options, path)
        }
        other => other,
    }
}

/// Makes a file that must not exist.
fn new(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.clone().create_new(true).mode(0o600).open(path)?;
    give_to_owner_of(path.parent().unwrap_or(Path::new("")), &file);
    Ok(file)
}

fn with_flags(options: &OpenOptions, flags: OFlags) -> OpenOptions {
    let mut options = options.clone();
    // The flags of `open` all fit.
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    options
}

fn refuse_others(kind: FileType) -> io::Result<()> {
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
    let text = format!("it is {what}, and must be a regular file: remove it, or put the file back");
    Err(io::Error::new(error_kind, text))
}

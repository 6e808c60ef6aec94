//! The interface through which the store and the audit log change files. A test can replace the disk
//! by one that fails on command or loses what was not synced.

mod attributes;
mod folder_check;
mod hasty;
mod map;
mod new_file;
mod owner;
mod real;
mod regular;
mod socket;
mod tolerance;
mod unnamed;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use folder_check::{UnusableFolder, probe};
pub use hasty::HastyDisk;
pub use map::FileBytes;
pub use new_file::{NewFile, NewFileError, require_space};
pub use owner::{copy_folder_owner, give_to_owner_of, with_permission_advice};
pub use real::RealDisk;
pub use regular::{NONBLOCK, open_lock};
pub use socket::{CommandSocket, NEW_SOCKET, SOCKET, connect};
pub use unnamed::UnnamedFiles;

/// `ELOOP`: too many symbolic links.
const TOO_MANY_LINKS: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

/// How [`Disk::open`] opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// For reading; the file must exist.
    Read,
    /// For reading and writing; the file must exist.
    Write,
    /// For reading and writing; created with mode 0600 if it does not exist.
    Create,
    /// For reading and appending; created with mode 0600 if it does not exist. All writes go to the end
    /// of the file, even after another program has appended to it or truncated it.
    Append,
    /// For reading and writing; created empty with mode 0600. An existing file is removed first.
    Truncate,
}

/// All file operations of the store and the audit log.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Opens a regular file; fails without waiting if the path is anything else. A file that root creates
    /// in another user's folder belongs to that user.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>>;
    /// Copies the owner, mode, access control list and extended attributes of `like` to `path`, as far
    /// as the system allows.
    fn copy_attributes(&self, like: &Path, path: &Path) -> io::Result<()>;
    /// Renames a file, replacing an existing one. Durable only once the folder is synced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Durable only once the folder is synced.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Creates a folder and its parents with mode 0700, and makes their names durable. Succeeds if the
    /// folder exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable, if the file system supports that.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The names of all entries in a folder except folders, sorted.
    fn file_names(&self, path: &Path) -> io::Result<Vec<String>>;
    /// The names of all entries in a folder.
    fn entry_names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        Ok(self.file_names(path)?.into_iter().map(OsString::from).collect())
    }
    /// Identifies the machine's current boot, if that is known. What was written during it can be read
    /// even if it was not synced.
    fn boot_id(&self) -> Option<String> {
        None
    }
    /// The identity and length of the file at `path`, without opening it.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub identity: Identity,
    /// In bytes.
    pub len: u64,
}

/// Identifies a file regardless of its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub u64, pub u64);

impl Identity {
    pub fn of(metadata: &fs::Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// Whether an error means that there is no file at the path any more.
pub fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, StaleNetworkFileHandle};
    matches!(error.kind(), NotFound | NotADirectory | StaleNetworkFileHandle)
        || error.raw_os_error() == Some(TOO_MANY_LINKS)
}

/// An open file.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Reads up to `buffer.len()` bytes from `offset`; returns 0 at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Like [`Self::read_at`], but fails with [`io::ErrorKind::WouldBlock`] if the bytes are not in
    /// memory, or if the system cannot tell.
    fn read_cached_at(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
    /// Writes all of `bytes` at `offset`. Durable only once synced.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Truncates the file, or extends it with zeros. Durable only once synced.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// In bytes.
    fn len(&self) -> io::Result<u64>;
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Makes the contents durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
    /// All bytes of the file, which must not be written any more.
    fn bytes(&self) -> io::Result<FileBytes> {
        read_whole(self).map(FileBytes::from)
    }
    /// Identifies this file, even after its name belongs to another file.
    fn identity(&self) -> io::Result<Identity>;
}

/// Fills the buffer; fails with [`io::ErrorKind::UnexpectedEof`] if the file is too short.
pub fn read_exact_at(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    read_all(buffer, offset, |buffer, offset| file.read_at(buffer, offset))
}

/// Like [`read_exact_at`], by [`DiskFile::read_cached_at`].
pub fn read_exact_cached_at(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    read_all(buffer, offset, |buffer, offset| file.read_cached_at(buffer, offset))
}

fn read_all(
    mut buffer: &mut [u8],
    mut offset: u64,
    read: impl Fn(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<()> {
    while !buffer.is_empty() {
        match read(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                buffer = &mut buffer[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies a range of a file to the same offset in another file. The target can be the same file: the
/// range is then written again, so that another sync can make it durable.
pub fn copy(from: &dyn DiskFile, to: &dyn DiskFile, range: Range<u64>) -> io::Result<()> {
    copy_moved(from, to, range, 0)
}

/// Copies a range of a file to the start of another file.
pub fn copy_to_start(from: &dyn DiskFile, to: &dyn DiskFile, range: Range<u64>) -> io::Result<()> {
    let start = range.start;
    copy_moved(from, to, range, start)
}

/// Copies a range of a file. Its offsets in the other file are smaller by `moved`.
fn copy_moved(
    from: &dyn DiskFile,
    to: &dyn DiskFile,
    range: Range<u64>,
    moved: u64,
) -> io::Result<()> {
    const CHUNK: usize = 1 << 20;
    let chunk = |len| usize::try_from(len).map_or(CHUNK, |len: usize| len.min(CHUNK));
    let mut offset = range.start;
    let mut buffer = vec![0; chunk(range.end.saturating_sub(offset))];
    while offset < range.end {
        let count = chunk(range.end - offset);
        read_exact_at(from, &mut buffer[..count], offset)?;
        to.write_all_at(&buffer[..count], offset - moved)?;
        offset += count as u64;
    }
    Ok(())
}

/// Reads a whole file; `None` if it does not exist.
pub fn read_if_exists(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, Open::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    read_whole(&*file).map(Some)
}

fn read_whole(file: &(impl DiskFile + ?Sized)) -> io::Result<Vec<u8>> {
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; len];
    read_all(&mut bytes, 0, |buffer, offset| file.read_at(buffer, offset))?;
    Ok(bytes)
}

/// The temporary file of [`replace`].
pub fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Replaces a file atomically. After a crash, the file has either its old or its new contents; once this
/// has returned, the new contents are durable. An existing file keeps its owner, mode and attributes, as
/// far as the system allows.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_path(path);
    let file = disk.open(&temporary, Open::Truncate)?;
    file.write_all_at(bytes, 0)?;
    finish_replacement(disk, &*file, &temporary, path)
}

/// The second half of [`replace`], for a temporary file that the caller has written.
pub fn finish_replacement(
    disk: &dyn Disk,
    file: &dyn DiskFile,
    temporary: &Path,
    path: &Path,
) -> io::Result<()> {
    match disk.copy_attributes(path, temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    file.sync()?;
    disk.rename(temporary, path)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
}

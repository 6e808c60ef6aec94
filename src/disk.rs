//! The one seam through which files are changed: below the store and the audit log, so that a test
//! can stand in for the machine's disk, lose what wasn't synced, and fail at will.

mod attributes;
mod owner;
mod probe;
mod regular;
mod tolerance;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
#[cfg(target_os = "linux")]
use std::io::IoSliceMut;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(target_os = "linux")]
use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
#[cfg(target_os = "linux")]
use rustix::io::{Errno, ReadWriteFlags, preadv2};

pub use owner::{copy_folder_owner, give_to_owner_of, with_permission_advice};
pub use probe::{UnusableFolder, probe};
pub use regular::{NONBLOCK, open_lock};

/// The system's error for a chain of symbolic links that has no end (`ELOOP`).
const TOO_MANY_LINKS: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

/// How [`Disk::open`] opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// To read; it must exist.
    Read,
    /// To read and write; it must exist.
    Write,
    /// To read and write; made with mode 0600 where it doesn't exist.
    Create,
    /// To read and append; made with mode 0600 where it doesn't exist. What is written goes to the end
    /// of the file, also if another program has written to it or cut it meanwhile.
    Append,
    /// To read and write, empty, and made with mode 0600; an old one of that name is removed first.
    Truncate,
}

/// A disk: everything that the store and the audit log do to files.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Opens a regular file; fails at once if there is something else. What root makes in a folder of
    /// another user belongs to that user.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives `path` the owner, the mode, the access control list and the extended attributes of `like`,
    /// as far as the system allows.
    fn copy_attributes(&self, like: &Path, path: &Path) -> io::Result<()>;
    /// Renames a file over another. Durable only once the folder is synced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Durable only once the folder is synced.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder, with mode 0700, and those above it, and makes their names durable; fine where
    /// it exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable, unless the file system has no way to do so.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The names of everything in a folder but the folders, sorted.
    fn file_names(&self, path: &Path) -> io::Result<Vec<String>>;
    /// The names of everything in a folder: files, folders and links.
    fn entry_names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        Ok(self.file_names(path)?.into_iter().map(OsString::from).collect())
    }
    /// Tells this run of the machine from every other: what was written during it is there, synced or
    /// not. None if that isn't known.
    fn boot_id(&self) -> Option<String> {
        None
    }
    /// What is known of the file at `path` without opening it.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
}

/// What [`Disk::stat`] tells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// As [`DiskFile::identity`] has it.
    pub identity: Identity,
    /// The length in bytes.
    pub len: u64,
}

/// What tells a file from every other, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(pub u64, pub u64);

impl Identity {
    /// The identity of the file that this is about.
    pub fn of(metadata: &fs::Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// Whether an error says that the path leads to nothing any more.
pub fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, StaleNetworkFileHandle};
    matches!(error.kind(), NotFound | NotADirectory | StaleNetworkFileHandle)
        || error.raw_os_error() == Some(TOO_MANY_LINKS)
}

/// An open file.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Reads some bytes from `offset`; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// The same of what the machine has in memory; fails with [`io::ErrorKind::WouldBlock`] where the
    /// disk would have to be waited for, or where that can't be known.
    fn read_cached_at(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
    /// Writes all of `bytes` at `offset`. Durable only once synced.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file, or fills it up with zeros. Durable only once synced.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether it is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Makes the contents durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
    /// What tells this file from every other, also once its name has gone to another.
    fn identity(&self) -> io::Result<Identity>;
}

/// The machine's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(regular::open(path, how)?))
    }

    fn copy_attributes(&self, like: &Path, path: &Path) -> io::Result<()> {
        attributes::copy(like, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        self.create_dir(parent)?;
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            made => {
                made?;
                owner::give_folder_to_owner_of(parent, path);
            }
        }
        self.sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match File::open(path).and_then(|folder| folder.sync_all()) {
            Err(error) if tolerance::is_unsupported(&error) => {
                tolerance::FOLDER_SYNCS.allow(path, Err(error));
                Ok(())
            }
            synced => synced,
        }
    }

    fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn entry_names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    #[cfg(target_os = "linux")]
    fn boot_id(&self) -> Option<String> {
        let run = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(run.trim().to_owned()).filter(|run| !run.is_empty())
    }

    #[cfg(target_os = "linux")]
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        // Without the times: whoever asks for those has the next write note a time of its own in the
        // inode, which on some file systems every `fdatasync` then writes, too.
        let asked = StatxFlags::INO | StatxFlags::SIZE;
        match statx(CWD, path, AtFlags::empty(), asked) {
            Ok(found) => {
                let device = makedev(found.stx_dev_major, found.stx_dev_minor);
                Ok(Stat { identity: Identity(device, found.stx_ino), len: found.stx_size })
            }
            // An old kernel, or a container that knows of no such call.
            Err(Errno::NOSYS | Errno::PERM) => Ok(Stat::of(&fs::metadata(path)?)),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Ok(Stat::of(&fs::metadata(path)?))
    }
}

impl Stat {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { identity: Identity::of(metadata), len: metadata.len() }
    }
}

impl DiskFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    #[cfg(target_os = "linux")]
    fn read_cached_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = preadv2(self, &mut [IoSliceMut::new(buffer)], offset, ReadWriteFlags::NOWAIT);
        read.map_err(|error| match error {
            // Some file systems can't tell.
            Errno::OPNOTSUPP | Errno::NOSYS => io::ErrorKind::WouldBlock.into(),
            error => error.into(),
        })
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Stat::of(&self.metadata()?).identity)
    }
}

/// Reads exactly as many bytes as the buffer holds.
pub fn read_exact_at(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    read_all(buffer, offset, |buffer, offset| file.read_at(buffer, offset))
}

/// The same of what the machine has in memory (see [`DiskFile::read_cached_at`]).
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

/// Copies a range of a file to the same place in another, or in the same one: what is written again
/// is there to be synced again.
pub fn copy(from: &dyn DiskFile, to: &dyn DiskFile, range: Range<u64>) -> io::Result<()> {
    const CHUNK: usize = 1 << 20;
    let chunk = |len| usize::try_from(len).map_or(CHUNK, |len: usize| len.min(CHUNK));
    let mut offset = range.start;
    let mut buffer = vec![0; chunk(range.end.saturating_sub(offset))];
    while offset < range.end {
        let count = chunk(range.end - offset);
        read_exact_at(from, &mut buffer[..count], offset)?;
        to.write_all_at(&buffer[..count], offset)?;
        offset += count as u64;
    }
    Ok(())
}

/// Reads a whole file; none where it doesn't exist.
pub fn read_if_exists(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, Open::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; len];
    read_exact_at(&*file, &mut bytes, 0)?;
    Ok(Some(bytes))
}

/// The path at which [`replace`] prepares a file's next contents.
pub fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Replaces a file so that, after a crash at any moment, either the old or the new contents are
/// there, whole; the new ones for certain once this has returned. An existing file keeps its owner,
/// mode and attributes, as far as the system allows.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_path(path);
    let file = disk.open(&temporary, Open::Truncate)?;
    file.write_all_at(bytes, 0)?;
    finish_replacement(disk, &*file, &temporary, path)
}

/// The second half of [`replace`], for a file that was written by other means.
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

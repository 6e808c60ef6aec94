use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

use super::{DiskFile, read_all};

/// The bytes of a file that nothing changes any more.
pub struct FileBytes(Kind);

enum Kind {
    /// The system reads them when they are used, and may take the memory back.
    Mapped(Mmap),
    Copied(Vec<u8>),
}

impl FileBytes {
    /// Reads a whole file into memory.
    pub(super) fn copied(file: &(impl DiskFile + ?Sized)) -> io::Result<Self> {
        let len = usize::try_from(DiskFile::len(file)?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; len];
        read_all(&mut bytes, 0, |buffer, offset| DiskFile::read_at(file, buffer, offset))?;
        Ok(Self(Kind::Copied(bytes)))
    }

    /// Maps a file into memory. Reads it if the file system supports no maps.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the bytes must not change while they are borrowed. The file is in a folder that only Goldstar's user
        // can use and that one server locks, and Goldstar only renames or removes a file that it has written
        // completely. If somebody else truncates it, the system kills the process, as it does when the disk cannot be
        // read: nothing that was committed depends on the map.
        #[allow(unsafe_code)]
        let mapped = unsafe { Mmap::map(file) };
        match mapped {
            Ok(map) => Ok(Self(Kind::Mapped(map))),
            Err(_) => Self::copied(file),
        }
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Mapped(map) => map,
            Kind::Copied(bytes) => bytes,
        }
    }
}

impl fmt::Debug for FileBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.len())
    }
}

#[cfg(test)]
impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Copied(bytes))
    }
}

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a file that nothing changes any more.
pub struct FileBytes(Kind);

enum Kind {
    /// The system reads them when they are used, and may take the memory back.
    Mapped(Mmap),
    Copied(Vec<u8>),
}

impl FileBytes {
    /// Maps a file. Fails if the file system supports no maps.
    pub(super) fn mapped(file: &File) -> io::Result<Self> {
        // SAFETY: the bytes must not change while they are borrowed. The file is in a folder that only Goldstar's user
        // can use and that one server locks, and Goldstar only renames or removes a file that it has written
        // completely. If somebody else truncates it, the system kills the process, as it does when the disk cannot be
        // read: nothing that was committed depends on the map.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(file) };
        map.map(|map| Self(Kind::Mapped(map)))
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

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Copied(bytes))
    }
}

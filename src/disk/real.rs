use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
#[cfg(target_os = "linux")]
use std::io::IoSliceMut;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::sync::Arc;

#[cfg(target_os = "linux")]
use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
#[cfg(target_os = "linux")]
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::{
    Disk, DiskFile, FileBytes, Identity, Open, Stat, attributes, owner, read_whole, regular,
    tolerance,
};

/// The machine's file system.
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
            created => {
                created?;
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
        // Not the times: after they are read, the next write stores a new time in the inode, which
        // on some file systems makes every `fdatasync` write the inode, too.
        let fields = StatxFlags::INO | StatxFlags::SIZE;
        match statx(CWD, path, AtFlags::empty(), fields) {
            Ok(found) => {
                let device = makedev(found.stx_dev_major, found.stx_dev_minor);
                Ok(Stat { identity: Identity(device, found.stx_ino), len: found.stx_size })
            }
            // An old kernel, or a container that forbids the call.
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
            // Not every file system supports it.
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

    fn bytes(&self) -> io::Result<FileBytes> {
        FileBytes::mapped(self).or_else(|_| read_whole(self).map(FileBytes::from))
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Stat::of(&self.metadata()?).identity)
    }
}

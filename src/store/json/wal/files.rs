//! The files of the journal's folder.

use std::io;
use std::path::{Path, PathBuf};

use super::segment::{self, MAX_NUMBER};
use crate::disk::{Disk, Open};

const EXTENSION: &str = ".journal";

/// The file of a segment.
pub(crate) fn path(folder: &Path, epoch: u64) -> PathBuf {
    folder.join(file_name(epoch))
}

fn file_name(epoch: u64) -> String {
    format!("{epoch:020}{EXTENSION}")
}

/// The epochs of the segments that are there, in order; none where no journal was ever begun.
pub(crate) fn epochs(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u64>> {
    let names = match disk.file_names(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    // What only looks like a segment is nobody's.
    let epoch = |name: &String| {
        let epoch = name.strip_suffix(EXTENSION)?.parse().ok()?;
        (epoch <= MAX_NUMBER && *name == file_name(epoch)).then_some(epoch)
    };
    Ok(names.iter().filter_map(epoch).collect())
}

/// Removes every segment before `epoch`. The removal is not yet durable, which harms nobody: what is
/// left of it is known by its epoch.
pub(crate) fn remove_before(disk: &dyn Disk, folder: &Path, epoch: u64) -> io::Result<()> {
    for old in epochs(disk, folder)?.into_iter().filter(|other| *other < epoch) {
        disk.remove(&path(folder, old))?;
    }
    Ok(())
}

/// Writes every segment from `epoch` on anew, as it is, and syncs it. What a killed process wrote may
/// be in the machine's memory alone, where a sync that failed before isn't made good by another one;
/// and nothing may rest on a batch that a loss of power could still take away.
pub(crate) fn secure(disk: &dyn Disk, folder: &Path, epoch: u64) -> io::Result<()> {
    for epoch in epochs(disk, folder)?.into_iter().filter(|other| *other >= epoch) {
        let path = path(folder, epoch);
        let bytes = segment::read_file(&*disk.open(&path, Open::Read)?)?;
        crate::disk::replace(disk, &path, &bytes)?;
    }
    Ok(())
}

//! The segment files in the folder `journal`.

use std::io;
use std::path::{Path, PathBuf};

use super::segment::{self, MAX_NUMBER};
use crate::disk::{Disk, Open};

const EXTENSION: &str = ".journal";

/// The path of a segment.
pub(crate) fn path(folder: &Path, epoch: u64) -> PathBuf {
    folder.join(file_name(epoch))
}

fn file_name(epoch: u64) -> String {
    format!("{epoch:020}{EXTENSION}")
}

/// The epochs of the existing segments, in order; empty if the folder does not exist.
pub(crate) fn epochs(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u64>> {
    let names = match disk.file_names(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    // A name that only resembles a segment's is ignored.
    let epoch = |name: &String| {
        let epoch = name.strip_suffix(EXTENSION)?.parse().ok()?;
        (epoch <= MAX_NUMBER && *name == file_name(epoch)).then_some(epoch)
    };
    Ok(names.iter().filter_map(epoch).collect())
}

/// Removes every segment before `epoch`. The removal is not durable yet, which does no harm: a
/// start ignores older epochs.
pub(crate) fn remove_before(disk: &dyn Disk, folder: &Path, epoch: u64) -> io::Result<()> {
    for old in epochs(disk, folder)?.into_iter().filter(|other| *other < epoch) {
        disk.remove(&path(folder, old))?;
    }
    Ok(())
}

/// Rewrites every segment from `epoch` on and syncs it. The writes of a killed process may be in
/// the machine's memory only, and a later sync does not repair a failed one. Nothing may depend on
/// a batch that a power cut could still remove.
pub(crate) fn secure(disk: &dyn Disk, folder: &Path, epoch: u64) -> io::Result<()> {
    for epoch in epochs(disk, folder)?.into_iter().filter(|other| *other >= epoch) {
        let path = path(folder, epoch);
        let bytes = segment::read_file(&*disk.open(&path, Open::Read)?)?;
        crate::disk::replace(disk, &path, &bytes)?;
    }
    Ok(())
}

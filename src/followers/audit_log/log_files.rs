//! The log files as a backup reads them while lines are written.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::follower::AuditFollower;
use super::{DeletionLog, is_own_file, tail};
use crate::disk::{Disk, DiskFile, Open};

/// All logs in a folder.
pub struct LogFiles {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// What writes them.
    follower: Option<Arc<AuditFollower>>,
}

/// A file, and the number of its bytes that belong to the backup.
pub struct LogFile {
    pub name: String,
    pub file: Arc<dyn DiskFile>,
    pub len: u64,
}

/// The logs of one account: the name of the newest file, and the largest number of a rotated one.
pub type Rotated = (String, u32);

impl LogFiles {
    /// The logs in `folder`, which `follower` writes.
    pub fn new(disk: Arc<dyn Disk>, folder: PathBuf, follower: Option<Arc<AuditFollower>>) -> Self {
        Self { disk, folder, follower }
    }

    /// The logs that exist, and about how many bytes they have. Blocks.
    pub fn list(&self) -> io::Result<(Vec<Rotated>, u64)> {
        let names = match self.disk.file_names(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            names => names?,
        };
        let (mut logs, mut bytes) = (BTreeMap::<String, u32>::new(), 0);
        for name in names {
            if !is_own_file(&name) && !name.starts_with(DeletionLog::FILE_NAME) {
                continue;
            }
            bytes += self.disk.stat(&self.folder.join(&name)).map_or(0, |found| found.len) + 2048;
            let rotated = name.rsplit_once(".log.");
            let rotated = rotated.and_then(|(base, number)| Some((base, number.parse().ok()?)));
            let (base, number) =
                rotated.map_or((name.clone(), 0), |(base, number)| (format!("{base}.log"), number));
            let last = logs.entry(base).or_default();
            *last = number.max(*last);
        }
        Ok((logs.into_iter().collect(), bytes))
    }

    /// The files of one account, without the lines of later events. Blocks.
    pub fn open(
        &self,
        rotated: &Rotated,
        is_later: &dyn Fn(&str) -> io::Result<bool>,
    ) -> io::Result<Vec<LogFile>> {
        let open = || self.open_all(rotated);
        // A rotation between two of them would hide lines.
        let mut files = match &self.follower {
            Some(follower) => follower.between_lines(open)?,
            None => open()?,
        };
        for log in &mut files {
            let whole = log.len;
            if !log.name.starts_with(DeletionLog::FILE_NAME) {
                log.len = tail::len_before(&*log.file, whole, is_later)?;
            }
            if log.len > 0 {
                break;
            }
        }
        files.retain(|log| log.len > 0);
        Ok(files)
    }

    /// The newest first.
    fn open_all(&self, (base, last): &Rotated) -> io::Result<Vec<LogFile>> {
        let mut files = Vec::new();
        for number in 0.. {
            let name = if number == 0 { base.clone() } else { format!("{base}.{number}") };
            match self.disk.open(&self.folder.join(&name), Open::Read) {
                // A rotation may have added one since the list was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound && number > *last => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                file => {
                    let file = file?;
                    files.push(LogFile { name, len: file.len()?, file });
                }
            }
        }
        Ok(files)
    }
}

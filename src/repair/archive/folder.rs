//! The directory of the backups that a server makes on a schedule.

use std::cmp::Reverse;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::begun::Begun;
use super::error::ArchiveError;
use super::read::Archive;
use crate::disk::{Disk, DiskFile, NewFile, Open, is_missing, require_space};
use crate::domain::Timestamp;
use crate::store::json::progress::Progress;

const PREFIX: &str = "goldstar-";
const SUFFIX: &str = "Z.tar";
/// The length of the time in a name: `2026-02-09T18-42-15`.
const TIME: usize = 19;

/// A directory of backups. The name of each contains the time at which it began:
/// `goldstar-2026-02-09T18-42-15Z.tar`. A file with such a name is complete and was verified. Other files are
/// not touched.
pub struct BackupFolder {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    /// How many backups are kept.
    keep: usize,
}

impl BackupFolder {
    pub fn new(disk: Arc<dyn Disk>, directory: PathBuf, keep: usize) -> Self {
        Self { disk, directory, keep }
    }

    /// When the newest backup began; `None` if there is none. Blocks.
    ///
    /// One from after `now` was made while the clock was wrong, and does not count.
    pub fn newest(&self, now: Timestamp) -> io::Result<Option<Timestamp>> {
        let names = self.names()?;
        let times = names.iter().filter_map(|name| time_of(name));
        Ok(times.filter(|time| *time <= now).max())
    }

    /// When the backups began, and how many bytes each has, the newest first. Blocks.
    pub fn list(&self) -> io::Result<Vec<(Timestamp, u64)>> {
        let mut backups = Vec::new();
        for name in self.names()? {
            let Some(time) = time_of(&name) else { continue };
            match self.disk.stat(&self.directory.join(name)) {
                Ok(stat) => backups.push((time, stat.len)),
                // It was removed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        backups.sort_unstable_by_key(|(time, _)| Reverse(*time));
        Ok(backups)
    }

    /// Opens the backup that began at that time, one of [`list`](Self::list); `None` if there is none. Blocks.
    pub fn open(&self, began_at: Timestamp) -> io::Result<Option<Arc<dyn DiskFile>>> {
        match self.disk.open(&self.directory.join(name_at(began_at)), Open::Read) {
            Ok(file) => Ok(Some(file)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the backup that began at that time as a restore does. Fails if it is damaged. Blocks.
    pub fn verify(&self, began_at: Timestamp, now: Timestamp) -> Result<(), ArchiveError> {
        verified(&self.directory.join(name_at(began_at)), now)
    }

    /// Writes an archive, verifies it, and gives it its name. Blocks.
    ///
    /// A backup that fails, or is stopped while it is written, leaves nothing. If the process ends during the
    /// verification, a partial file remains, which the next backup removes.
    pub fn store(
        &self,
        begun: Begun,
        now: Timestamp,
        is_stopped: impl Fn() -> bool,
    ) -> Result<PathBuf, ArchiveError> {
        self.disk.create_dir(&self.directory).map_err(ArchiveError::Write)?;
        self.remove_interrupted().map_err(ArchiveError::Write)?;
        require_space(&self.directory, begun.bytes()).map_err(ArchiveError::Write)?;
        let mut new = NewFile::begin(Arc::clone(&self.disk), self.directory.join(name_at(now)))?;
        begun.write(&mut Stoppable { out: &mut new, is_stopped })?;
        new.sync()?;
        verified(new.partial(), now).map_err(ArchiveError::of_new_backup)?;
        Ok(new.finish()?)
    }

    /// Removes what a killed server has left.
    fn remove_interrupted(&self) -> io::Result<()> {
        for name in self.names()? {
            let complete = name.strip_suffix(NewFile::SUFFIX);
            if complete.and_then(time_of).is_some() {
                self.disk.remove(&self.directory.join(name))?;
            }
        }
        Ok(())
    }

    /// Removes the oldest backups beyond the number that is kept. Blocks.
    pub fn remove_oldest(&self, now: Timestamp) -> Result<(), ArchiveError> {
        let unremoved = |error| ArchiveError::OldBackup(error);
        let names = self.names().map_err(unremoved)?;
        for name in beyond(names, self.keep, now) {
            self.disk.remove(&self.directory.join(name)).map_err(unremoved)?;
        }
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        match self.disk.file_names(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names,
        }
    }
}

fn verified(path: &Path, now: Timestamp) -> Result<(), ArchiveError> {
    Archive::open(path)?.examine(now, &Progress::silent()).map(|_| ())
}

/// The names of the backups beyond the `keep` newest ones. Those from after `now` were made while the clock
/// was wrong, and count as the oldest: they must not replace the newest one.
fn beyond(names: Vec<String>, keep: usize, now: Timestamp) -> Vec<String> {
    let mut backups: Vec<(bool, Timestamp, String)> = names
        .into_iter()
        .filter_map(|name| time_of(&name).map(|time| (time > now, time, name)))
        .collect();
    backups.sort_unstable_by_key(|(is_ahead, time, _)| (*is_ahead, Reverse(*time)));
    backups.into_iter().skip(keep).map(|(_, _, name)| name).collect()
}

fn name_at(time: Timestamp) -> String {
    let time: String = time.to_string().chars().take(TIME).collect();
    format!("{PREFIX}{}{SUFFIX}", time.replace(':', "-"))
}

/// The time in the name of a backup; `None` for another file.
fn time_of(name: &str) -> Option<Timestamp> {
    let time = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let (date, clock) = time.split_once('T')?;
    let parsed = Timestamp::parse_iso(&format!("{date}T{}Z", clock.replace('-', ":")))?;
    (name_at(parsed) == name).then_some(parsed)
}

/// Fails once it is stopped.
struct Stoppable<'a, W, S> {
    out: &'a mut W,
    is_stopped: S,
}

impl<W: Write, S: Fn() -> bool> Write for Stoppable<'_, W, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.is_stopped)() {
            return Err(io::Error::other("the server is stopping"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_contains_the_time() {
        let time = Timestamp::parse_iso("2026-02-09T18:42:15.123456Z").unwrap();
        let name = "goldstar-2026-02-09T18-42-15Z.tar";
        assert_eq!(name_at(time), name);
        assert_eq!(time_of(name), Timestamp::parse_iso("2026-02-09T18:42:15Z"));
        for other in [
            "goldstar-2026-02-09T18-42-15Z.tar.partial",
            "goldstar-2026-02-09T18:42:15Z.tar",
            "goldstar-2026-02-09.tar",
            "goldstar-2026-02-30T18-42-15Z.tar",
            "goldstar-.tar",
            "backup.tar",
        ] {
            assert_eq!(time_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_newest_backups_are_kept() {
        let now = Timestamp::parse_iso("2026-02-09T18:42:15Z").unwrap();
        let days =
            ["07", "10", "08", "09"].map(|day| format!("goldstar-2026-02-{day}T00-00-00Z.tar"));
        let names = || days.iter().cloned().chain(["other.tar".to_owned()]).collect::<Vec<_>>();
        assert_eq!(beyond(names(), 4, now), [""; 0]);
        assert_eq!(beyond(names(), 2, now), [&*days[0], &days[1]]);
        assert_eq!(beyond(names(), 1, now), [&*days[2], &days[0], &days[1]]);
    }
}

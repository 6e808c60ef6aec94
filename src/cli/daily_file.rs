//! The daily files of the server log.

use std::fs::{self, File};
use std::io::{self, Write};
use std::mem;
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Clock;
use crate::disk::{Disk, NONBLOCK, RealDisk, give_to_owner_of};
use crate::domain::Timestamp;

/// Appends lines to `goldstar.<date>.log`, a new file from each midnight (UTC) on, and keeps a number
/// of these files. It never touches another file in the directory.
///
/// A line that can't be written is lost. The log, which also goes to the standard error output, says
/// when that begins and when it ends.
pub(super) struct DailyFile {
    directory: PathBuf,
    /// How many are kept.
    files: NonZeroUsize,
    clock: Clock,
    /// The name of the newest file.
    name: String,
    /// `None` after an error: the next line opens the file again.
    file: Option<File>,
    /// Whether another program has moved the file.
    is_moved: Arc<AtomicBool>,
    /// The lines that were lost since the last one that was written.
    lost: u64,
}

impl DailyFile {
    /// Opens or creates today's file, and removes the oldest ones beyond `files`. Creates the directory
    /// if it doesn't exist.
    ///
    /// While `is_moved` is set, the next line opens the file again, and resets it.
    pub(super) fn open(
        directory: &Path,
        files: NonZeroUsize,
        clock: Clock,
        is_moved: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        RealDisk.create_dir(directory)?;
        let name = name_at(clock.now());
        let file = Some(open(&directory.join(&name))?);
        let directory = directory.to_owned();
        let daily = Self { directory, files, clock, name, file, is_moved, lost: 0 };
        daily.prune()?;
        Ok(daily)
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let file = self.today()?;
        append(&file, line)?;
        self.file = Some(file);
        Ok(())
    }

    fn today(&mut self) -> io::Result<File> {
        let name = name_at(self.clock.now());
        let is_moved = self.is_moved.swap(false, Ordering::Relaxed);
        if name == self.name
            && !is_moved
            && let Some(file) = self.file.take()
        {
            return Ok(file);
        }
        let file = open(&self.directory.join(&name))?;
        if name != self.name {
            self.name = name;
            if let Err(error) = self.prune() {
                tracing::warn!(%error, "old daily files of the server log can't be removed");
            }
        }
        Ok(file)
    }

    /// Removes the oldest files beyond those that are kept. Today's file is always kept, even if a
    /// clock that was wrong has left files of later days.
    fn prune(&self) -> io::Result<()> {
        let mut others = RealDisk.file_names(&self.directory)?;
        others.retain(|name| is_daily(name) && *name != self.name);
        // Sorted by name, they are sorted by date.
        let kept = self.files.get() - 1;
        for name in &others[..others.len().saturating_sub(kept)] {
            fs::remove_file(self.directory.join(name))?;
        }
        Ok(())
    }
}

impl Write for DailyFile {
    /// Writes a whole line, or nothing of it. Never fails.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.append(line) {
            Ok(()) => {
                let lost = mem::take(&mut self.lost);
                if lost > 0 {
                    tracing::warn!(lost, "the daily file of this log is written again");
                }
            }
            Err(error) => {
                self.lost += 1;
                if self.lost == 1 {
                    tracing::error!(%error, "the daily file of this log can't be written");
                }
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    // For its owner alone, whatever the umask. A pipe that nobody reads is an error: otherwise the
    // start would wait for a reader.
    options.append(true).mode(0o600).custom_flags(NONBLOCK);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            options.create(true).open(path)
        }
        created => {
            let created = created?;
            give_to_owner_of(path.parent().unwrap_or(Path::new("")), &created);
            Ok(created)
        }
    }
}

fn append(mut file: &File, line: &[u8]) -> io::Result<()> {
    let end = file.metadata()?.len();
    file.write_all(line).inspect_err(|_| {
        // The next line must not follow a torn one.
        if let Err(error) = file.set_len(end) {
            tracing::debug!(%error, "a torn line stays in the daily file of this log");
        }
    })
}

fn name_at(time: Timestamp) -> String {
    let time = time.to_string();
    let date = time.split('T').next().unwrap_or_default();
    format!("goldstar.{date}.log")
}

/// Whether it is the name of a daily file, and not of a file that merely resembles one.
fn is_daily(name: &str) -> bool {
    let date = name.strip_prefix("goldstar.").and_then(|rest| rest.strip_suffix(".log"));
    let day = date.and_then(Timestamp::parse_date);
    day.is_some_and(|day| name_at(day) == name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const FILES: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    fn at(time: &str) -> i64 {
        Timestamp::parse_iso(time).unwrap().as_micros()
    }

    fn names(folder: &Path) -> Vec<String> {
        RealDisk.file_names(folder).unwrap()
    }

    #[test]
    fn a_new_file_begins_at_midnight_and_the_oldest_one_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("goldstar.access.log"), "another's").unwrap();
        let micros = Arc::new(AtomicI64::new(at("2026-02-27T12:00:00Z")));
        let clock = Clock::manual(Arc::clone(&micros));
        let mut daily = DailyFile::open(folder.path(), FILES, clock, Arc::default()).unwrap();
        for (time, line) in [
            ("2026-02-27T23:59:59.999999Z", "a\n"),
            ("2026-02-28T00:00:00Z", "b\n"),
            ("2026-02-28T23:59:59Z", "c\n"),
            ("2026-03-01T00:00:00Z", "d\n"),
        ] {
            micros.store(at(time), Ordering::Relaxed);
            daily.write_all(line.as_bytes()).unwrap();
        }
        let kept = ["goldstar.2026-02-28.log", "goldstar.2026-03-01.log", "goldstar.access.log"];
        assert_eq!(names(folder.path()), kept);
        let text = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((&*text(kept[0]), &*text(kept[1])), ("b\nc\n", "d\n"));
    }

    #[test]
    fn a_clock_that_was_ahead_loses_no_line() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["goldstar.2030-01-01.log", "goldstar.2030-01-02.log"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let clock = Clock::manual(Arc::new(AtomicI64::new(at("2026-03-01T00:00:00Z"))));
        let mut daily = DailyFile::open(folder.path(), FILES, clock, Arc::default()).unwrap();
        daily.write_all(b"a\n").unwrap();
        assert_eq!(names(folder.path()), ["goldstar.2026-03-01.log", "goldstar.2030-01-02.log"]);
    }

    #[test]
    fn a_file_that_was_moved_is_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Arc::new(AtomicI64::new(at("2026-03-01T00:00:00Z"))));
        let is_moved = Arc::new(AtomicBool::new(false));
        let mut daily =
            DailyFile::open(folder.path(), FILES, clock, Arc::clone(&is_moved)).unwrap();
        let path = folder.path().join("goldstar.2026-03-01.log");
        let moved = folder.path().join("moved");
        daily.write_all(b"a\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        daily.write_all(b"b\n").unwrap();
        is_moved.store(true, Ordering::Relaxed);
        daily.write_all(b"c\n").unwrap();
        daily.write_all(b"d\n").unwrap();
        let texts = [moved, path].map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(texts, ["a\nb\n", "c\nd\n"]);
    }

    #[test]
    fn lost_lines_are_reported_once_and_the_file_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("goldstar.2026-03-01.log");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let clock = Clock::manual(Arc::new(AtomicI64::new(at("2026-03-01T00:00:00Z"))));
        let mut daily = DailyFile::open(folder.path(), FILES, clock, Arc::default()).unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(log.reopen().unwrap());
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        tracing::subscriber::with_default(lines, || {
            for line in ["a\n", "b\n"] {
                daily.write_all(line.as_bytes()).unwrap();
            }
            fs::remove_file(&path).unwrap();
            for line in ["c\n", "d\n"] {
                daily.write_all(line.as_bytes()).unwrap();
            }
        });
        assert_eq!(fs::read_to_string(path).unwrap(), "c\nd\n");
        let said = fs::read_to_string(log).unwrap();
        let said: Vec<_> = said.lines().collect();
        let [failing, works] = said[..] else { panic!("{said:?}") };
        assert!(failing.contains("can't be written") && failing.contains("No space"), "{failing}");
        assert!(works.contains("written again") && works.contains("lost=2"), "{works}");
    }

    #[test]
    fn a_daily_file_has_a_date_in_its_name() {
        for (name, is_one) in [
            ("goldstar.2026-02-28.log", true),
            ("goldstar.2026-02-30.log", false),
            ("goldstar.+2026-2-28.log", false),
            ("goldstar.2026-02-28.log.gz", false),
            ("goldstar.access.log", false),
            ("goldstar.log", false),
            ("my-goldstar.2026-02-28.log", false),
        ] {
            assert_eq!(is_daily(name), is_one, "{name}");
        }
    }
}

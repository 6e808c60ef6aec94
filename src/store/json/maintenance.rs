use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::damage::written_by_another;
use super::jobs::{Cut, Job, Synced, Wake};
use super::lock::DirectoryLock;
use super::saving::{SavedRows, When};
use super::shared::Shared;
use super::tinydb::file::{FileChecksum, TableFile, TableFiles};
use super::wal::checkpoint::Checkpoint;
use super::wal::entry::Entry;
use super::wal::files;
use super::wal::prepared::Spare;
use crate::disk::{Disk, DiskFile, is_missing, read_if_exists, replace};
use crate::memory;

/// The shortest pause between two writes of the tables.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// Writing the tables takes at most one part in this many of the time.
const SHARE: u32 = 20;
/// The files and folders are checked this often, even if there is nothing to do.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// After a failure the pause doubles up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The thread that writes the small tables' files, and makes checkpoints.
pub(crate) struct Maintenance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Arc<dyn Disk>,
    /// The data directory, and the folder `journal`.
    pub(crate) data: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) jobs: Sender<Job>,
    /// The version of each table in its file, and that file's checksum.
    pub(crate) files: TableFiles,
    /// The state of the files at the last checkpoint.
    pub(crate) synced: Synced,
    /// A checkpoint is made once the current segment is this long.
    pub(crate) checkpoint_bytes: u64,
    pub(crate) saved: SavedRows,
    pub(crate) changed: Arc<AtomicBool>,
    /// The directory stays locked while this thread may write to it.
    pub(crate) lock: DirectoryLock,
}

impl Maintenance {
    /// Runs until the store is closed.
    pub(crate) fn run(mut self, wakes: &Receiver<Wake>) {
        let (mut is_due, mut failures) = (false, 0_u32);
        let (mut not_before, mut look_at) = (Instant::now(), Instant::now());
        // What the start has freed, and soon what is written right after it.
        memory::return_free();
        let mut has_worked = false;
        loop {
            if look_at <= Instant::now() {
                self.look();
                look_at = Instant::now() + LOOK_INTERVAL;
            }
            let next = if is_due { look_at.min(not_before) } else { look_at };
            let wake = wakes.recv_timeout(next.saturating_duration_since(Instant::now()));
            match wake {
                Ok(Wake::Changed) => is_due = true,
                Ok(Wake::SyncTracking(file)) => {
                    if let Err(error) = caught(|| self.sync_tracking(&*file)) {
                        tracing::warn!(%error, "the tracking file could not be synced");
                    }
                }
                Ok(Wake::Purge(answer)) => {
                    if answer.send(caught(|| self.purge())).is_err() {
                        tracing::debug!("the caller no longer waits for the purge");
                    }
                }
                Ok(Wake::Erasures(erased, now, answer)) => {
                    let list = caught(|| self.update_erasures(erased.as_ref(), now));
                    if answer.send(list).is_err() {
                        tracing::debug!("the caller no longer waits for the erasure list");
                    }
                }
                Ok(Wake::Close(done)) => {
                    let result = caught(|| self.close());
                    // The directory is unlocked before `done` is called.
                    drop(self);
                    return done(result);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if !is_due || Instant::now() < not_before => {}
                Err(RecvTimeoutError::Timeout) => {
                    let started = Instant::now();
                    is_due = !self.work();
                    if !mem::replace(&mut has_worked, true) {
                        memory::return_free();
                    }
                    failures = if is_due { failures.saturating_add(1) } else { 0 };
                    let pause = match failures {
                        0 => SHORTEST_PAUSE.max(started.elapsed() * SHARE),
                        _ => LONGEST_PAUSE.min(SHORTEST_PAUSE * 2_u32.saturating_pow(failures)),
                    };
                    not_before = Instant::now() + pause;
                }
            }
        }
    }

    /// Checks that the directory, its lock and the older segments are in their place. The committer
    /// checks the current segment.
    fn look(&mut self) {
        if self.shared.check_not_lost().is_err() {
            return;
        }
        if let Err(what) = self.lock.check() {
            return self.shared.lose(what);
        }
        for epoch in self.shared.epochs() {
            let found = self.disk.stat(&files::path(&self.folder, epoch));
            if found.is_err_and(|error| is_missing(&error)) {
                self.shared.lose("a file of the journal was removed or moved");
            }
        }
    }

    /// Fails if writes would go to another directory than the locked one.
    pub(super) fn check_in_place(&mut self) -> io::Result<()> {
        self.look();
        self.shared.check_not_lost()
    }

    /// Brings the files up to date; returns false if something must be tried again.
    fn work(&mut self) -> bool {
        // Before the state is read: later changes must wake this thread again.
        self.changed.store(false, Ordering::Release);
        // A panic is retried like an error.
        let flushed = caught(|| self.flush());
        self.note(&flushed);
        if flushed.is_err() || self.shared.segment_len() < self.checkpoint_bytes {
            return flushed.is_ok();
        }
        // Commits continue during this, and not during the checkpoint.
        let spare = match caught(|| Spare::new(&*self.disk, &self.folder, self.checkpoint_bytes)) {
            Ok(spare) => Some(spare),
            Err(error) => {
                tracing::debug!(%error, "no spare journal file could be prepared");
                None
            }
        };
        match caught(|| self.checkpoint(spare)) {
            Ok(cut) => {
                self.save_index(&cut, When::Running);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "no checkpoint could be made; the journal is kept");
                false
            }
        }
    }

    /// Replaces the file of each changed table, except those that another program has written
    /// meanwhile.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.check_in_place()?;
        let state = self.shared.state.load_full();
        let mut changed = Vec::new();
        let mut notes = String::new();
        // A file that cannot be written must not prevent the others.
        let mut result = Ok(());
        for table in state.tables() {
            let (file, version) = (table.file(), table.version());
            if self.files.get(file).is_some_and(|known| known.version == version) {
                continue;
            }
            if let Err(error) = self.check_own(file) {
                result = Err(error);
                continue;
            }
            let text = table.file_text();
            let checksum = FileChecksum::of(text.as_bytes());
            Entry::Flush { file, checksum }.push(&mut notes);
            changed.push((file, text, TableFile::known(version, Some(checksum))));
        }
        if changed.is_empty() {
            return result;
        }
        // After a crash, a file that is neither in the checkpoint nor in a `flush` entry is another
        // program's.
        self.ask(|answer| Job::Note(notes, answer))?;
        for (file, text, contents) in changed {
            self.check_in_place()?;
            match caught(|| replace(&*self.disk, &self.data.join(file), text.as_bytes())) {
                Ok(()) => _ = self.files.insert(file, contents),
                Err(error) => {
                    if let Some(known) = self.files.get_mut(file) {
                        known.attempted = contents.checksum;
                    }
                    result = Err(error);
                }
            }
        }
        result
    }

    /// Fails if a table's file is not as this store has read or written it: another program's
    /// contents would be lost. A missing file has none.
    fn check_own(&mut self, file: &'static str) -> io::Result<()> {
        let path = self.data.join(file);
        let Some(bytes) = read_if_exists(&*self.disk, &path)? else { return Ok(()) };
        let found = Some(FileChecksum::of(&bytes));
        match self.files.get_mut(file) {
            Some(known) if found == known.checksum => Ok(()),
            Some(known) if found == known.attempted => {
                known.checksum = found;
                Ok(())
            }
            _ => Err(written_by_another(&path)),
        }
    }

    /// Syncs all files, writes a checkpoint, and removes the older log. Returns the point from
    /// which the log is still needed.
    fn checkpoint(&mut self, spare: Option<Spare>) -> io::Result<Cut> {
        let cut = self.ask(|answer| Job::Cut(spare, answer))?;
        self.flush()?;
        self.sync_tracking(&*cut.file)?;
        let cursors = self.shared.follow.cursors();
        let checkpoint = Checkpoint::new(cut.link, cut.tracking.mark, &self.files, cursors);
        self.check_in_place()?;
        checkpoint.save(&*self.disk, &self.folder)?;
        self.synced = Synced { link: checkpoint.link(), tracking: checkpoint.tracking() };
        self.remove_segments_before(self.synced.link.epoch)?;
        Ok(cut)
    }

    /// Syncs the tracking file. After a failure no later sync is trusted: the file is rewritten.
    fn sync_tracking(&self, file: &dyn DiskFile) -> io::Result<()> {
        let synced = file.sync();
        if synced.is_err() && self.jobs.send(Job::RewriteTracking(self.synced)).is_err() {
            tracing::debug!("the committer has ended");
        }
        synced
    }

    /// Removes every frame, file and note with removed contents.
    fn purge(&mut self) -> io::Result<()> {
        self.check_in_place()?;
        self.saved.remove(&*self.disk, &self.folder)?;
        let flushed = self.flush();
        self.note(&flushed);
        flushed?;
        // As in `close`: after a failed sync the file is rewritten.
        self.checkpoint(None).or_else(|_| self.checkpoint(None))?;
        self.disk.sync_dir(&self.folder)
    }

    /// Writes all files after the last commit, and removes the log. After that, other programs may
    /// change the files.
    fn close(&mut self) -> io::Result<()> {
        let ended = |_| io::Error::other("the committer has ended");
        // There must be no commit after the last checkpoint: its log is removed.
        self.jobs.send(Job::Refuse).map_err(ended)?;
        // After a failed sync the file is rewritten, so a second attempt is useful.
        let cut = self.checkpoint(None).or_else(|_| self.checkpoint(None));
        self.jobs.send(Job::Stop).map_err(ended)?;
        let cut = cut?;
        self.remove_segments_before(cut.link.epoch + 1)?;
        self.shared.follow.end_notes()?;
        self.save_index(&cut, When::Closing);
        self.disk.sync_dir(&self.folder)
    }

    /// Saves the index of the history. A failure does no harm: the next start reads the history itself.
    fn save_index(&mut self, cut: &Cut, when: When) {
        let saved = caught(|| {
            self.check_in_place()?;
            let (disk, folder, tracking) = (&*self.disk, &*self.folder, &*self.shared.tracking);
            self.saved.save(disk, folder, tracking, (cut, when))
        });
        if let Err(error) = saved {
            tracing::warn!(%error, "the index of the history could not be saved; the next start takes longer");
        }
    }

    fn remove_segments_before(&mut self, epoch: u64) -> io::Result<()> {
        self.check_in_place()?;
        files::remove_before(&*self.disk, &self.folder, epoch)?;
        self.shared.forget_segments_before(epoch);
        Ok(())
    }

    fn ask<T>(&self, job: impl FnOnce(SyncSender<io::Result<T>>) -> Job) -> io::Result<T> {
        let ended = || io::Error::other("the committer has ended");
        let (answer, answered) = sync_channel(1);
        self.jobs.send(job(answer)).map_err(|_| ended())?;
        answered.recv().map_err(|_| ended())?
    }

    fn note(&self, result: &io::Result<()>) {
        let mut tables = self.shared.tables.lock();
        let error = result.as_ref().err().map(ToString::to_string);
        if error.is_some() {
            self.shared.metrics.projection_errors(tables.name).inc();
        }
        if let (Some(error), None) = (&error, &tables.last_error) {
            let data = self.data.display();
            tracing::error!(%data, %error, "the tables can't be written; their changes are in the journal");
        }
        tables.backlog = if error.is_some() { self.outdated() } else { 0 };
        tables.last_error = error;
    }

    /// The number of tables that changed since their file was written.
    fn outdated(&self) -> usize {
        let state = self.shared.state.load();
        let is_outdated =
            |file, version| self.files.get(file).is_none_or(|known| known.version != version);
        let tables = state.tables().into_iter();
        tables.filter(|table| is_outdated(table.file(), table.version())).count()
    }
}

/// What `work` returns; an error if it panics.
fn caught<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let panicked = |_| Err(io::Error::other("it has panicked, which is a bug in the server"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

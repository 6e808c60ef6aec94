//! A disk in memory that distinguishes what is durable from what a process reads, and loses the
//! rest like a machine without power.
//!
//! - The contents of a file are kept as of its last sync and after each later change. After a power
//!   failure, each block of 512 bytes, and the length, is as it was at one of these times,
//!   independently of the others: writes are torn, reordered or lost, and there are holes of zeros.
//! - Of the name changes (a new file, a rename, a removal) since the last sync of their folder, a
//!   power failure keeps the first few.
//! - A sync that fails has either done nothing, or written some blocks and marked the others as
//!   written, so that no later sync writes them.
//! - After a kill, all writes of the process remain; a later power failure can still lose them.
//!
//! Limitations: it does not lose folders, which exist and are durable from the start; it does not
//! reorder name changes; single reads and writes do not fail; synced bytes are not damaged.

// The path is for the fuzz targets, which include this file by its path.
#[path = "lossy_disk/file.rs"]
mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use goldstar::disk::{Disk, DiskFile, Identity, Open, Stat};
use parking_lot::Mutex;

use file::File;

use crate::random::Random;

/// The failures of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    /// The number of changes before the process is killed.
    pub(crate) killed_after: Option<usize>,
    /// The change, counted from 1, that fails if it is a sync.
    pub(crate) failing_sync: Option<usize>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Kill,
    PowerCut,
}

type Names = BTreeMap<PathBuf, u64>;

#[derive(Clone, Debug)]
enum NameChange {
    Put(PathBuf, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl NameChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Put(path, id) => _ = names.insert(path.clone(), *id),
            Self::Rename(from, to) => {
                if let Some(id) = names.remove(from) {
                    names.insert(to.clone(), id);
                }
            }
            Self::Remove(path) => _ = names.remove(path),
        }
    }

    fn is_in(&self, folder: &Path) -> bool {
        let (Self::Put(path, _) | Self::Rename(path, _) | Self::Remove(path)) = self;
        path.parent() == Some(folder)
    }
}

#[derive(Clone, Debug)]
struct State {
    /// Every file that has existed, by its number.
    files: BTreeMap<u64, File>,
    names: Names,
    durable_names: Names,
    unsynced_names: Vec<NameChange>,
    /// The number of changes of this process.
    changes: usize,
    plan: Plan,
    was_killed: bool,
    has_failed_to_sync: bool,
    random: Random,
}

impl State {
    fn change(&mut self) -> io::Result<()> {
        if self.plan.killed_after.is_some_and(|changes| self.changes >= changes) {
            self.was_killed = true;
            return Err(io::Error::other("the process is dead"));
        }
        self.changes += 1;
        Ok(())
    }

    /// Counts a sync as a change; returns false if it must fail.
    fn sync(&mut self) -> io::Result<bool> {
        self.change()?;
        let fails = self.plan.failing_sync == Some(self.changes);
        self.has_failed_to_sync |= fails;
        Ok(!fails)
    }

    fn change_name(&mut self, change: NameChange) -> io::Result<()> {
        self.change()?;
        change.apply(&mut self.names);
        self.unsynced_names.push(change);
        Ok(())
    }

    fn id(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn cut_power(&mut self) {
        let kept = self.random.below(self.unsynced_names.len() + 1);
        for change in self.unsynced_names.drain(..).take(kept) {
            change.apply(&mut self.durable_names);
        }
        self.names = self.durable_names.clone();
        for file in self.files.values_mut() {
            *file = File::of(file.partly_written(&mut self.random));
        }
    }
}

/// The disk for one process.
#[derive(Clone, Debug)]
pub(crate) struct LossyDisk(Arc<Mutex<State>>);

impl LossyDisk {
    /// An empty disk.
    pub(crate) fn new() -> Self {
        Self::with(&BTreeMap::new())
    }

    /// A disk with these files, which are durable.
    pub(crate) fn with(files: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let names: Names = files.keys().cloned().zip(0..).collect();
        Self(Arc::new(Mutex::new(State {
            files: (0..).zip(files.values().cloned().map(File::of)).collect(),
            durable_names: names.clone(),
            names,
            unsynced_names: Vec::new(),
            changes: 0,
            plan: Plan::default(),
            was_killed: false,
            has_failed_to_sync: false,
            random: Random::new(0),
        })))
    }

    /// The disk for the next process. The previous one can no longer change it.
    pub(crate) fn after(&self, end: End, plan: Plan, random: Random) -> Self {
        let state = self.0.lock().clone();
        let (was_killed, has_failed_to_sync) = (false, false);
        let mut state = State { changes: 0, plan, was_killed, has_failed_to_sync, random, ..state };
        match end {
            End::Kill => {}
            End::PowerCut => state.cut_power(),
        }
        Self(Arc::new(Mutex::new(state)))
    }

    /// Rejects further changes of this process.
    pub(crate) fn kill(&self) {
        self.kill_after(0);
    }

    /// Rejects further changes of this process after this number.
    pub(crate) fn kill_after(&self, changes: usize) {
        let mut state = self.0.lock();
        state.plan.killed_after = Some(state.changes.saturating_add(changes));
    }

    /// The files as a process reads them.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.0.lock();
        let contents = |id| state.files[id].contents().to_owned();
        state.names.iter().map(|(path, id)| (path.clone(), contents(id))).collect()
    }

    /// The files whose contents contain a text.
    pub(crate) fn files_with(&self, text: &str) -> Vec<String> {
        let state = self.0.lock();
        let holds = |id: &u64| String::from_utf8_lossy(state.files[id].contents()).contains(text);
        let files = state.names.iter().filter(|(_, id)| holds(id));
        files.map(|(path, _)| path.display().to_string()).collect()
    }

    /// The files whose names contain a text.
    pub(crate) fn files_with_name(&self, text: &str) -> Vec<String> {
        let paths = self.0.lock().names.keys().map(|path| path.display().to_string()).collect();
        let paths: Vec<String> = paths;
        paths.into_iter().filter(|path| path.contains(text)).collect()
    }

    /// Whether something has failed.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.was_killed() || self.has_failed_to_sync()
    }

    /// Whether a change was rejected because the process was killed.
    pub(crate) fn was_killed(&self) -> bool {
        self.0.lock().was_killed
    }

    /// Whether a sync has failed.
    pub(crate) fn has_failed_to_sync(&self) -> bool {
        self.0.lock().has_failed_to_sync
    }
}

impl Disk for LossyDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.0.lock();
        let id = match (state.id(path), how) {
            (Err(_), Open::Create | Open::Append | Open::Truncate) => {
                let id = state.files.len() as u64;
                state.change_name(NameChange::Put(path.to_owned(), id))?;
                state.files.insert(id, File::of(Vec::new()));
                id
            }
            (Ok(id), Open::Truncate) => {
                state.change()?;
                state.files.get_mut(&id).unwrap().set_len(0);
                id
            }
            (id, _) => id?,
        };
        Ok(Arc::new(LossyFile { disk: self.clone(), id }))
    }

    fn copy_attributes(&self, like: &Path, _path: &Path) -> io::Result<()> {
        self.stat(like).map(|_| ())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.id(from)?;
        state.change_name(NameChange::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.id(path)?;
        state.change_name(NameChange::Remove(path.to_owned()))
    }

    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let state = &mut *self.0.lock();
        if !state.sync()? {
            return Err(io::Error::other("the folder's sync failed"));
        }
        for change in state.unsynced_names.extract_if(.., |change| change.is_in(path)) {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }

    fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock();
        let paths = state.names.keys().filter(|name| name.parent() == Some(path));
        let mut names: Vec<_> =
            paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let state = self.0.lock();
        let id = state.id(path)?;
        Ok(Stat { identity: Identity(0, id), len: state.files[&id].contents().len() as u64 })
    }
}

#[derive(Debug)]
struct LossyFile {
    disk: LossyDisk,
    id: u64,
}

impl LossyFile {
    fn change(&self, change: impl FnOnce(&mut File)) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.change()?;
        change(state.files.get_mut(&self.id).unwrap());
        Ok(())
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl DiskFile for LossyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.0.lock();
        let rest = state.files[&self.id].contents().get(index(offset)..).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.change(|file| file.write(index(offset), bytes))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|file| file.set_len(index(len)))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.0.lock().files[&self.id].contents().len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        let state = &mut *self.disk.0.lock();
        let succeeds = state.sync()?;
        let file = state.files.get_mut(&self.id).unwrap();
        if succeeds {
            file.sync();
            return Ok(());
        }
        file.fail_to_sync(&mut state.random);
        Err(io::Error::other("the sync failed"))
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity(0, self.id))
    }
}

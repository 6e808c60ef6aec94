//! The files of the logs: opening, appending, rotating, and repairing after a failure.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::rotation::Settings;
use super::sync::Unsynced;
use super::{line, tail};
use crate::disk::{
    self, Disk, DiskFile, Identity, Open, finish_replacement, is_missing, read_exact_at,
};
use crate::domain::{Timestamp, TrackingEvent, UserId, log_name};
use crate::store::ReadError;

/// The maximum number of files that the logs have open at the same time.
pub const MAX_OPEN_FILES: usize = 128;
/// The maximum number of logs that stay open between two calls. The rest is for files that are open
/// for a short time: two while a log is repaired, and a file and a folder while a checkpoint syncs.
const KEPT_OPEN: usize = MAX_OPEN_FILES - 4;

/// Why a log could not be written.
#[derive(Debug, Error)]
pub(super) enum LogError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A sync failed: lines that were written since the last checkpoint may be lost.
    #[error("{0}")]
    Sync(io::Error),
    /// The history could not be read.
    #[error("{}", chain(.0))]
    Past(ReadError),
}

fn chain(error: &ReadError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[derive(Debug)]
pub(super) struct Files {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    settings: Settings,
    open: HashMap<UserId, OpenLog>,
    /// How often a log was opened or used; tells which log was used least recently.
    uses: u64,
    unsynced: Unsynced,
}

#[derive(Debug)]
struct OpenLog {
    file: Arc<dyn DiskFile>,
    identity: Identity,
    /// The length of the file after the last write of this process.
    end: u64,
    last_use: u64,
}

impl Files {
    /// The folder, and what [`Self::new`] needs besides.
    pub(super) fn place(&self) -> (Arc<dyn Disk>, PathBuf, Settings) {
        (Arc::clone(&self.disk), self.folder.clone(), self.settings)
    }

    pub(super) fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        settings: Settings,
        unsynced: Unsynced,
    ) -> Self {
        Self { disk, folder, settings, open: HashMap::default(), uses: 0, unsynced }
    }

    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self, user_id: &UserId) -> PathBuf {
        self.folder.join(log_name(user_id))
    }

    /// Writes the lines of an account's events. After an error, it is unknown which of these lines
    /// the log contains.
    pub(super) fn append<'a>(
        &mut self,
        user_id: &UserId,
        events: impl IntoIterator<Item = &'a TrackingEvent>,
    ) -> Result<(), (usize, LogError)> {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for event in events {
            line::render(&mut text, event);
            ends.push(text.len());
        }
        let (mut rest, mut done) = (text.as_str(), 0);
        while done < ends.len() {
            let from = text.len() - rest.len();
            match self.append_some(user_id, rest, ends[done..].iter().map(|end| end - from)) {
                Ok((count, len)) => {
                    done += count;
                    rest = &rest[len..];
                }
                Err(error) => {
                    self.open.remove(user_id);
                    return Err((done, error));
                }
            }
        }
        Ok(())
    }

    /// Writes as many of the lines as fit into one file, but at least one. `ends` are the positions
    /// at which lines end. Returns the number of lines and bytes written.
    fn append_some(
        &mut self,
        user_id: &UserId,
        lines: &str,
        ends: impl Iterator<Item = usize>,
    ) -> Result<(usize, usize), LogError> {
        self.check(user_id)?;
        let mut file_end = self.opened(user_id)?.end;
        let (mut count, mut len) = (0, 0);
        for end in ends {
            if self.settings.rotates(file_end + len as u64, end - len) {
                if count > 0 {
                    break;
                }
                self.rotate(user_id)?;
                file_end = self.opened(user_id)?.end;
            }
            (count, len) = (count + 1, end);
        }
        self.unsynced.wrote(user_id);
        let log = self.opened(user_id)?;
        log.file.write_all_at(&lines.as_bytes()[..len], log.end)?;
        log.end += len as u64;
        Ok((count, len))
    }

    fn rotate(&mut self, user_id: &UserId) -> Result<(), LogError> {
        // Synced before it is renamed: a checkpoint then only has to sync the newest file.
        if let Some(log) = self.open.remove(user_id) {
            log.file.sync().map_err(LogError::Sync)?;
        }
        Ok(rotate(&*self.disk, &self.path(user_id), self.settings.backups)?)
    }

    /// Checks whether the file of an open log still has its name. If another program has moved,
    /// removed or truncated it, the next line is appended to the file that now has the name. Lines
    /// that were written are not written again.
    fn check(&mut self, user_id: &UserId) -> io::Result<()> {
        let Some(log) = self.open.get_mut(user_id) else { return Ok(()) };
        match self.disk.stat(&self.folder.join(log_name(user_id))) {
            Ok(found) if found.identity == log.identity => {
                if found.len != log.end {
                    log.end = end_of_last_line(&*log.file)?;
                }
            }
            Ok(_) => self.leave(user_id),
            Err(error) if is_missing(&error) => self.leave(user_id),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Closes the logs whose file no longer has its name: a removed file takes up disk space while
    /// it is open.
    pub(super) fn look(&mut self) {
        let lost: Vec<_> = self
            .open
            .iter()
            .filter(|(user_id, log)| match self.disk.stat(&self.path(user_id)) {
                Ok(found) => found.identity != log.identity,
                Err(error) => is_missing(&error),
            })
            .map(|(user_id, _)| user_id.clone())
            .collect();
        for user_id in lost {
            self.leave(&user_id);
        }
    }

    /// Closes a log whose file no longer has its name. Syncs it first: no later checkpoint finds
    /// the file.
    pub(super) fn leave(&mut self, user_id: &UserId) {
        if let Some(log) = self.open.remove(user_id)
            && let Err(error) = log.file.sync()
        {
            tracing::warn!(%error, "a power cut may lose lines of an audit log that was moved or removed");
        }
    }

    fn opened(&mut self, user_id: &UserId) -> io::Result<&mut OpenLog> {
        if !self.open.contains_key(user_id) && self.open.len() >= KEPT_OPEN {
            self.close_least_used();
        }
        self.uses += 1;
        let log = match self.open.entry(user_id.clone()) {
            Entry::Occupied(log) => log.into_mut(),
            Entry::Vacant(place) => {
                let path = self.folder.join(log_name(user_id));
                let file = match self.disk.open(&path, Open::Append) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        self.disk.create_dir(&self.folder)?;
                        self.unsynced.made_folder();
                        self.disk.open(&path, Open::Append)?
                    }
                    opened => opened?,
                };
                let end = end_of_last_line(&*file)?;
                let identity = file.identity()?;
                place.insert(OpenLog { file, identity, end, last_use: 0 })
            }
        };
        log.last_use = self.uses;
        Ok(log)
    }

    fn close_least_used(&mut self) {
        let oldest = self.open.iter().min_by_key(|(_, log)| log.last_use);
        if let Some(user_id) = oldest.map(|(user_id, _)| user_id.clone()) {
            self.open.remove(&user_id);
        }
    }

    pub(super) fn close(&mut self, user_id: &UserId) {
        self.open.remove(user_id);
    }

    /// Closes an account's log and removes it, with its temporary file and all rotated files,
    /// including numbers above the current limit. The removal is durable when this returns.
    pub(super) fn remove(&mut self, user_id: &UserId) -> io::Result<()> {
        self.close(user_id);
        let base = self.path(user_id);
        let rotated = (1..=Settings::MAX_BACKUPS).map(|number| backup(&base, number));
        // By name, because listing the folder takes longer the more accounts there are.
        for path in [disk::temporary_path(&base), base.clone()].into_iter().chain(rotated) {
            match self.disk.stat(&path).and_then(|_| self.disk.remove(&path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match self.disk.sync_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Repairs an account's log after a crash or a failure: removes a damaged end, and returns the
    /// last event that has a line, in the form of [`line::value`]. Lines older than `oldest` are
    /// known to be whole and durable; the others are synced by the next checkpoint. With `renew`,
    /// the log is replaced by a new, synced file.
    pub(super) fn mend(
        &mut self,
        user_id: &UserId,
        oldest: Timestamp,
        renew: bool,
    ) -> io::Result<Option<String>> {
        self.close(user_id);
        let base = self.path(user_id);
        let mut last_event = None;
        if let Some(file) = self.open_if_exists(&base, Open::Write)? {
            let tail = tail::read(&*file, oldest)?;
            // Lines from before a crash may not be synced.
            self.unsynced.wrote(user_id);
            if tail.good_len < tail.len {
                file.set_len(tail.good_len)?;
            }
            if renew {
                self.renew(&base, &*file, tail.good_len)?;
            } else {
                // A sync in the previous process may have failed. Another sync would then skip
                // these lines, so they are written again.
                disk::copy(&*file, &*file, tail.durable_len..tail.good_len)?;
            }
            last_event = tail.last_event;
        }
        // The newest file may be empty, or its rotation may have been interrupted.
        for number in 1..=self.settings.backups {
            if last_event.is_some() {
                break;
            }
            if let Some(file) = self.open_if_exists(&backup(&base, number), Open::Read)? {
                last_event = tail::read(&*file, Timestamp::MAX)?.last_event;
            }
        }
        Ok(last_event)
    }

    fn open_if_exists(&self, path: &Path, how: Open) -> io::Result<Option<Arc<dyn DiskFile>>> {
        match self.disk.open(path, how) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces a file whose sync failed by a synced copy.
    fn renew(&self, path: &Path, file: &dyn DiskFile, len: u64) -> io::Result<()> {
        let temporary = disk::temporary_path(path);
        let copy = self.disk.open(&temporary, Open::Truncate)?;
        disk::copy(file, &*copy, 0..len)?;
        finish_replacement(&*self.disk, &*copy, &temporary, path)
    }
}

/// Where the next line starts. If another program wrote text without a newline at its end, a
/// newline is added: the text is kept.
pub(super) fn end_of_last_line(file: &dyn DiskFile) -> io::Result<u64> {
    let len = file.len()?;
    let Some(last) = len.checked_sub(1) else {
        return Ok(0);
    };
    let mut byte = [0];
    read_exact_at(file, &mut byte, last)?;
    if byte == *b"\n" {
        return Ok(len);
    }
    file.write_all_at(b"\n", len)?;
    Ok(len + 1)
}

/// Like Python's `RotatingFileHandler.doRollover`. After a failure it can be repeated: files that
/// were renamed already are not renamed twice.
pub(super) fn rotate(disk: &dyn Disk, base: &Path, backups: u32) -> io::Result<()> {
    for number in (1..backups).rev() {
        match disk.rename(&backup(base, number), &backup(base, number + 1)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
    }
    disk.rename(base, &backup(base, 1))
}

fn backup(base: &Path, number: u32) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

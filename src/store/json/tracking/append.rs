use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::index::{EventKind, Place, Summary};
use super::load::Loaded;
use super::mark::{Extent, Mark};
use super::own_file::OwnFile;
use super::patch::{self, Patch};
use super::read::OwnRows;
use super::row::Personal;
use super::table::{Inner, Tracking, Waiting};
use super::whole::WholeChecksum;
use crate::disk::{Disk, DiskFile, Open};
use crate::domain::{Id, UserId};
use crate::metrics::Counter;
use crate::store::StoredEvent;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::push_row_name;

/// The text before the first row, and the text that closes the table and the file.
const OPENING: &str = "{\"_default\": {";
pub(crate) const CLOSING: &str = "}}";
/// How many bytes of waiting rows one write contains.
const PIECE: usize = 1 << 20;
/// The bytes between two syncs. A sync of more would delay the log's syncs for long.
const SYNC_PIECE: u64 = 1 << 20;

/// The only writer of the tracking table.
///
/// New rows overwrite the closing text, and a new one follows. A crash may leave the end torn; the
/// log repairs it. Rows whose write fails are read from memory until a later write succeeds.
pub(crate) struct Appender {
    tracking: Arc<Tracking>,
    file: OwnFile,
    /// The end of the last row in the file.
    written: u64,
    /// The same at the last request for a sync.
    sync_asked: u64,
    /// The end of the table's last row once nothing waits.
    end: u64,
    /// The checksum up to `end`; see [`Mark::crc`].
    crc: crc32fast::Hasher,
    /// The checksum of all bytes up to `end`.
    whole: WholeChecksum,
    saved: u64,
    /// Whether the table has no rows, written or waiting.
    is_empty: bool,
    last_error: Option<String>,
    failures: Counter,
}

/// A new row.
pub(crate) struct NewRow {
    pub(crate) stored: Arc<StoredEvent>,
    /// The personal parts of the event's text.
    pub(crate) personal: Personal,
}

impl Appender {
    /// An empty table in a new or truncated file. `failures` counts later failures, `visited` the
    /// events that queries visit.
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        failures: Counter,
        visited: Counter,
    ) -> io::Result<Self> {
        crate::disk::replace(&*disk, &path, format!("{OPENING}{CLOSING}").as_bytes())?;
        let file = disk.open(&path, Open::Write)?;
        let mut crc = crc32fast::Hasher::new();
        crc.update(OPENING.as_bytes());
        let mut whole = WholeChecksum::default();
        whole.update(OPENING.as_bytes());
        let loaded = Loaded { end: OPENING.len() as u64, crc, whole, ..Loaded::empty() };
        Self::open(disk, path, file, loaded, failures, visited)
    }

    /// The table that was loaded from `file`.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        file: Arc<dyn DiskFile>,
        loaded: Loaded,
        failures: Counter,
        visited: Counter,
    ) -> io::Result<Self> {
        let own = OwnFile::open(disk, path.clone(), Arc::clone(&file))?;
        let Loaded { index, end, crc, whole, saved, .. } = loaded;
        let is_empty = index.len() == 0;
        let inner = Inner { index, file, backlog: VecDeque::new(), patches: BTreeMap::new() };
        let (inner, recent) = (RwLock::new(inner), Mutex::default());
        let tracking = Arc::new(Tracking { path, inner, recent, visited });
        Ok(Self {
            tracking,
            file: own,
            written: end,
            sync_asked: end,
            end,
            crc,
            whole,
            saved,
            is_empty,
            last_error: None,
            failures,
        })
    }

    pub(crate) fn tracking(&self) -> &Arc<Tracking> {
        &self.tracking
    }

    /// The number of rows whose index was read from its file at the start.
    pub(crate) fn saved(&self) -> u64 {
        self.saved
    }

    /// Why the last write failed; `None` if it succeeded.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Appends rows. They can be read at once, even if the write fails.
    pub(crate) fn append(&mut self, rows: &[NewRow]) {
        let nothing_waits = self.written == self.end;
        let waiting: Vec<Waiting> = rows.iter().map(|row| self.place(row)).collect();
        let written = nothing_waits && self.write(&waiting);
        let mut inner = self.tracking.inner.write();
        for (row, waiting) in rows.iter().zip(waiting) {
            inner.index.push(&summary(&row.stored, waiting.place));
            if !written {
                inner.backlog.push_back(waiting);
            }
        }
    }

    /// The file, if it is time to sync it.
    pub(crate) fn take_unsynced(&mut self) -> Option<Arc<dyn DiskFile>> {
        if self.written.saturating_sub(self.sync_asked) < SYNC_PIECE {
            return None;
        }
        self.sync_asked = self.written;
        Some(self.file())
    }

    /// Anonymises rows. They are read without the account from now on, even if the write fails.
    pub(crate) fn anonymize(&mut self, own: &OwnRows) {
        let nothing_waits = {
            let inner = &mut *self.tracking.inner.write();
            let nothing_waits = inner.patches.is_empty();
            for (found, patches) in &own.rows {
                inner.index.anonymize(found.at);
                match inner.waiting(found.place) {
                    Some(at) => inner.backlog[at].text = patch::anonymous(&inner.backlog[at].text),
                    None => inner.patches.extend(patches.iter().map(|it| (it.offset, *it))),
                }
            }
            nothing_waits
        };
        for (patch, difference) in &own.differences {
            self.whole.overwrite(&patch.place(), *difference);
        }
        let mut recent = self.tracking.recent.lock();
        own.rows.iter().for_each(|(found, _)| recent.forget(found));
        drop(recent);
        if nothing_waits {
            self.write_patches();
        }
    }

    /// Removes the id of an account without rows.
    pub(crate) fn forget(&self, user_id: &UserId) {
        self.tracking.inner.write().index.forget_user(user_id.as_str());
    }

    /// Tries to write what waits.
    pub(crate) fn retry(&mut self) {
        if let Err(error) = self.replace_missing_file() {
            self.note(&error);
            return;
        }
        if !self.write_patches() {
            return;
        }
        loop {
            // Even if nothing waits: the closing text is written, which ends the error.
            let piece = self.next_piece();
            if !self.write(&piece) {
                return;
            }
            let mut inner = self.tracking.inner.write();
            inner.backlog.drain(..piece.len());
            if inner.backlog.is_empty() {
                return;
            }
        }
    }

    /// Checks that the file is in its place and unchanged. An error is kept, so that the write is
    /// retried.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        if self.last_error.is_some() {
            return Ok(());
        }
        self.file.check_own().inspect_err(|error| self.note(error))
    }

    /// The mark for a checkpoint; `None` while rows or patches wait, or if the file is not in its
    /// place.
    pub(crate) fn mark(&mut self) -> Option<Mark> {
        if let Err(error) = self.file.check_in_place() {
            self.note(&error);
        }
        let inner = self.tracking.inner.read();
        let is_whole = self.written == self.end && inner.patches.is_empty();
        (is_whole && self.last_error.is_none()).then(|| Mark {
            len: self.end,
            crc: self.crc.clone().finalize(),
            rows: inner.index.len() as u64,
            last_row: inner.index.last_row(),
        })
    }

    /// The mark, and the checksum of all bytes before it. What waits is included.
    pub(crate) fn extent(&self, mark: Mark) -> Extent {
        Extent { mark, whole: self.whole.crc() }
    }

    /// Removes the temporary file of a failed rewrite.
    pub(crate) fn remove_leftover(&self) -> io::Result<()> {
        self.file.remove_leftover()
    }

    pub(crate) fn file(&self) -> Arc<dyn DiskFile> {
        self.file.shared()
    }

    /// Rewrites the file after a failed sync: the synced part before `trusted`, with the patches
    /// after it, and `rows`, which are all rows after it.
    pub(crate) fn rewrite(
        &mut self,
        trusted: Mark,
        patches: &[Patch],
        rows: &[(RowNumber, Arc<str>)],
    ) -> io::Result<()> {
        match self.file.check_own() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut text = String::new();
        let mut is_first = trusted.rows == 0;
        for (number, row) in rows {
            push_row_name(&mut text, *number, is_first);
            text.push_str(row);
            is_first = false;
        }
        self.move_to_new_file(trusted.len, patches, &text)?;
        self.written = trusted.len + text.len() as u64;
        let written = self.written;
        let mut inner = self.tracking.inner.write();
        inner.backlog.retain(|waiting| waiting.place.offset >= written);
        // Waiting rows are in the log since the checkpoint, and so in the new file.
        inner.patches.clear();
        drop(inner);
        self.last_error = None;
        Ok(())
    }

    /// Determines the place of the next row, and updates the length and the checksum.
    fn place(&mut self, NewRow { stored, personal }: &NewRow) -> Waiting {
        let prefix = prefix(stored.seq.0, self.is_empty);
        let place = Place {
            offset: self.end + prefix.len() as u64,
            len: u32::try_from(stored.json.len()).unwrap_or(u32::MAX),
        };
        self.crc.update(prefix.as_bytes());
        self.whole.update(prefix.as_bytes());
        self.whole.update(stored.json.as_bytes());
        // `load` computes the same checksum.
        let (text, mut hashed) = (stored.json.as_bytes(), 0);
        for span in personal {
            self.crc.update(&text[hashed..span.start]);
            hashed = span.end;
        }
        self.crc.update(&text[hashed..]);
        self.end = place.offset + u64::from(place.len);
        self.is_empty = false;
        Waiting { prefix, place, text: Arc::clone(&stored.json) }
    }

    /// Writes rows after the last one; returns false if that failed.
    fn write(&mut self, rows: &[Waiting]) -> bool {
        let mut text = String::with_capacity(rows.len() * 640);
        for waiting in rows {
            text.push_str(&waiting.prefix);
            text.push_str(&waiting.text);
        }
        let end = self.written + text.len() as u64;
        text.push_str(CLOSING);
        let result = self.file.check_own();
        let result = result.and_then(|()| self.file.write_at(text.as_bytes(), self.written));
        match result {
            Ok(()) => {
                self.written = end;
                self.note_success();
                true
            }
            Err(error) => {
                self.note(&error);
                false
            }
        }
    }

    /// Writes the waiting patches; returns false if that failed.
    fn write_patches(&mut self) -> bool {
        let patches: Vec<Patch> = self.tracking.inner.read().patches.values().copied().collect();
        if patches.is_empty() {
            return true;
        }
        let result = self.file.check_own().and_then(|()| self.file.write_patches(&patches));
        match result {
            Ok(()) => self.tracking.inner.write().patches.clear(),
            Err(error) => {
                self.note(&error);
                return false;
            }
        }
        true
    }

    fn note_success(&mut self) {
        // While patches wait, the error remains.
        let is_well = self.tracking.inner.read().patches.is_empty();
        if is_well && self.last_error.take().is_some() {
            tracing::info!(file = %self.tracking.path.display(), "can be written again");
        }
    }

    fn note(&mut self, error: &io::Error) {
        self.failures.inc();
        if self.last_error.is_none() {
            let file = self.tracking.path.display();
            tracing::error!(%file, %error, "can't be written; its events wait in the journal");
        }
        self.last_error = Some(error.to_string());
    }

    /// The waiting rows, oldest first, up to a bounded amount of text.
    fn next_piece(&self) -> Vec<Waiting> {
        let inner = self.tracking.inner.read();
        let mut bytes = 0;
        let within = |waiting: &&Waiting| {
            let fits = bytes < PIECE;
            bytes += waiting.text.len();
            fits
        };
        inner.backlog.iter().take_while(within).map(Waiting::clone).collect()
    }

    /// If the file was removed, creates it again from the one that is still open.
    fn replace_missing_file(&mut self) -> io::Result<()> {
        if self.file.is_missing() {
            self.move_to_new_file(self.written, &[], "")?;
        }
        Ok(())
    }

    /// Replaces the file: the first `len` bytes of the old one, with `patches`, and `rest`.
    fn move_to_new_file(&mut self, len: u64, patches: &[Patch], rest: &str) -> io::Result<()> {
        self.file.replace(len, patches, &format!("{rest}{CLOSING}"))?;
        self.tracking.inner.write().file = self.file.shared();
        Ok(())
    }
}

/// The text before a row.
fn prefix(number: RowNumber, is_first: bool) -> String {
    let mut prefix = String::with_capacity(24);
    push_row_name(&mut prefix, number, is_first);
    prefix
}

fn summary(stored: &StoredEvent, place: Place) -> Summary<'_> {
    let event = &stored.event;
    Summary {
        row: stored.seq.0,
        place,
        id: event.id.as_str(),
        user_id: event.user_id.as_ref().map(Id::as_str),
        child_id: event.child_id.as_str(),
        entity_id: &event.entity_id,
        kind: EventKind::parse(event.entity_type.as_str(), event.action.as_str()),
        occurred_at: event.occurred_at,
        created_at: event.created_at,
    }
}

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::files::path;
use super::prepared::{Prepared, RESERVE, Spare};
use super::segment::{Link, push_frame};
use crate::disk::{Disk, DiskFile, Identity, is_missing};
use crate::metrics::Histogram;

/// The current segment of the write-ahead log, to which batches are appended.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    file: Arc<dyn DiskFile>,
    identity: Identity,
    next: Link,
    /// The end of the valid frames.
    len: u64,
    /// The end of the zeros after them.
    reserved: u64,
    /// A new segment was started. It may be on the disk, and it records the end of this one.
    rotation_due: bool,
    buffer: Vec<u8>,
    /// The duration of each sync, in seconds.
    syncs: Histogram,
}

/// The reason why a batch is not durable.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// Nothing was written: the segment is not at the path that a start would read.
    Lost,
    /// No start will read any part of it.
    Undone(io::Error),
    /// It is unknown whether a start will read it. Nothing more can be appended.
    Unknown(io::Error),
}

impl Journal {
    /// Creates a log with one durable segment. `first` is the position of its first frame; `syncs`
    /// observes the duration of later syncs.
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        first: Link,
        syncs: Histogram,
    ) -> io::Result<Self> {
        let segment = Prepared::new(&*disk, &folder, first, None, None)?;
        segment.finish_replacement(&*disk)?;
        let Prepared { file, next, len, reserved, .. } = segment;
        let (identity, rotation_due, buffer) = (file.identity()?, false, Vec::new());
        Ok(Self { disk, folder, file, identity, next, len, reserved, rotation_due, buffer, syncs })
    }

    /// Whether the path of the current segment still leads to the open file. If not, it, its folder
    /// or the data directory was removed, moved or replaced, and no start would read what is
    /// written.
    pub(crate) fn is_in_place(&self) -> bool {
        match self.disk.stat(&path(&self.folder, self.next.epoch)) {
            Ok(found) => found.identity == self.identity,
            // Other errors tell nothing about the file.
            Err(error) => !is_missing(&error),
        }
    }

    /// Finds out whether the log can be written, without a frame: writes zeros after the last frame
    /// and syncs them.
    pub(crate) fn probe(&mut self) -> io::Result<()> {
        if self.rotation_due {
            self.rotate(None)?;
        }
        let zeros = vec![0; usize::try_from(RESERVE.start).unwrap_or(0)];
        let written = self.file.write_all_at(&zeros, self.len);
        if written.is_ok() {
            self.reserved = self.reserved.max(self.len + RESERVE.start);
        }
        let synced = match written {
            Ok(()) => self.file.sync(),
            Err(_) => self.cut().and_then(|()| self.file.sync()),
        };
        // A file whose sync failed is not trusted again.
        self.rotation_due = synced.is_err();
        synced.and(written)
    }

    /// Makes a batch durable: one frame per payload, one write, one sync.
    pub(crate) fn append(&mut self, payloads: &[String]) -> Result<(), AppendError> {
        if !self.is_in_place() {
            return Err(AppendError::Lost);
        }
        if self.rotation_due {
            self.rotate(None).map_err(AppendError::Undone)?;
        }
        self.buffer.clear();
        let mut next = self.next;
        let mut following = u32::try_from(payloads.len()).unwrap_or(u32::MAX);
        for (preceding, payload) in (0..).zip(payloads) {
            following -= 1;
            let in_batch = (preceding, following);
            next.previous = push_frame(&mut self.buffer, next, in_batch, payload.as_bytes());
            next.sequence += 1;
        }
        if let Err(error) = self.write() {
            // The partial batch is truncated, durably, before the error is returned: it says that
            // nothing has changed.
            return match self.cut().and_then(|()| self.file.sync()) {
                Ok(()) => Err(AppendError::Undone(error)),
                Err(_) => Err(self.abandon_segment(error)),
            };
        }
        let started = Instant::now();
        let synced = self.file.sync();
        self.syncs.observe(started.elapsed().as_secs_f64());
        if let Err(error) = synced {
            return Err(self.abandon_segment(error));
        }
        self.next = next;
        self.len += self.buffer.len() as u64;
        Ok(())
    }

    /// Starts a new segment, in a spare file if there is one. Returns the position of its first
    /// frame.
    pub(crate) fn rotate(&mut self, spare: Option<Spare>) -> io::Result<Link> {
        if !self.is_in_place() {
            return Err(io::Error::other("the journal was removed, moved or replaced"));
        }
        let first = Link { epoch: self.next.epoch + 1, ..self.next };
        let previous = Some((self.next.epoch, self.len));
        let segment = Prepared::new(&*self.disk, &self.folder, first, previous, spare)?;
        // From here on the new segment may be on the disk, and it records the end of this one: a
        // later frame in this one would not be read. If this fails, the next append tries it again
        // first.
        self.rotation_due = true;
        segment.finish_replacement(&*self.disk)?;
        let Prepared { file, next, len, reserved, .. } = segment;
        self.identity = file.identity()?;
        (self.file, self.next, self.len, self.reserved) = (file, next, len, reserved);
        self.rotation_due = false;
        Ok(first)
    }

    /// The epoch of the current segment, and its length in bytes, with the zeros after its frames.
    pub(crate) fn segment(&self) -> (u64, u64) {
        (self.next.epoch, self.reserved)
    }

    /// Writes the buffer after the valid frames. A sync of overwritten zeros takes about half the
    /// time of one that must record a new length, so zeros are written ahead, unless the disk is
    /// full.
    fn write(&mut self) -> io::Result<()> {
        let end = self.len + self.buffer.len() as u64;
        if end <= self.reserved {
            return self.file.write_all_at(&self.buffer, self.len);
        }
        let frames = self.buffer.len();
        let zeros = end.clamp(RESERVE.start, RESERVE.end);
        self.buffer.resize(frames + usize::try_from(zeros).unwrap_or(0), 0);
        let written = self.file.write_all_at(&self.buffer, self.len);
        self.buffer.truncate(frames);
        if written.is_ok() {
            self.reserved = end + zeros;
            return Ok(());
        }
        self.cut()?;
        self.file.write_all_at(&self.buffer, self.len)?;
        self.reserved = end;
        Ok(())
    }

    /// Truncates the file after the valid frames. Not durable until it is synced.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.reserved = self.len;
        Ok(())
    }

    /// After a failed sync the contents of the disk are unknown, and a later sync of the same file
    /// may succeed without having written them. So a new file records where the valid frames of
    /// this one end.
    fn abandon_segment(&mut self, error: io::Error) -> AppendError {
        match self.rotate(None) {
            Ok(_) => AppendError::Undone(error),
            Err(second) => AppendError::Unknown(io::Error::new(
                second.kind(),
                format!("{error}; and a new journal file could not be started: {second}"),
            )),
        }
    }
}

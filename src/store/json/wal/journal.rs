use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::files::path;
use super::prepared::{Prepared, RESERVE, Spare};
use super::segment::{Link, push_frame};
use crate::disk::{Disk, DiskFile, Identity, is_missing};
use crate::metrics::Histogram;

/// The end of the journal, to which batches are appended.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    file: Arc<dyn DiskFile>,
    identity: Identity,
    next: Link,
    /// Where the valid frames end.
    len: u64,
    /// Where the zeros behind them end.
    reserved: u64,
    /// A new segment was begun and may or may not be on the disk, saying where this one ends.
    rotation_due: bool,
    buffer: Vec<u8>,
    /// How many seconds each sync took.
    syncs: Histogram,
}

/// Why a batch isn't durable.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// Nothing was written: the journal isn't where a start would look for it.
    Lost,
    /// Nothing of it will ever be read.
    Undone(io::Error),
    /// Whether it will be read after a crash is unknown. Nothing more can be appended.
    Unknown(io::Error),
}

impl Journal {
    /// Begins a journal with a new, durable segment, and no other before it. `first` links its first
    /// frame; `syncs` is told how many seconds each later sync takes.
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

    /// Whether the current segment's name still leads to the open file. Otherwise it, its folder or
    /// the data directory was removed, moved or replaced, and no start would read what is written.
    pub(crate) fn is_in_place(&self) -> bool {
        match self.disk.stat(&path(&self.folder, self.next.epoch)) {
            Ok(found) => found.identity == self.identity,
            // After another error nothing is known.
            Err(error) => !is_missing(&error),
        }
    }

    /// Finds out whether the journal can be written, without writing a frame: makes sure that there
    /// are zeros behind the last one, and syncs them.
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
        // A file whose sync has failed is not trusted again.
        self.rotation_due = synced.is_err();
        synced.and(written)
    }

    /// Makes a batch durable: one frame for each payload, one write, one sync.
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
            // What was written of it is cut off, and that must be durable before anyone hears that
            // nothing happened.
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

    /// Goes on in a new segment, in a spare file where there is one; returns the link of its first
    /// frame.
    pub(crate) fn rotate(&mut self, spare: Option<Spare>) -> io::Result<Link> {
        if !self.is_in_place() {
            return Err(io::Error::other("the journal was removed, moved or replaced"));
        }
        let first = Link { epoch: self.next.epoch + 1, ..self.next };
        let previous = Some((self.next.epoch, self.len));
        let segment = Prepared::new(&*self.disk, &self.folder, first, previous, spare)?;
        // From here on the new segment may be on the disk, and say where this one ends: a frame
        // behind that would not be read. So where this fails, the next append tries it again first.
        self.rotation_due = true;
        segment.finish_replacement(&*self.disk)?;
        let Prepared { file, next, len, reserved, .. } = segment;
        self.identity = file.identity()?;
        (self.file, self.next, self.len, self.reserved) = (file, next, len, reserved);
        self.rotation_due = false;
        Ok(first)
    }

    /// The current segment's epoch, and its bytes, with the zeros behind its frames.
    pub(crate) fn segment(&self) -> (u64, u64) {
        (self.next.epoch, self.reserved)
    }

    /// Writes the buffer behind the valid frames. A sync of what is written over zeros is done in about
    /// half the time of one that has to note a new length, too: so there are always some, but where
    /// the disk has no room for them.
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

    /// Takes away all that lies behind the valid frames. Not durable until it is synced.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.reserved = self.len;
        Ok(())
    }

    /// A sync that failed tells nothing about what is on the disk, and a later one on the same file
    /// may succeed without having written it. So the tail is cut by a new file that says so.
    fn abandon_segment(&mut self, error: io::Error) -> AppendError {
        match self.rotate(None) {
            Ok(_) => AppendError::Undone(error),
            Err(second) => AppendError::Unknown(io::Error::new(
                second.kind(),
                format!("{error}; then, beginning a new journal file: {second}"),
            )),
        }
    }
}

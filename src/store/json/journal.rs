mod prepared;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::damage::{Damage, DamageKind, OpenError};
use super::frame::{self, Entry};
use super::segment::{self, End, Link, MAX_NUMBER, push_frame, read_segment};
use crate::disk::{Disk, DiskFile, Identity, Open, is_missing};
use crate::metrics::Histogram;
use prepared::Prepared;
pub(super) use prepared::Spare;

/// The journal's folder within a data directory.
pub(super) const FOLDER: &str = "journal";
const EXTENSION: &str = ".journal";
/// How many zeros are written ahead of the frames at a time, in bytes.
const RESERVE: Range<u64> = 64 << 10..1 << 20;

/// The end of the journal, to which batches are appended.
pub(super) struct Journal {
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
pub(super) enum AppendError {
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
    pub(super) fn create(
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
    pub(super) fn is_in_place(&self) -> bool {
        match self.disk.stat(&path(&self.folder, self.next.epoch)) {
            Ok(found) => found.identity == self.identity,
            // After another error nothing is known.
            Err(error) => !is_missing(&error),
        }
    }

    /// Finds out whether the journal can be written, without writing a frame: makes sure that there
    /// are zeros behind the last one, and syncs them.
    pub(super) fn probe(&mut self) -> io::Result<()> {
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
    pub(super) fn append(&mut self, payloads: &[String]) -> Result<(), AppendError> {
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
    pub(super) fn rotate(&mut self, spare: Option<Spare>) -> io::Result<Link> {
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
    pub(super) fn segment(&self) -> (u64, u64) {
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

/// The file of a segment.
pub(super) fn path(folder: &Path, epoch: u64) -> PathBuf {
    folder.join(file_name(epoch))
}

fn file_name(epoch: u64) -> String {
    format!("{epoch:020}{EXTENSION}")
}

/// The epochs of the segments that are there, in order; none where no journal was ever begun.
pub(super) fn epochs(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u64>> {
    let names = match disk.file_names(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    // What only looks like a segment is nobody's.
    let epoch = |name: &String| {
        let epoch = name.strip_suffix(EXTENSION)?.parse().ok()?;
        (epoch <= MAX_NUMBER && *name == file_name(epoch)).then_some(epoch)
    };
    Ok(names.iter().filter_map(epoch).collect())
}

/// Removes every segment before `epoch`. The removal is not yet durable, which harms nobody: what is
/// left of it is known by its epoch.
pub(super) fn remove_before(disk: &dyn Disk, folder: &Path, epoch: u64) -> io::Result<()> {
    for old in epochs(disk, folder)?.into_iter().filter(|other| *other < epoch) {
        disk.remove(&path(folder, old))?;
    }
    Ok(())
}

/// Writes every segment from `epoch` on anew, as it is, and syncs it. What a killed process wrote may
/// be in the machine's memory alone, where a sync that failed before isn't made good by another one;
/// and nothing may rest on a batch that a loss of power could still take away.
pub(super) fn secure(disk: &dyn Disk, folder: &Path, epoch: u64) -> io::Result<()> {
    for epoch in epochs(disk, folder)?.into_iter().filter(|other| *other >= epoch) {
        let path = path(folder, epoch);
        let bytes = segment::read_file(&*disk.open(&path, Open::Read)?)?;
        crate::disk::replace(disk, &path, &bytes)?;
    }
    Ok(())
}

/// What a journal holds.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The entries of every whole batch, in order.
    pub(super) entries: Vec<Entry>,
    /// The link that a next frame would have.
    pub(super) next: Link,
    /// A batch that was torn, and so never answered for: the file, and the byte.
    pub(super) torn: Option<(PathBuf, u64)>,
}

impl Loaded {
    /// Whether nothing was ever committed to it, nor begun to be: whoever changed the files since
    /// has changed them in their final form.
    pub(super) fn is_empty(&self) -> bool {
        let commits = |entry: &Entry| {
            matches!(entry, Entry::Row(_) | Entry::Event { .. } | Entry::Anonymized(_))
        };
        self.torn.is_none() && !self.entries.iter().any(commits)
    }
}

/// Reads the journal from the segment that `first` links on.
pub(super) fn load(disk: &dyn Disk, folder: &Path, first: Link) -> Result<Loaded, OpenError> {
    let epochs = epochs(disk, folder).map_err(OpenError::io(folder))?;
    let mut segments = Vec::new();
    for epoch in epochs.into_iter().filter(|epoch| *epoch >= first.epoch) {
        let path = path(folder, epoch);
        let read = disk.open(&path, Open::Read).and_then(|file| segment::read_file(&*file));
        let bytes = read.map_err(OpenError::io(&path))?;
        segments.push((epoch, path, bytes));
    }
    let mut loaded = Loaded { entries: Vec::new(), next: first, torn: None };
    for (position, (epoch, path, bytes)) in segments.iter().enumerate() {
        if *epoch != first.epoch + position as u64 {
            return Err(Damage::new(
                DamageKind::JournalFileMissing,
                path,
                0,
                "the journal file before this one is missing",
            )
            .into());
        }
        let cut = segments.get(position + 1).map(valid_length_of_previous).transpose()?;
        load_segment(&mut loaded, (*epoch, path, bytes), cut)?;
    }
    Ok(loaded)
}

/// What a segment's first frame says of the segment before it. It was synced before the segment got
/// its name, so there is one.
fn valid_length_of_previous(
    (epoch, path, bytes): &(u64, PathBuf, Vec<u8>),
) -> Result<usize, Damage> {
    let frame = segment::read_frame(bytes).filter(|frame| frame.link.epoch == *epoch);
    let entries = frame.and_then(|frame| frame::parse(frame.payload)).unwrap_or_default();
    match entries.first() {
        Some(Entry::Segment { previous: Some(previous), length }) if previous + 1 == *epoch => {
            Ok(usize::try_from(*length).unwrap_or(usize::MAX))
        }
        _ => Err(no_first_frame(path)),
    }
}

fn no_first_frame(path: &Path) -> Damage {
    Damage::new(DamageKind::Journal, path, 0, "the journal file's first frame is not valid")
}

fn load_segment(
    loaded: &mut Loaded,
    (epoch, path, bytes): (u64, &Path, &[u8]),
    cut: Option<usize>,
) -> Result<(), Damage> {
    let valid = match cut {
        Some(cut) => bytes.get(..cut).ok_or_else(|| {
            Damage::new(
                DamageKind::Journal,
                path,
                bytes.len() as u64,
                "it was cut off after it had been completed",
            )
        })?,
        None => bytes,
    };
    let first = Link { epoch, ..loaded.next };
    let contents = read_segment(valid, epoch, Some(first));
    match contents.end {
        End::Broken(byte) => {
            let cause = "a journal frame is not valid, though nothing of it is missing, or valid ones \
                         follow it: the disk has changed what was written";
            return Err(Damage::new(DamageKind::Journal, path, byte as u64, cause));
        }
        // It was synced before the file got its name.
        _ if contents.frames.is_empty() => return Err(no_first_frame(path)),
        End::Torn(byte) if cut.is_some() => {
            let cause = "a journal frame is not valid, though the next journal file counts on it";
            return Err(Damage::new(DamageKind::Journal, path, byte as u64, cause));
        }
        End::Torn(byte) => {
            let file = path.display();
            tracing::warn!(%file, byte, "the last batch is torn: nobody had its answer");
            loaded.torn = Some((path.to_owned(), byte as u64));
        }
        End::Clean if cut.is_some_and(|cut| contents.len != cut) => {
            let cause = "journal frames are missing on which the next journal file counts";
            return Err(Damage::new(DamageKind::Journal, path, contents.len as u64, cause));
        }
        End::Clean => {}
    }
    loaded.next = first;
    for frame in &contents.frames {
        let entries = frame::parse(frame.payload).ok_or_else(|| {
            let byte = frame.payload.as_ptr().addr() - bytes.as_ptr().addr();
            Damage::new(
                DamageKind::Journal,
                path,
                byte as u64,
                "a journal frame holds what Goldstar doesn't write",
            )
        })?;
        loaded.entries.extend(entries);
        loaded.next.sequence = frame.link.sequence + 1;
        loaded.next.previous = frame.crc;
    }
    Ok(())
}

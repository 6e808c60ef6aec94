//! Reads the write-ahead log.

use std::path::{Path, PathBuf};

use super::entry::{self, Entry};
use super::files::{epochs, path};
use super::segment::{self, End, Link, read_segment};
use crate::disk::{Disk, Open};
use crate::store::json::damage::{Damage, DamageKind, OpenError};

/// The contents of the log.
#[derive(Debug)]
pub(crate) struct LoadedLog {
    /// The entries of every complete batch, in order.
    pub(crate) entries: Vec<Entry>,
    /// The position of the next frame.
    pub(crate) next: Link,
    /// The file and the byte of an incomplete last batch, whose clients got no response.
    pub(crate) torn: Option<(PathBuf, u64)>,
}

impl LoadedLog {
    /// Whether it contains no commit, complete or not. Then the files are complete without it, and
    /// another program may have changed them since.
    pub(crate) fn is_empty(&self) -> bool {
        let commits = |entry: &Entry| {
            matches!(entry, Entry::Row(_) | Entry::Event { .. } | Entry::Anonymized(_))
        };
        self.torn.is_none() && !self.entries.iter().any(commits)
    }
}

/// Reads the log from the segment of `first` on.
pub(crate) fn load(disk: &dyn Disk, folder: &Path, first: Link) -> Result<LoadedLog, OpenError> {
    let epochs = epochs(disk, folder).map_err(OpenError::io(folder))?;
    let mut segments = Vec::new();
    for epoch in epochs.into_iter().filter(|epoch| *epoch >= first.epoch) {
        let path = path(folder, epoch);
        let read = disk.open(&path, Open::Read).and_then(|file| segment::read_file(&*file));
        let bytes = read.map_err(OpenError::io(&path))?;
        segments.push((epoch, path, bytes));
    }
    let mut loaded = LoadedLog { entries: Vec::new(), next: first, torn: None };
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

/// The length of the previous segment's valid frames, by the first frame of this one. It was synced
/// before the segment got its name, so it exists.
fn valid_length_of_previous(
    (epoch, path, bytes): &(u64, PathBuf, Vec<u8>),
) -> Result<usize, Damage> {
    let frame = segment::read_frame(bytes).filter(|frame| frame.link.epoch == *epoch);
    let entries = frame.and_then(|frame| entry::parse(frame.payload)).unwrap_or_default();
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
    loaded: &mut LoadedLog,
    (epoch, path, bytes): (u64, &Path, &[u8]),
    cut: Option<usize>,
) -> Result<(), Damage> {
    let valid = match cut {
        Some(cut) => bytes.get(..cut).ok_or_else(|| {
            Damage::new(
                DamageKind::Journal,
                path,
                bytes.len() as u64,
                "it ends too early, although it was complete",
            )
        })?,
        None => bytes,
    };
    let first = Link { epoch, ..loaded.next };
    let contents = read_segment(valid, epoch, Some(first));
    match contents.end {
        End::Broken(byte) => {
            let cause = "a journal frame is not valid, although it is complete or valid frames \
                         follow it: the disk has changed bytes";
            return Err(Damage::new(DamageKind::Journal, path, byte as u64, cause));
        }
        // It was synced before the file got its name.
        _ if contents.frames.is_empty() => return Err(no_first_frame(path)),
        End::Torn(byte) if cut.is_some() => {
            let cause = "a journal frame is not valid, but the next journal file requires it";
            return Err(Damage::new(DamageKind::Journal, path, byte as u64, cause));
        }
        End::Torn(byte) => {
            let file = path.display();
            tracing::warn!(%file, byte, "the last batch of the write-ahead log is incomplete and is dropped; its clients got no response");
            loaded.torn = Some((path.to_owned(), byte as u64));
        }
        End::Clean if cut.is_some_and(|cut| contents.len != cut) => {
            let cause = "journal frames are missing that the next journal file requires";
            return Err(Damage::new(DamageKind::Journal, path, contents.len as u64, cause));
        }
        End::Clean => {}
    }
    loaded.next = first;
    for frame in &contents.frames {
        let entries = entry::parse(frame.payload).ok_or_else(|| {
            let byte = frame.payload.as_ptr().addr() - bytes.as_ptr().addr();
            Damage::new(
                DamageKind::Journal,
                path,
                byte as u64,
                "a journal frame contains an entry that Goldstar does not write",
            )
        })?;
        loaded.entries.extend(entries);
        loaded.next.sequence = frame.link.sequence + 1;
        loaded.next.previous = frame.crc;
    }
    Ok(())
}

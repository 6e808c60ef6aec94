//! Reads everything that is valid in a write-ahead log, damaged or not. Each entry contains a
//! complete row, so no commit needs the ones before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kind;
use super::report::{JournalLoss, JournalReport};
use crate::disk::{Disk, Open};
use crate::domain::Timestamp;
use crate::store::json::damage::OpenError;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::FileChecksum;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tracking::Patch;
use crate::store::json::wal::checkpoint::Checkpoint;
use crate::store::json::wal::entry::{self, Entry};
use crate::store::json::wal::files::{epochs, path};
use crate::store::json::wal::segment::{self, Frame};

/// The contents of the log since its checkpoint.
#[derive(Default)]
pub(crate) struct LogContents {
    /// The checkpoint; `None` if it cannot be read.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The changed rows of the small tables.
    pub(super) images: BTreeMap<&'static str, BTreeMap<RowNumber, Images>>,
    /// The new rows of the tracking table.
    pub(super) events: Vec<(RowNumber, Arc<str>)>,
    /// The patches of anonymisations, ordered by offset.
    pub(super) patches: Vec<Patch>,
    /// The files that were about to be replaced, with the checksums of their new contents.
    pub(super) announced: Vec<(&'static str, FileChecksum)>,
    /// The latest time in any entry.
    pub(super) until: Option<Timestamp>,
}

/// The texts of a row, in order.
#[derive(Default)]
pub(super) struct Images {
    /// The text before the last change, if the log contains it.
    pub(super) earlier: Vec<Arc<str>>,
    /// The text after it; `None` if the row was removed.
    pub(super) last: Option<Arc<str>>,
}

/// Reads the log in `folder`; `None` if there is none.
pub(crate) fn read(
    disk: &dyn Disk,
    folder: &Path,
) -> Result<(LogContents, Option<JournalReport>), OpenError> {
    let (mut past, mut report) = (LogContents::default(), JournalReport::default());
    if !folder.is_dir() {
        return Ok((past, None));
    }
    match Checkpoint::load(disk, folder) {
        Ok(checkpoint) => past.checkpoint = checkpoint,
        Err(OpenError::Damaged(damage)) => report.checkpoint = Some(damage.cause),
        Err(error) => return Err(error),
    }
    let first = past.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.link().sequence);
    let mut expected = past.checkpoint.as_ref().map(|checkpoint| checkpoint.link().sequence);
    let segments = read_segments(disk, folder)?;
    for (position, (epoch, path, bytes)) in segments.iter().enumerate() {
        let end = segments.get(position + 1).and_then(|(next, _, bytes)| end_before(*next, bytes));
        let end = end.filter(|(before, _)| before == epoch).map_or(bytes.len(), |(_, end)| end);
        let (frames, lost) = valid_frames(&bytes[..end.min(bytes.len())], *epoch);
        for frame in frames.iter().filter(|frame| frame.link.sequence >= first) {
            let sequence = frame.link.sequence;
            report.lost_commits += sequence.saturating_sub(expected.unwrap_or(sequence));
            expected = Some(sequence + 1);
            report.commits += past.take(frame.payload);
        }
        let named = lost.into_iter().map(|(from, to, at_end)| {
            let file = PathBuf::from(path.file_name().unwrap_or_default());
            JournalLoss { file, from, to, at_end: at_end && position + 1 == segments.len() }
        });
        report.lost.extend(named);
    }
    past.patches.sort_unstable_by_key(|patch| patch.offset);
    Ok((past, Some(report)))
}

impl LogContents {
    /// Whether nothing was committed since the checkpoint. Then the files are complete without the
    /// log.
    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty() && self.events.is_empty() && self.patches.is_empty()
    }

    /// Adds the entries of a frame; returns the number of commits.
    fn take(&mut self, payload: &[u8]) -> u64 {
        let entries = entry::parse(payload).unwrap_or_default();
        let mut commits = 0;
        for entry in entries {
            commits = u64::from(
                commits > 0 || !matches!(entry, Entry::Segment { .. } | Entry::Flush { .. }),
            );
            match entry {
                Entry::Segment { .. } => {}
                Entry::Flush { file, checksum } => self.announced.push((file, checksum)),
                Entry::Anonymized(patches) => self.patches.extend(patches),
                Entry::Event { number, text } => {
                    self.until = self.until.max(kind::latest_moment(&text));
                    self.events.push((number, text));
                }
                Entry::Row(RowImage { file, number, text }) => {
                    self.until = self.until.max(text.as_deref().and_then(kind::latest_moment));
                    let images = self.images.entry(file).or_default().entry(number).or_default();
                    images.earlier.extend(images.last.take());
                    images.last = text;
                }
            }
        }
        commits
    }
}

fn read_segments(
    disk: &dyn Disk,
    folder: &Path,
) -> Result<Vec<(u64, PathBuf, Vec<u8>)>, OpenError> {
    let mut segments = Vec::new();
    for epoch in epochs(disk, folder).map_err(OpenError::io(folder))? {
        let path = path(folder, epoch);
        let read = disk.open(&path, Open::Read).and_then(|file| segment::read_file(&*file));
        segments.push((epoch, path.clone(), read.map_err(OpenError::io(path))?));
    }
    Ok(segments)
}

/// The end of the previous segment, by the first frame of this one, and that segment's epoch.
/// Frames after it were refused, and must not come back.
fn end_before(epoch: u64, bytes: &[u8]) -> Option<(u64, usize)> {
    let frame = segment::read_frame(bytes).filter(|frame| frame.link.epoch == epoch)?;
    match entry::parse(frame.payload)?.first()? {
        Entry::Segment { previous: Some(previous), length } => {
            Some((*previous, usize::try_from(*length).ok()?))
        }
        _ => None,
    }
}

/// The valid frames of a segment, and the bytes between them: from, to, and whether no frame
/// follows. A checksum identifies a frame at any offset.
fn valid_frames(bytes: &[u8], epoch: u64) -> (Vec<Frame<'_>>, Vec<(usize, usize, bool)>) {
    let (mut frames, mut lost, mut at) = (Vec::new(), Vec::new(), 0);
    let mut pass_over = |from: usize, to: usize| {
        // A segment may end with zeros.
        if bytes[from..to].iter().any(|byte| *byte != 0) {
            lost.push((from, to, to == bytes.len()));
        }
    };
    for mark in memchr::memmem::find_iter(bytes, segment::MARK) {
        let frame = segment::read_frame(&bytes[mark..]).filter(|frame| frame.link.epoch == epoch);
        if let Some(frame) = frame.filter(|_| mark >= at) {
            pass_over(at, mark);
            at = mark + frame.len();
            frames.push(frame);
        }
    }
    pass_over(at, bytes.len());
    (frames, lost)
}

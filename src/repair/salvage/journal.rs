//! Reads all that is valid of a journal, damaged or not: what a row became stands in it whole, so that
//! no commit needs the ones before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kind;
use super::report::{JournalLoss, JournalReport};
use crate::disk::{Disk, Open};
use crate::domain::{RowNumber, Timestamp};
use crate::store::json::damage::OpenError;
use crate::store::json::tinydb::file::Print;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tracking::Patch;
use crate::store::json::wal::checkpoint::Checkpoint;
use crate::store::json::wal::entry::{self, Entry};
use crate::store::json::wal::files::{epochs, path};
use crate::store::json::wal::segment::{self, Frame};

/// What a journal says of the files since its checkpoint.
#[derive(Default)]
pub(crate) struct Past {
    /// Of which state of the files it tells; none where that can't be read.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The rows of the small tables that have changed.
    pub(super) images: BTreeMap<&'static str, BTreeMap<RowNumber, Images>>,
    /// The rows that were added to the tracking table.
    pub(super) events: Vec<(RowNumber, Arc<str>)>,
    /// What has taken accounts out of the tracking table, ordered by its place there.
    pub(super) patches: Vec<Patch>,
    /// The files that were about to be replaced, and by what.
    pub(super) announced: Vec<(&'static str, Print)>,
    /// The latest moment that it tells of.
    pub(super) until: Option<Timestamp>,
}

/// How a row has read, one after the other.
#[derive(Default)]
pub(super) struct Images {
    /// Before the last change, as far as the journal tells.
    pub(super) earlier: Vec<Arc<str>>,
    /// After it; none where the row is gone.
    pub(super) last: Option<Arc<str>>,
}

/// Reads the journal in `folder`; nothing where there is none.
pub(crate) fn read(
    disk: &dyn Disk,
    folder: &Path,
) -> Result<(Past, Option<JournalReport>), OpenError> {
    let (mut past, mut report) = (Past::default(), JournalReport::default());
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

impl Past {
    /// Whether nothing was committed since the checkpoint: whoever has changed the files since has
    /// changed them in their final form.
    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty() && self.events.is_empty() && self.patches.is_empty()
    }

    /// Takes a frame in; returns how many commits it is.
    fn take(&mut self, payload: &[u8]) -> u64 {
        let entries = entry::parse(payload).unwrap_or_default();
        let mut commits = 0;
        for entry in entries {
            commits = u64::from(
                commits > 0 || !matches!(entry, Entry::Segment { .. } | Entry::Flush { .. }),
            );
            match entry {
                Entry::Segment { .. } => {}
                Entry::Flush { file, print } => self.announced.push((file, print)),
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

/// Where the segment before this one ends, as this one's first frame says, and that one's epoch. What
/// follows there was refused, and must not come back.
fn end_before(epoch: u64, bytes: &[u8]) -> Option<(u64, usize)> {
    let frame = segment::read_frame(bytes).filter(|frame| frame.link.epoch == epoch)?;
    match entry::parse(frame.payload)?.first()? {
        Entry::Segment { previous: Some(previous), length } => {
            Some((*previous, usize::try_from(*length).ok()?))
        }
        _ => None,
    }
}

/// The valid frames of a segment, and the bytes between them that are none: from, to, and whether
/// nothing follows. A checksum tells a frame from everything else, wherever it stands.
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

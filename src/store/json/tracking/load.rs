//! Loads a tracking file: the index and the checksum of a million events, without their text.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::event;
use super::index::{EventKind, Index, Place, Summary};
use super::mark::Mark;
use super::patch::{self, Patch};
use super::reader::Reader;
use super::row::RowSpans;
use super::saved::SavedIndex;
use super::whole::WholeChecksum;
use crate::disk::DiskFile;
use crate::domain::{EventId, Timestamp};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields;
use crate::store::json::tinydb::file::DEFAULT_TABLE;
use crate::store::json::tinydb::pyjson::{self, Scanner};

/// A loaded tracking file.
pub(crate) struct Loaded {
    pub(crate) index: Index,
    /// The offset of the next row.
    pub(crate) end: u64,
    /// The checksum up to there.
    pub(crate) crc: crc32fast::Hasher,
    /// The checksum of all bytes up to there.
    pub(crate) whole: WholeChecksum,
    /// The number of rows whose index was read from its file.
    pub(crate) saved: u64,
    /// The reversals among the events: the id of the reversed event, and that of the reversal.
    pub(crate) reversals: Vec<(Arc<str>, EventId)>,
    /// Complete rows after the mark.
    pub(crate) tail: Vec<(RowNumber, String)>,
    /// Whether rows can be appended, and found by their numbers.
    pub(crate) appendable: bool,
}

/// After this many rows, their mean length predicts the number of rows.
const SAMPLE: usize = 1000;

/// Reads a file, which must not be empty.
///
/// With a mark, the part before it must match, and complete rows after it are read but not indexed.
/// `patches`, ordered by offset, are applied to what is read. `progress` is called for each piece. Only what comes after
/// `saved` is read.
pub(crate) fn load(
    file: &dyn DiskFile,
    path: &Path,
    mark: Option<Mark>,
    patches: &[Patch],
    progress: &Progress,
    saved: Option<SavedIndex>,
) -> Result<Loaded, OpenError> {
    let total = file.len().map_err(OpenError::io(path))?;
    let mut reader = Reader::new(file, path, patches, (progress, total));
    let mut loaded = reader.begin(saved)?;
    if !loaded.appendable {
        return Ok(loaded);
    }
    let is_marked = mark.is_some();
    reader.read_rows(mark, &mut loaded)?;
    loaded.index.sort();
    loaded.appendable = is_marked
        || reader.closes()?
            && !reader.has_line_breaks
            && !reader.lacks_space
            && loaded.index.rows_ascend();
    Ok(loaded)
}

impl Loaded {
    /// Nothing, before the first byte.
    pub(super) fn empty() -> Self {
        Self {
            index: Index::new(),
            end: 0,
            crc: crc32fast::Hasher::new(),
            whole: WholeChecksum::default(),
            saved: 0,
            reversals: Vec::new(),
            tail: Vec::new(),
            appendable: true,
        }
    }

    /// The part of the file that an index describes.
    fn after(SavedIndex { index, extent, reversals }: SavedIndex) -> Self {
        let mark = extent.mark;
        Self {
            index,
            end: mark.len,
            crc: crc32fast::Hasher::new_with_initial(mark.crc),
            whole: WholeChecksum::of(extent.whole, mark.len),
            saved: mark.rows,
            reversals,
            ..Self::empty()
        }
    }
}

impl Reader<'_> {
    /// Moves to the first row, or to the first one that `saved` does not contain. Not appendable if there is no table.
    fn begin(&mut self, saved: Option<SavedIndex>) -> Result<Loaded, OpenError> {
        let mut loaded = saved.map_or_else(Loaded::empty, Loaded::after);
        self.whole = Some(loaded.whole.clone());
        if loaded.saved > 0 {
            self.base = loaded.end;
        } else if self.find_default_table(&mut |_, _, _| {})? {
            loaded.end = self.offset();
            self.hash_until(&mut loaded.crc, loaded.end);
        } else {
            self.ends()?;
            loaded.appendable = false;
        }
        Ok(loaded)
    }

    /// Indexes the rows up to the mark and reads the complete ones after it; without a mark,
    /// indexes all.
    fn read_rows(&mut self, mark: Option<Mark>, loaded: &mut Loaded) -> Result<(), OpenError> {
        let path = self.path;
        let differs = |byte| {
            let cause = "the synced part has changed: another program has written this file \
                         after Goldstar ended without a clean stop, or the disk has lost data";
            OpenError::from(Damage::new(DamageKind::Foreign, path, byte, cause))
        };
        let mut first = loaded.index.len() == 0;
        loop {
            if let Some(mark) = mark
                && loaded.end >= mark.len
            {
                self.end_hashes(loaded);
                if loaded.end != mark.len || loaded.crc.clone().finalize() != mark.crc {
                    return Err(differs(loaded.end));
                }
                loaded.tail = self.tail(first)?;
                return Ok(());
            }
            let Some(row) = self.row(first)? else { break };
            first = false;
            self.add(&row, loaded)?;
            if loaded.index.len() == SAMPLE && loaded.saved == 0 {
                loaded.index.expect(self.expected_rows(loaded.end));
            }
        }
        self.end_hashes(loaded);
        match mark {
            Some(_) => Err(differs(loaded.end)),
            None => Ok(()),
        }
    }

    /// The expected number of rows if [`SAMPLE`] of them end at that offset, plus a reserve. Very
    /// short first rows would predict too many.
    fn expected_rows(&self, end: u64) -> usize {
        let rows = self.progress.1 / (end / SAMPLE as u64).max(200);
        usize::try_from(rows + rows / 32).unwrap_or(usize::MAX)
    }

    /// Adds a row to the index and to the checksum.
    fn add(&mut self, row: &RowSpans, loaded: &mut Loaded) -> Result<(), OpenError> {
        let (offset, text) = self.text(row)?;
        let field = |span: &Range<usize>| {
            let start = span.start.saturating_sub(row.value.start);
            text.get(start..start + span.len()).unwrap_or_default()
        };
        let [user, child, entity_type, entity, action, occurred, created, id, metadata] =
            row.fields.each_ref().map(field);
        let string = |raw| pyjson::decode_string(raw).unwrap_or_default();
        let occurred_at = fields::moment(occurred).unwrap_or(Timestamp::EPOCH);
        let (id, action) = (string(id), string(action));
        let reversed = event::reverses(&action, metadata);
        loaded.reversals.extend(reversed.map(|reversed| (reversed, EventId::from(&*id))));
        let created_at = if created == occurred { None } else { fields::moment(created) };
        loaded.index.push_unsorted(&Summary {
            row: self.row_number(row)?,
            place: Place { offset, len: u32::try_from(row.value.len()).unwrap_or(u32::MAX) },
            id: &id,
            user_id: pyjson::decode_string(user).as_deref(),
            child_id: &string(child),
            entity_id: &string(entity),
            kind: EventKind::parse(&string(entity_type), &action),
            occurred_at,
            created_at: created_at.unwrap_or(occurred_at),
        });
        for span in &row.personal {
            let is_text = self.buffer[span.clone()].starts_with(b"\"");
            self.lacks_space |= is_text && patch::lacks_space(span);
            // The rest is hashed with the next row: hashing short pieces is slower.
            loaded.crc.update(&self.buffer[self.hashed..span.start]);
            self.hashed = span.end;
        }
        loaded.end = self.base + row.value.end as u64;
        Ok(())
    }

    /// Completes the checksums up to the end of the last row.
    fn end_hashes(&mut self, loaded: &mut Loaded) {
        self.hash_until(&mut loaded.crc, loaded.end);
        self.hash_whole();
        loaded.whole = self.whole.take().unwrap_or_default();
    }

    fn hash_until(&mut self, crc: &mut crc32fast::Hasher, offset: u64) {
        let end = usize::try_from(offset - self.base).unwrap_or(self.buffer.len());
        crc.update(&self.buffer[self.hashed..end]);
        self.hashed = end;
    }

    /// The complete rows from here on, up to the table's end or to the first text that is not a
    /// row.
    fn tail(&mut self, mut first: bool) -> Result<Vec<(RowNumber, String)>, OpenError> {
        let mut rows = Vec::new();
        loop {
            match self.row(first) {
                Ok(Some(row)) => {
                    let text = String::from_utf8(self.buffer[row.value.clone()].to_vec());
                    match (self.row_number(&row), text) {
                        (Ok(number), Ok(text)) => rows.push((number, text)),
                        _ => return Ok(rows),
                    }
                }
                Ok(None) | Err(OpenError::Damaged(_)) => return Ok(rows),
                Err(error) => return Err(error),
            }
            first = false;
        }
    }

    /// Whether the default table is the last member. Reads the rest of the file.
    fn closes(&mut self) -> Result<bool, OpenError> {
        let mut is_last = true;
        let next = |scanner: &mut Scanner<'_>| {
            let more = scanner.next_item(b'}', false)?;
            if more { scanner.name().map(Some) } else { Ok(None) }
        };
        while let (Some(name), start) = self.take(next)? {
            is_last = false;
            let name = self.utf8(start + name.start..start + name.end)?;
            if pyjson::decode_string(name).as_deref() == Some(DEFAULT_TABLE) {
                self.take(|scanner| scanner.take(b'{', "an opening brace"))?;
                self.skip_rows()?;
            } else {
                self.skip_value()?;
            }
        }
        self.ends()?;
        Ok(is_last)
    }
}

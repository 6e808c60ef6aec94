//! Reads a tracking file in pieces: the index and the checksum of a million events, without keeping
//! their text.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::index::{EventKind, Index, Place, Summary};
use super::patch::{self, Patch};
use super::row::{RowSpans, Shape, scan_row};
use crate::disk::DiskFile;
use crate::domain::{RowNumber, Timestamp};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::fields;
use crate::store::json::tinydb::file::{DEFAULT_TABLE, row_number};
use crate::store::json::tinydb::pyjson::{self, Fault, Scanner};

/// The synced part of a tracking file, in a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The offset of the end of its last row.
    pub(crate) len: u64,
    /// CRC-32 of those bytes without the value of each row's `user_id` and the spaces after it, so
    /// that an anonymisation does not change it.
    pub(crate) crc: u32,
    /// The number of rows.
    pub(crate) rows: u64,
    /// The largest row number; 0 if there are no rows.
    pub(crate) last_row: RowNumber,
}

/// A loaded tracking file.
pub(crate) struct Loaded {
    pub(crate) index: Index,
    /// The offset of the next row.
    pub(crate) end: u64,
    /// The checksum up to there.
    pub(crate) crc: crc32fast::Hasher,
    /// Complete rows after the mark.
    pub(crate) tail: Vec<(RowNumber, String)>,
    /// Whether rows can be appended, and found by their numbers.
    pub(crate) appendable: bool,
}

/// The bytes of one read: they stay in the processor's cache while they are scanned and hashed.
const PIECE: usize = 1 << 18;

/// After this many rows, their mean length predicts the number of rows.
const SAMPLE: usize = 1000;

/// Reads a file, which must not be empty.
///
/// With a mark, the part before it must match, and complete rows after it are read but not indexed.
/// `patches`, ordered by offset, are applied to what is read. `progress` is called for each piece.
pub(crate) fn load(
    file: &dyn DiskFile,
    path: &Path,
    mark: Option<Mark>,
    patches: &[Patch],
    progress: &Progress,
) -> Result<Loaded, OpenError> {
    let total = file.len().map_err(OpenError::io(path))?;
    let mut reader = Reader::new(file, path, patches, (progress, total));
    let mut loaded = Loaded {
        index: Index::new(),
        end: 0,
        crc: crc32fast::Hasher::new(),
        tail: Vec::new(),
        appendable: true,
    };
    if !reader.find_default_table(&mut |_, _, _| {})? {
        reader.ends()?;
        loaded.appendable = false;
        return Ok(loaded);
    }
    loaded.end = reader.offset();
    reader.hash_until(&mut loaded.crc, loaded.end);
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

/// Receives a member besides the default table: the JSON text of its name, the offset of its value,
/// and the value.
pub(crate) type Other<'a> = &'a mut dyn FnMut(&str, u64, &str);

pub(crate) struct Reader<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    patches: &'a [Patch],
    /// Where progress is reported, and the length of the file.
    progress: (&'a Progress, u64),
    buffer: Vec<u8>,
    /// The file offset of the buffer.
    base: u64,
    /// The next byte to scan, in the buffer.
    at: usize,
    /// The next byte to hash, in the buffer.
    hashed: usize,
    complete: bool,
    shape: Shape,
    has_line_breaks: bool,
    /// Whether `null` does not fit in place of some account's id.
    lacks_space: bool,
}

impl Drop for Reader<'_> {
    /// The end is the end of the file.
    fn drop(&mut self) {
        let (progress, total) = self.progress;
        progress.report(self.path, total, total);
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        file: &'a dyn DiskFile,
        path: &'a Path,
        patches: &'a [Patch],
        progress: (&'a Progress, u64),
    ) -> Self {
        Self {
            file,
            path,
            patches,
            progress,
            buffer: Vec::new(),
            base: 0,
            at: 0,
            hashed: 0,
            complete: false,
            shape: Shape::default(),
            has_line_breaks: false,
            lacks_space: false,
        }
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads the next piece, and keeps the bytes that are not hashed yet.
    fn fill(&mut self) -> Result<(), OpenError> {
        self.buffer.drain(..self.hashed);
        self.base += self.hashed as u64;
        self.at -= self.hashed;
        self.hashed = 0;
        let len = self.buffer.len();
        // One byte more detects the end.
        let left = self.progress.1.saturating_sub(self.base + len as u64) + 1;
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        self.buffer.resize(len + left.min(PIECE.max(len)), 0);
        let count = loop {
            match self.file.read_at(&mut self.buffer[len..], self.base + len as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(OpenError::io(self.path))?,
            }
        };
        self.complete = count == 0;
        self.buffer.truncate(len + count);
        patch::overlay(&mut self.buffer[len..], self.base + len as u64, self.patches);
        let (progress, total) = self.progress;
        progress.report(self.path, self.base + self.buffer.len() as u64, total);
        self.has_line_breaks |= memchr::memchr(b'\n', &self.buffer[len..]).is_some();
        Ok(())
    }

    /// Runs `parse`, and reads more if the buffer ends inside of it.
    fn take<T>(
        &mut self,
        mut parse: impl FnMut(&mut Scanner<'_>) -> Result<T, Fault>,
    ) -> Result<(T, usize), OpenError> {
        loop {
            let mut scanner = Scanner::new(&self.buffer[self.at..]);
            match parse(&mut scanner) {
                Ok(value) => {
                    let start = self.at;
                    self.at += scanner.position();
                    return Ok((value, start));
                }
                Err(Fault::Ended) if !self.complete => self.fill()?,
                Err(fault) => {
                    let rest = &self.buffer[self.at..];
                    return Err(Damage::not_json(self.path, self.offset(), rest, fault).into());
                }
            }
        }
    }

    /// Moves to the first row; returns false if there is no default table. `other` receives the
    /// members before it.
    pub(crate) fn find_default_table(&mut self, other: Other<'_>) -> Result<bool, OpenError> {
        self.fill()?;
        if let Some(damage) = Damage::other_format(self.path, &self.buffer) {
            return Err(damage.into());
        }
        self.take(|scanner| scanner.take(b'{', "an opening brace"))?;
        self.next_default_table(true, other)
    }

    /// Moves to the first row of the next default table; returns false if there is none. `other`
    /// receives the members before it.
    pub(crate) fn next_default_table(
        &mut self,
        mut first: bool,
        other: Other<'_>,
    ) -> Result<bool, OpenError> {
        loop {
            let (name, start) = self.take(|scanner| {
                if !scanner.next_item(b'}', first)? {
                    return Ok(None);
                }
                scanner.name().map(Some)
            })?;
            let Some(name) = name else { return Ok(false) };
            first = false;
            let name = self.utf8(start + name.start..start + name.end)?.to_owned();
            if pyjson::decode_string(&name).as_deref() == Some(DEFAULT_TABLE) {
                self.take(|scanner| scanner.take(b'{', "an opening brace"))?;
                return Ok(true);
            }
            let value = self.skip_value()?;
            other(&name, self.base + value.start as u64, self.utf8(value)?);
        }
    }

    /// Skips a value.
    fn skip_value(&mut self) -> Result<Range<usize>, OpenError> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method's path has one lifetime, and any is needed"
        )]
        let (value, start) = self.take(|scanner| scanner.value())?;
        let value = start + value.start..start + value.end;
        self.utf8(value.clone())?;
        Ok(value)
    }

    /// The text of a span of the buffer.
    fn utf8(&self, span: Range<usize>) -> Result<&str, Damage> {
        let byte = self.base + span.start as u64;
        let text = std::str::from_utf8(&self.buffer[span]);
        text.map_err(|error| Damage::not_utf8(self.path, byte, error))
    }

    /// Indexes the rows up to the mark and reads the complete ones after it; without a mark,
    /// indexes all.
    fn read_rows(&mut self, mark: Option<Mark>, loaded: &mut Loaded) -> Result<(), OpenError> {
        let path = self.path;
        let differs = |byte| {
            let cause = "the part that had been synced has changed: another program wrote here \
                         after Goldstar had stopped without tidying up, or the disk lost what it \
                         had";
            OpenError::from(Damage::new(DamageKind::Foreign, path, byte, cause))
        };
        let mut first = true;
        loop {
            if let Some(mark) = mark
                && loaded.end >= mark.len
            {
                self.hash_until(&mut loaded.crc, loaded.end);
                if loaded.end != mark.len || loaded.crc.clone().finalize() != mark.crc {
                    return Err(differs(loaded.end));
                }
                loaded.tail = self.tail(first)?;
                return Ok(());
            }
            let Some(row) = self.row(first)? else { break };
            first = false;
            self.add(&row, loaded)?;
            if loaded.index.len() == SAMPLE {
                loaded.index.expect(self.expected_rows(loaded.end));
            }
        }
        self.hash_until(&mut loaded.crc, loaded.end);
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

    /// Reads the next row; `None` at the end of the table.
    pub(crate) fn row(&mut self, first: bool) -> Result<Option<RowSpans>, OpenError> {
        let mut shape = std::mem::take(&mut self.shape);
        let taken = self.take(|scanner| scan_row(scanner, first, &mut shape));
        self.shape = shape;
        let (row, start) = taken?;
        Ok(row.map(|row| row.moved(start)))
    }

    /// The offset and the text of a row.
    pub(crate) fn text(&self, row: &RowSpans) -> Result<(u64, &str), OpenError> {
        Ok((self.base + row.value.start as u64, self.utf8(row.value.clone())?))
    }

    /// Drops a row that is not hashed from the buffer.
    pub(crate) fn let_go(&mut self, row: &RowSpans) {
        self.hashed = row.value.end;
    }

    /// Adds a row to the index and to the checksum.
    fn add(&mut self, row: &RowSpans, loaded: &mut Loaded) -> Result<(), OpenError> {
        let (offset, text) = self.text(row)?;
        let field = |span: &Range<usize>| {
            let start = span.start.saturating_sub(row.value.start);
            text.get(start..start + span.len()).unwrap_or_default()
        };
        let [user, child, entity_type, entity, action, occurred, created] =
            row.fields.each_ref().map(field);
        let string = |raw| pyjson::decode_string(raw).unwrap_or_default();
        let occurred_at = fields::moment(occurred).unwrap_or(Timestamp::EPOCH);
        let created_at = if created == occurred { None } else { fields::moment(created) };
        loaded.index.push_unsorted(&Summary {
            row: self.row_number(row)?,
            place: Place { offset, len: u32::try_from(row.value.len()).unwrap_or(u32::MAX) },
            user_id: pyjson::decode_string(user).as_deref(),
            child_id: &string(child),
            entity_id: &string(entity),
            kind: EventKind::parse(&string(entity_type), &string(action)),
            occurred_at,
            created_at: created_at.unwrap_or(occurred_at),
        });
        self.lacks_space |= user.starts_with('"') && patch::lacks_space(&row.user_id_at);
        // The rest is hashed with the next row: hashing short pieces is slower.
        loaded.crc.update(&self.buffer[self.hashed..row.user_id_at.start]);
        self.hashed = row.user_id_at.end;
        loaded.end = self.base + row.value.end as u64;
        Ok(())
    }

    pub(crate) fn row_number(&self, row: &RowSpans) -> Result<RowNumber, OpenError> {
        let name = std::str::from_utf8(&self.buffer[row.name.clone()]).ok();
        name.and_then(row_number).ok_or_else(|| {
            let byte = self.base + row.name.start as u64;
            Damage::row_name(self.path, byte).into()
        })
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

    /// Reads the rows of another default table, which replaces the one before it.
    pub(crate) fn skip_rows(&mut self) -> Result<(), OpenError> {
        let mut first = true;
        while let Some(row) = self.row(first)? {
            first = false;
            self.row_number(&row)?;
            self.text(&row)?;
            self.let_go(&row);
        }
        Ok(())
    }

    /// Fails if anything but white space follows.
    fn ends(&mut self) -> Result<(), OpenError> {
        while !self.complete {
            self.fill()?;
        }
        self.take(|scanner| scanner.end().map(drop)).map(drop)
    }
}

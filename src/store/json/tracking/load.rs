//! Reads a tracking file from front to end, a piece at a time: the index and the checksum of a
//! million events, without holding their text.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::index::{Index, Kind, Place, Summary};
use super::patch::{self, Patch};
use super::row::{RowSpans, Shape, scan_row};
use crate::disk::DiskFile;
use crate::domain::{RowNumber, Timestamp};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::fields;
use crate::store::json::tinydb::file::{DEFAULT_TABLE, row_number};
use crate::store::json::tinydb::pyjson::{self, Fault, Scanner};

/// How far a tracking file is synced: what a checkpoint notes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The bytes up to the end of its last row.
    pub(crate) len: u64,
    /// CRC-32 of those bytes, less the value of each row's `user_id` and the spaces behind it: an
    /// anonymised row has the same one.
    pub(crate) crc: u32,
    /// How many rows there are.
    pub(crate) rows: u64,
    /// The largest number of a row; 0 where there is none.
    pub(crate) last_row: RowNumber,
}

/// A tracking file that was read.
pub(crate) struct Loaded {
    pub(crate) index: Index,
    /// Where the next row goes.
    pub(crate) end: u64,
    /// The checksum of everything before that.
    pub(crate) crc: crc32fast::Hasher,
    /// Whole rows behind the mark.
    pub(crate) tail: Vec<(RowNumber, String)>,
    /// Whether it is in the shape that rows can be appended to, and found by their numbers.
    pub(crate) appendable: bool,
}

/// How much is read at once: it stays in the processor's cache while it is scanned and hashed.
const PIECE: usize = 1 << 18;

/// After so many rows, their mean length says how many there will be.
const SAMPLE: usize = 1000;

/// Reads a file that isn't empty.
///
/// With a mark, the part before it must be what the mark says; what follows it is read as far as it
/// is whole rows, and isn't indexed. The file is read as if `patches`, ordered by their offsets, were
/// written to it already. `progress` is told of each piece.
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
            && !reader.is_cramped
            && loaded.index.rows_ascend();
    Ok(loaded)
}

/// Gets a member of the file that isn't the default table: the JSON text of its name, where its value
/// begins, and the value's text.
pub(crate) type Other<'a> = &'a mut dyn FnMut(&str, u64, &str);

pub(crate) struct Reader<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    patches: &'a [Patch],
    /// Who is told how far this has come, and the length of the file.
    progress: (&'a Progress, u64),
    buffer: Vec<u8>,
    /// The offset in the file of the buffer's first byte.
    base: u64,
    /// The next byte to be read, in the buffer.
    at: usize,
    /// The next byte to be hashed, in the buffer.
    hashed: usize,
    complete: bool,
    shape: Shape,
    has_line_breaks: bool,
    /// Whether an account's id leaves no room for `null`.
    is_cramped: bool,
}

impl Drop for Reader<'_> {
    /// Wherever this has stopped, nothing more comes.
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
            is_cramped: false,
        }
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads on, past what was hashed, keeping what wasn't.
    fn fill(&mut self) -> Result<(), OpenError> {
        self.buffer.drain(..self.hashed);
        self.base += self.hashed as u64;
        self.at -= self.hashed;
        self.hashed = 0;
        let len = self.buffer.len();
        // One byte beyond the end shows that it is the end.
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

    /// Takes what `parse` takes, reading on where the buffer ends in the middle of it.
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

    /// Goes to the first row; false where there is no default table. `other` gets the members in front
    /// of it.
    pub(crate) fn find_default_table(&mut self, other: Other<'_>) -> Result<bool, OpenError> {
        self.fill()?;
        if let Some(damage) = Damage::other_format(self.path, &self.buffer) {
            return Err(damage.into());
        }
        self.take(|scanner| scanner.take(b'{', "an opening brace"))?;
        self.next_default_table(true, other)
    }

    /// Goes to the first row of the next default table; false where none follows. `other` gets the
    /// members before that.
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

    /// Takes a value that nothing is made of.
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

    /// Adds the rows up to the mark and takes the whole ones behind it; without a mark, adds all.
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

    /// How many rows there will be where [`SAMPLE`] of them end at that offset, and some more. Were
    /// the first ones of a few bytes only, they would promise too much.
    fn expected_rows(&self, end: u64) -> usize {
        let rows = self.progress.1 / (end / SAMPLE as u64).max(200);
        usize::try_from(rows + rows / 32).unwrap_or(usize::MAX)
    }

    /// Takes the next row; none at the end of the table.
    pub(crate) fn row(&mut self, first: bool) -> Result<Option<RowSpans>, OpenError> {
        let mut shape = std::mem::take(&mut self.shape);
        let taken = self.take(|scanner| scan_row(scanner, first, &mut shape));
        self.shape = shape;
        let (row, start) = taken?;
        Ok(row.map(|row| row.moved(start)))
    }

    /// Where a row's text begins in the file, and the text.
    pub(crate) fn text(&self, row: &RowSpans) -> Result<(u64, &str), OpenError> {
        Ok((self.base + row.value.start as u64, self.utf8(row.value.clone())?))
    }

    /// Makes room for what follows a row that isn't hashed.
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
            kind: Kind::parse(&string(entity_type), &string(action)),
            occurred_at,
            created_at: created_at.unwrap_or(occurred_at),
        });
        self.is_cramped |= user.starts_with('"') && patch::is_cramped(&row.masked);
        // What follows is hashed with the next row's beginning: short pieces take longer.
        loaded.crc.update(&self.buffer[self.hashed..row.masked.start]);
        self.hashed = row.masked.end;
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

    /// The whole rows from here on, up to the table's end or to what is no row.
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

    /// Whether the default table is the file's last one. Reads the file to its end.
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

    /// Takes the rows of a further default table, which counts instead of the one before it.
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

    /// Fails where anything but blanks follows.
    fn ends(&mut self) -> Result<(), OpenError> {
        while !self.complete {
            self.fill()?;
        }
        self.take(|scanner| scanner.end().map(drop)).map(drop)
    }
}

//! Reads a tracking file in pieces, row by row.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::patch::{self, Patch};
use super::row::{RowSpans, Shape, scan_row};
use super::whole::WholeChecksum;
use crate::disk::DiskFile;
use crate::store::json::damage::{Damage, OpenError};
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::{DEFAULT_TABLE, row_number};
use crate::store::json::tinydb::pyjson::{self, Fault, Scanner};

/// The bytes of one read: they stay in the processor's cache while they are scanned and hashed.
const PIECE: usize = 1 << 18;

/// Receives a member besides the default table: the JSON text of its name, the offset of its value,
/// and the value.
pub(crate) type Other<'a> = &'a mut dyn FnMut(&str, u64, &str);

pub(crate) struct Reader<'a> {
    file: &'a dyn DiskFile,
    pub(super) path: &'a Path,
    patches: &'a [Patch],
    /// Where progress is reported, and the length of the file.
    pub(super) progress: (&'a Progress, u64),
    pub(super) buffer: Vec<u8>,
    /// The file offset of the buffer.
    pub(super) base: u64,
    /// The next byte to scan, in the buffer.
    pub(super) at: usize,
    /// The next byte to hash, in the buffer.
    pub(super) hashed: usize,
    /// The checksum of all bytes before `whole_at`, in the buffer; `None` if it is not needed.
    pub(super) whole: Option<WholeChecksum>,
    whole_at: usize,
    complete: bool,
    shape: Shape,
    pub(super) has_line_breaks: bool,
    /// Whether `null` does not fit in place of some account's id.
    pub(super) lacks_space: bool,
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
            whole: None,
            whole_at: 0,
            complete: false,
            shape: Shape::default(),
            has_line_breaks: false,
            lacks_space: false,
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads the next piece, and keeps the bytes that are not hashed yet.
    pub(super) fn fill(&mut self) -> Result<(), OpenError> {
        self.hash_whole();
        self.whole_at = 0;
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

    /// Adds what is hashed to the checksum of all bytes.
    pub(super) fn hash_whole(&mut self) {
        if let Some(whole) = &mut self.whole {
            whole.update(&self.buffer[self.whole_at..self.hashed]);
            self.whole_at = self.hashed;
        }
    }

    /// Runs `parse`, and reads more if the buffer ends inside of it.
    pub(super) fn take<T>(
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
    pub(super) fn skip_value(&mut self) -> Result<Range<usize>, OpenError> {
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
    pub(super) fn utf8(&self, span: Range<usize>) -> Result<&str, Damage> {
        let byte = self.base + span.start as u64;
        let text = std::str::from_utf8(&self.buffer[span]);
        text.map_err(|error| Damage::not_utf8(self.path, byte, error))
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

    pub(crate) fn row_number(&self, row: &RowSpans) -> Result<RowNumber, OpenError> {
        let name = std::str::from_utf8(&self.buffer[row.name.clone()]).ok();
        name.and_then(row_number).ok_or_else(|| {
            let byte = self.base + row.name.start as u64;
            Damage::row_name(self.path, byte).into()
        })
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
    pub(super) fn ends(&mut self) -> Result<(), OpenError> {
        while !self.complete {
            self.fill()?;
        }
        self.take(|scanner| scanner.end().map(drop)).map(drop)
    }
}

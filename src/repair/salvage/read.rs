//! Reads everything that can still be read of a damaged TinyDB file.
//!
//! The text is parsed by its grammar: `{"table": {"1": {…}, …}, …}`. While that succeeds, every
//! value is accepted as it is. After an error, the parser searches for the next place from which
//! the grammar matches again. The depth there is unknown, and an object within a broken row,
//! `"metadata":{"1": {…}}`, looks like a row. So it continues only
//!
//! - at an object under a number that has a record's fields, outside of every other complete object;
//! - at a table that is named `_default`;
//! - at other tables that are complete and lead to the end of the text.
//!
//! After that row, the grammar applies again.

use std::ops::Range;

use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::{DEFAULT_TABLE, number_of};
use crate::store::json::tinydb::pyjson::{self, Fault, Scanner};

/// The contents of a file.
#[derive(Default)]
pub(crate) struct Reading<'a> {
    /// The rows of the default table, in order.
    pub(crate) rows: Vec<FoundRow<'a>>,
    /// The other complete tables, as JSON members.
    pub(super) others: Vec<&'a str>,
    /// The bytes that could not be read.
    pub(crate) gaps: Vec<Gap>,
}

pub(crate) struct FoundRow<'a> {
    /// `None` if it cannot be read.
    pub(crate) number: Option<RowNumber>,
    /// The offset of its name.
    pub(crate) at: usize,
    pub(crate) text: &'a str,
    /// Whether it follows a complete text: an older, longer version of the file, or another
    /// program, has left it.
    pub(crate) is_remains: bool,
}

/// Bytes that could not be read.
pub(crate) struct Gap {
    pub(crate) bytes: Range<usize>,
    /// The rows that start there, with those of their fields that can be read.
    pub(super) rows: Vec<(RowNumber, Option<String>)>,
    /// Whether they follow a complete text.
    pub(crate) is_remains: bool,
}

/// Reads a damaged file. `is_record` recognises the records of its default table.
pub(crate) fn read<'a>(text: &'a [u8], is_record: &dyn Fn(&str) -> bool) -> Reading<'a> {
    let reading = Reading::default();
    let mut walk =
        Walk { text, is_record, reading, at: 0, in_remains: false, in_other_table: false };
    let mut step = Step::Root;
    loop {
        step = match step {
            Step::Root => walk.root(),
            Step::Member { first } => walk.member(first),
            Step::Row { first } => walk.row(first),
            Step::Lost => walk.find_next(),
            Step::Behind => walk.behind(),
            Step::End => return walk.reading,
        };
    }
}

/// The state of the parser.
enum Step {
    /// Before the opening brace of the text.
    Root,
    /// Between the tables.
    Member { first: bool },
    /// Between the rows of the default table.
    Row { first: bool },
    /// After an error.
    Lost,
    /// After the closing brace of the text.
    Behind,
    /// At the end.
    End,
}

struct Walk<'a, 'r> {
    text: &'a [u8],
    is_record: &'r dyn Fn(&str) -> bool,
    reading: Reading<'a>,
    at: usize,
    in_remains: bool,
    /// Whether the error is in another table than the default one: the next rows belong to that
    /// table.
    in_other_table: bool,
}

impl<'a> Walk<'a, '_> {
    fn root(&mut self) -> Step {
        match self.scan(|scanner| scanner.take(b'{', "")) {
            Some(_) => Step::Member { first: true },
            None => Step::Lost,
        }
    }

    fn member(&mut self, first: bool) -> Step {
        let start = self.at;
        let Some((more, _)) = self.scan(|scanner| scanner.next_item(b'}', first)) else {
            return Step::Lost;
        };
        if !more {
            return Step::Behind;
        }
        let (name_start, name) = (self.at, self.scan(Scanner::name));
        let Some(name) = name.and_then(|(name, base)| self.string(shift(name, base))) else {
            self.at = start;
            return Step::Lost;
        };
        if name == DEFAULT_TABLE {
            if self.scan(|scanner| scanner.take(b'{', "")).is_some() {
                return Step::Row { first: true };
            }
            self.at = start;
            return Step::Lost;
        }
        let whole = self.scan(Scanner::value).and_then(|_| self.utf8(name_start..self.at));
        let Some(member) = whole else {
            self.at = start;
            self.in_other_table = true;
            return Step::Lost;
        };
        self.reading.others.push(member.trim());
        Step::Member { first: false }
    }

    fn row(&mut self, first: bool) -> Step {
        let start = self.at;
        match self.scan(|scanner| scanner.next_item(b'}', first)) {
            Some((false, _)) => return Step::Member { first: false },
            Some((true, _)) => {}
            None => return Step::Lost,
        }
        let row = self.scan(|scanner| Ok((scanner.name()?, scanner.value()?)));
        let row = row.and_then(|((name, value), base)| {
            let at = name.start + base;
            let number = self.string(shift(name, base)).and_then(|name| number_of(&name));
            let text = self.utf8(shift(value, base))?;
            let is_row = text.starts_with('{') && !self.swallows(text);
            (is_row && (number.is_some() || (self.is_record)(text))).then_some((number, at, text))
        });
        let Some((number, at, text)) = row else {
            self.at = start;
            return Step::Lost;
        };
        self.push(number, at, text);
        Step::Row { first: false }
    }

    /// Finds the next place from which the grammar matches.
    fn find_next(&mut self) -> Step {
        let from = self.at;
        let mut at = from;
        while let Some(quote) = memchr::memchr(b'"', &self.text[at..]).map(|found| at + found) {
            let Some((name, brace)) = self.object_at(quote) else {
                at = quote + 1;
                continue;
            };
            if name == DEFAULT_TABLE {
                self.gap(from..quote);
                self.at = brace + 1;
                self.in_other_table = false;
                return Step::Row { first: true };
            }
            let number = number_of(&name);
            if number.is_none() && self.ends_with_tables(quote) {
                self.gap(from..quote);
                self.at = quote;
                self.in_other_table = false;
                return Step::Member { first: true };
            }
            // A row without its closing brace swallows the next rows. What is inside a field's
            // object belongs there.
            let whole = self.whole_object(brace);
            let whole = whole.filter(|(text, _)| number.is_none() || !self.swallows(text));
            let Some((text, end)) = whole else {
                at = brace + 1;
                continue;
            };
            if let Some(number) = number
                && !self.in_other_table
                && (self.is_record)(text)
            {
                self.gap(from..quote);
                self.push(Some(number), quote, text);
                self.at = end;
                return Step::Row { first: false };
            }
            at = end;
        }
        self.gap(from..self.text.len());
        Step::End
    }

    /// Continues after the closing brace of the text.
    fn behind(&mut self) -> Step {
        let rest = &self.text[self.at..];
        // The closing brace of a text with a gap may belong to something else: only a complete text
        // is known to be the newest.
        self.in_remains |= self.reading.gaps.is_empty();
        self.in_other_table = false;
        match rest.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => Step::End,
            Some(b'{') => Step::Root,
            Some(_) => Step::Lost,
        }
    }

    /// Parses the next item by the grammar: the item, and the offset from which its spans count. On
    /// an error the position does not change.
    fn scan<T>(
        &mut self,
        take: impl FnOnce(&mut Scanner<'a>) -> Result<T, Fault>,
    ) -> Option<(T, usize)> {
        let base = self.at;
        let mut scanner = Scanner::new(&self.text[base..]);
        let taken = take(&mut scanner).ok()?;
        self.at = base + scanner.position();
        Some((taken, base))
    }

    fn push(&mut self, number: Option<RowNumber>, at: usize, text: &'a str) {
        self.reading.rows.push(FoundRow { number, at, text, is_remains: self.in_remains });
    }

    /// Records bytes that could not be read.
    fn gap(&mut self, bytes: Range<usize>) {
        // NUL bytes after a complete text come from the file system, and mean nothing.
        let is_nothing = |byte: &u8| self.in_remains && *byte == 0;
        let skipped = |byte: &&u8| byte.is_ascii_whitespace() || **byte == b',' || is_nothing(byte);
        let start = bytes.start + self.text[bytes.clone()].iter().take_while(skipped).count();
        if start < bytes.end {
            let (bytes, is_remains) = (start..bytes.end, self.in_remains);
            let rows = self.rows_begun_in(&bytes);
            self.reading.gaps.push(Gap { bytes, rows, is_remains });
        }
    }

    /// The rows that start in a gap, with those ids that can be read.
    fn rows_begun_in(&self, gap: &Range<usize>) -> Vec<(RowNumber, Option<String>)> {
        let mut rows = Vec::new();
        let quotes = memchr::memchr_iter(b'"', &self.text[gap.clone()]);
        for quote in quotes.map(|found| gap.start + found) {
            let Some((name, brace)) = self.object_at(quote) else { continue };
            let Some(number) = number_of(&name) else { continue };
            let id = id_of_broken(&self.text[brace..]);
            // Without an id it may be an object within a row, except at the start of the gap.
            if id.is_some() || quote == gap.start {
                rows.push((number, id));
            }
        }
        rows
    }

    /// The name that starts at `quote`, and the brace of its value if that is an object.
    fn object_at(&self, quote: usize) -> Option<(String, usize)> {
        let mut scanner = Scanner::new(&self.text[quote..]);
        let name = scanner.name().ok()?;
        let brace = (scanner.peek() == Some(b'{')).then(|| quote + scanner.position())?;
        Some((self.string(shift(name, quote))?, brace))
    }

    /// The object that starts there and its end, if it is complete.
    fn whole_object(&self, brace: usize) -> Option<(&'a str, usize)> {
        let value = Scanner::new(&self.text[brace..]).value().ok()?;
        let end = brace + value.end;
        Some((self.utf8(brace..end)?, end))
    }

    /// Whether an object contains rows because its closing brace is damaged.
    fn swallows(&self, object: &str) -> bool {
        let members = pyjson::members(object.as_bytes()).unwrap_or_default();
        members.into_iter().any(|(name, value)| {
            let name = pyjson::decode_string(&object[name]);
            name.is_some_and(|name| number_of(&name).is_some()) && (self.is_record)(&object[value])
        })
    }

    /// Whether only complete tables follow until the closing brace of the text. An object in a row
    /// is followed by the brace of its row, and so does not match.
    fn ends_with_tables(&self, quote: usize) -> bool {
        let mut scanner = Scanner::new(&self.text[quote..]);
        let mut first = true;
        while let Ok(more) = scanner.next_item(b'}', first) {
            if !more {
                return scanner.end().is_ok();
            }
            first = false;
            let table = scanner.name().and_then(|_| scanner.value());
            if !table.is_ok_and(|table| self.is_table(shift(table, quote))) {
                return false;
            }
        }
        false
    }

    fn is_table(&self, span: Range<usize>) -> bool {
        let Some(text) = self.utf8(span) else { return false };
        let rows = pyjson::members(text.as_bytes()).unwrap_or_default();
        let is_row = |(name, value): &(Range<usize>, Range<usize>)| {
            let name = pyjson::decode_string(&text[name.clone()]);
            let number = name.and_then(|name| number_of(&name));
            number.is_some() && text[value.clone()].starts_with('{')
        };
        !rows.is_empty() && rows.iter().all(is_row)
    }

    fn string(&self, span: Range<usize>) -> Option<String> {
        Some(pyjson::decode_string(self.utf8(span)?)?.into_owned())
    }

    fn utf8(&self, span: Range<usize>) -> Option<&'a str> {
        std::str::from_utf8(&self.text[span]).ok()
    }
}

/// The `id` of an object whose end cannot be read.
fn id_of_broken(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner::new(text);
    scanner.take(b'{', "").ok()?;
    let mut first = true;
    while scanner.next_item(b'}', first).ok()? {
        first = false;
        let (name, value) = (scanner.name().ok()?, scanner.value().ok()?);
        if &text[name] == b"\"id\"" {
            let id = std::str::from_utf8(&text[value]).ok()?;
            return pyjson::decode_string(id).map(std::borrow::Cow::into_owned);
        }
    }
    None
}

fn shift(span: Range<usize>, base: usize) -> Range<usize> {
    span.start + base..span.end + base
}

#[cfg(test)]
mod tests;

//! Rows for `COPY … FROM STDIN (FORMAT binary)`.
//!
//! The format is described in the [PostgreSQL manual].
//!
//! [PostgreSQL manual]: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4

use std::borrow::Cow;

use bytes::Bytes;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The rows of one `COPY`.
pub(crate) struct CopyRows {
    bytes: Vec<u8>,
}

impl Default for CopyRows {
    fn default() -> Self {
        Self { bytes: HEADER.to_vec() }
    }
}

impl CopyRows {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER.len()
    }

    /// In bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Begins a row, whose columns follow.
    pub(crate) fn row(&mut self, columns: i16) -> &mut Self {
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.column(text.as_bytes())
    }

    /// A text that may contain U+0000.
    pub(crate) fn lookup(&mut self, text: &str) -> &mut Self {
        self.text(&storable(text.into()))
    }

    pub(crate) fn bigint(&mut self, number: i64) -> &mut Self {
        self.column(&number.to_be_bytes())
    }

    pub(crate) fn integer(&mut self, number: i32) -> &mut Self {
        self.column(&number.to_be_bytes())
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.column(&[u8::from(value)])
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    fn column(&mut self, bytes: &[u8]) -> &mut Self {
        // A row of a file is far smaller; PostgreSQL refuses a wrong length.
        let len = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&len.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// The whole input of the `COPY`.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        self.bytes.into()
    }
}

/// The text with U+FFFD instead of U+0000, which PostgreSQL cannot store.
pub(crate) fn storable(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_length() {
        let mut rows = CopyRows::default();
        assert!(rows.is_empty());
        rows.row(3).lookup("a\0").null().boolean(true);
        let bytes = rows.into_bytes();
        let row = b"\0\x03\0\0\0\x04a\xef\xbf\xbd\xff\xff\xff\xff\0\0\0\x01\x01\xff\xff";
        assert_eq!(&bytes[HEADER.len()..], row);
    }
}

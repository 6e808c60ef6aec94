//! Numbers and texts in a file.

use super::checked::{DAMAGED, Unusable};

/// The length of no text.
const NO_TEXT: u32 = u32::MAX;

/// Appends a text, or none.
pub(super) fn store_text(text: Option<&str>, out: &mut Vec<u8>) {
    let len = text.map_or(NO_TEXT, |text| u32::try_from(text.len()).unwrap_or(NO_TEXT));
    out.extend(len.to_le_bytes());
    out.extend(text.filter(|_| len != NO_TEXT).unwrap_or_default().as_bytes());
}

/// Bytes that are read from the first to the last. Every read fails if there are not enough.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unusable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(DAMAGED)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn short(&mut self) -> Result<u32, Unusable> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn long(&mut self) -> Result<u64, Unusable> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a number of things, or where something is.
    pub(super) fn count(&mut self) -> Result<usize, Unusable> {
        usize::try_from(self.long()?).map_err(|_| DAMAGED)
    }

    /// Reads a text, or none, which [`store_text`] has written.
    pub(super) fn text(&mut self) -> Result<Option<&'a str>, Unusable> {
        let len = self.short()?;
        if len == NO_TEXT {
            return Ok(None);
        }
        let (text, rest) = self.0.split_at_checked(len as usize).ok_or(DAMAGED)?;
        self.0 = rest;
        std::str::from_utf8(text).map(Some).map_err(|_| DAMAGED)
    }

    pub(super) fn many<T>(
        &mut self,
        count: usize,
        one: impl Fn(&mut Self) -> Result<T, Unusable>,
    ) -> Result<Vec<T>, Unusable> {
        (0..count).map(|_| one(self)).collect()
    }
}

//! Reads rows while others are appended and anonymised.

use std::io;
use std::sync::Arc;

use super::ReadMode;
use super::index::{Found, Index, Place};
use super::patch::{self, Patch};
use super::table::{Inner, Tracking};
use crate::disk::{DiskFile, read_exact_at, read_exact_cached_at};
use crate::domain::UserId;

/// Some rows of an account, and the patches that anonymise each.
pub(crate) struct OwnRows {
    pub(crate) rows: Vec<(Found, Vec<Patch>)>,
    /// The same patches, each with the difference that it makes to a [`WholeChecksum`](super::whole::WholeChecksum).
    pub(crate) differences: Vec<(Patch, u32)>,
    /// The position in the index after the last of them.
    pub(crate) next: usize,
}

impl OwnRows {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The patches that anonymise them.
    pub(crate) fn patches(&self) -> Vec<Patch> {
        self.rows.iter().flat_map(|(_, patches)| patches).copied().collect()
    }
}

/// A row's text, or its place.
enum Source {
    /// In the file, with patches that may not be written yet.
    File(Place, Vec<Patch>),
    Memory(Arc<str>),
}

/// Everything that is needed to read some rows.
struct Located {
    sources: Vec<Source>,
    file: Arc<dyn DiskFile>,
}

impl Tracking {
    /// Reads the rows that are found.
    pub(crate) fn read<T>(
        &self,
        mode: ReadMode,
        find: impl FnOnce(&Index) -> (Vec<Found>, T),
    ) -> io::Result<(Vec<(Found, String)>, T)> {
        let (found, rest) = find(&self.inner.read().index);
        Ok((self.read_found(found, mode)?, rest))
    }

    /// Reads rows that were found, and that may be anonymised meanwhile. No lock is held during
    /// disk reads.
    pub(crate) fn read_found(
        &self,
        mut found: Vec<Found>,
        mode: ReadMode,
    ) -> io::Result<Vec<(Found, String)>> {
        let located = self.inner.read().locate(found.iter());
        let mut rows = located.read(mode)?;
        // A row that was anonymised meanwhile may have been read while it was overwritten. That
        // happens to a row once, so the second read is right.
        let anonymised = self.inner.read().note_anonymised(&mut found);
        let located = self.inner.read().locate(anonymised.iter().map(|at| &found[*at]));
        for (at, row) in anonymised.into_iter().zip(located.read(mode)?) {
            rows[at] = row;
        }
        found.into_iter().zip(rows).map(|(found, row)| Ok((found, text(found, row)?))).collect()
    }

    /// The first `limit` rows of an account from a position in the index on. Fails if one of them
    /// cannot be read, or `null` does not fit into it.
    pub(crate) fn rows_of(
        &self,
        user_id: &UserId,
        from: usize,
        limit: usize,
    ) -> io::Result<OwnRows> {
        let (rows, next) =
            self.read(ReadMode::Blocking, |index| index.of_user(user_id.as_str(), from, limit))?;
        let mut differences = Vec::new();
        let patch = |(found, text): (Found, String)| {
            let patches = patch::patches_of(found.row, found.place.offset, &text);
            let patches = patches.ok_or_else(|| {
                let row = found.row;
                io::Error::other(format!(
                    "row {row} has no space for `null`; the next start adds some"
                ))
            })?;
            let differs = |patch: &Patch| (*patch, patch.difference(&text, found.place.offset));
            differences.extend(patches.iter().map(differs));
            Ok((found, patches))
        };
        let rows = rows.into_iter().map(patch).collect::<io::Result<_>>()?;
        Ok(OwnRows { rows, differences, next })
    }
}

impl Inner {
    fn locate<'a>(&self, found: impl Iterator<Item = &'a Found>) -> Located {
        let sources = found.map(|found| self.source(found.place)).collect();
        Located { sources, file: Arc::clone(&self.file) }
    }

    fn source(&self, place: Place) -> Source {
        if let Some(at) = self.waiting(place) {
            return Source::Memory(Arc::clone(&self.backlog[at].text));
        }
        let end = place.offset + u64::from(place.len);
        let patches = self.patches.range(place.offset..end);
        Source::File(place, patches.map(|(_, patch)| *patch).collect())
    }

    /// The row's position in the backlog; `None` if it is in the file.
    pub(crate) fn waiting(&self, place: Place) -> Option<usize> {
        let first = self.backlog.front()?;
        (place.offset >= first.place.offset)
            .then(|| self.backlog.partition_point(|other| other.place.offset < place.offset))
    }

    /// Marks the rows that were anonymised since they were found, and returns them.
    fn note_anonymised(&self, found: &mut [Found]) -> Vec<usize> {
        let mut anonymised = Vec::new();
        for (at, found) in found.iter_mut().enumerate() {
            if found.is_owned && !self.index.is_owned(found.at) {
                found.is_owned = false;
                anonymised.push(at);
            }
        }
        anonymised
    }
}

impl Located {
    fn read(&self, mode: ReadMode) -> io::Result<Vec<Vec<u8>>> {
        self.sources.iter().map(|source| read(&*self.file, source, mode)).collect()
    }
}

fn read(file: &dyn DiskFile, source: &Source, mode: ReadMode) -> io::Result<Vec<u8>> {
    let (place, patches) = match source {
        Source::Memory(text) => return Ok(text.as_bytes().to_owned()),
        Source::File(place, patches) => (place, patches),
    };
    let mut bytes = vec![0; place.len as usize];
    match mode {
        ReadMode::Blocking => read_exact_at(file, &mut bytes, place.offset)?,
        ReadMode::NonBlocking => read_exact_cached_at(file, &mut bytes, place.offset)?,
    }
    patch::overlay(&mut bytes, place.offset, patches);
    Ok(bytes)
}

/// A row as it is returned.
fn text(found: Found, row: Vec<u8>) -> io::Result<String> {
    let text = String::from_utf8(row);
    let text = text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(if found.is_owned { text } else { patch::trimmed(text) })
}

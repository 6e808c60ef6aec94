//! Reading rows while others are added, and while accounts are taken out of those that are there.

use std::io;
use std::sync::Arc;

use super::Patience;
use super::index::{Found, Index, Place};
use super::patch::{self, Patch};
use super::table::{Inner, Tracking};
use crate::disk::{DiskFile, read_exact_at, read_exact_cached_at};
use crate::domain::UserId;

/// Some rows of an account, and where each names it.
pub(crate) struct OwnRows {
    pub(crate) rows: Vec<(Found, Patch)>,
    /// Where in the index more of them may follow.
    pub(crate) next: usize,
}

impl OwnRows {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What takes the account out of them.
    pub(crate) fn patches(&self) -> Vec<Patch> {
        self.rows.iter().map(|(_, patch)| *patch).collect()
    }
}

/// A row's text, or where it stands.
enum Source {
    /// In the file, where a patch may be missing.
    File(Place, Option<Patch>),
    Memory(Arc<str>),
}

/// All that is needed to read some rows.
struct Located {
    sources: Vec<Source>,
    file: Arc<dyn DiskFile>,
}

impl Tracking {
    /// Reads the rows that are found.
    pub(crate) fn read<T>(
        &self,
        patience: Patience,
        find: impl FnOnce(&Index) -> (Vec<Found>, T),
    ) -> io::Result<(Vec<(Found, String)>, T)> {
        let (found, rest) = find(&self.inner.read().index);
        Ok((self.read_found(found, patience)?, rest))
    }

    /// Reads rows that were found, though they may have lost their account since. No lock is kept while
    /// the disk works.
    pub(crate) fn read_found(
        &self,
        mut found: Vec<Found>,
        patience: Patience,
    ) -> io::Result<Vec<(Found, String)>> {
        let located = self.inner.read().locate(found.iter());
        let mut rows = located.read(patience)?;
        // What lost its account meanwhile may have been read in the middle of being written. That
        // happens to a row once, so that the second time it is read as it stays.
        let disowned = self.inner.read().note_disowned(&mut found);
        let located = self.inner.read().locate(disowned.iter().map(|at| &found[*at]));
        for (at, row) in disowned.into_iter().zip(located.read(patience)?) {
            rows[at] = row;
        }
        found.into_iter().zip(rows).map(|(found, row)| Ok((found, text(found, row)?))).collect()
    }

    /// The first `limit` rows of an account from a position in the index on. Fails where one of them
    /// can't be read, or leaves no room to take the account out.
    pub(crate) fn rows_of(
        &self,
        user_id: &UserId,
        from: usize,
        limit: usize,
    ) -> io::Result<OwnRows> {
        let (rows, next) =
            self.read(Patience::Waits, |index| index.of_user(user_id.as_str(), from, limit))?;
        let patch = |(found, text): (Found, String)| {
            let span = patch::room(&text).ok_or_else(|| {
                let row = found.row;
                io::Error::other(format!(
                    "row {row} has no room for `null`; the next start makes some"
                ))
            })?;
            let offset = found.place.offset + span.start as u64;
            let len = u32::try_from(span.len()).unwrap_or(u32::MAX);
            Ok((found, Patch { row: found.row, offset, len }))
        };
        let rows = rows.into_iter().map(patch).collect::<io::Result<_>>()?;
        Ok(OwnRows { rows, next })
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
        let patch = self.patches.range(place.offset..end).next();
        Source::File(place, patch.map(|(_, patch)| *patch))
    }

    /// Where in the backlog a row waits; none where it is in the file.
    pub(crate) fn waiting(&self, place: Place) -> Option<usize> {
        let first = self.backlog.front()?;
        (place.offset >= first.place.offset)
            .then(|| self.backlog.partition_point(|other| other.place.offset < place.offset))
    }

    /// Notes which of these rows have lost their account since they were found; returns which.
    fn note_disowned(&self, found: &mut [Found]) -> Vec<usize> {
        let mut disowned = Vec::new();
        for (at, found) in found.iter_mut().enumerate() {
            if found.is_owned && !self.index.is_owned(found.at) {
                found.is_owned = false;
                disowned.push(at);
            }
        }
        disowned
    }
}

impl Located {
    fn read(&self, patience: Patience) -> io::Result<Vec<Vec<u8>>> {
        self.sources.iter().map(|source| read(&*self.file, source, patience)).collect()
    }
}

fn read(file: &dyn DiskFile, source: &Source, patience: Patience) -> io::Result<Vec<u8>> {
    let (place, patch) = match source {
        Source::Memory(text) => return Ok(text.as_bytes().to_owned()),
        Source::File(place, patch) => (place, patch),
    };
    let mut bytes = vec![0; place.len as usize];
    match patience {
        Patience::Waits => read_exact_at(file, &mut bytes, place.offset)?,
        Patience::AtOnce => read_exact_cached_at(file, &mut bytes, place.offset)?,
    }
    patch::overlay(&mut bytes, place.offset, patch.as_slice());
    Ok(bytes)
}

/// A row as it is answered.
fn text(found: Found, row: Vec<u8>) -> io::Result<String> {
    let text = String::from_utf8(row);
    let text = text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(if found.is_owned { text } else { patch::trimmed(text) })
}

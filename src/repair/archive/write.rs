//! Writes an archive.

use std::io::{self, Read, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::error::ArchiveError;
use super::manifest::Manifest;
use super::names::{CHECKSUMS, MANIFEST};
use crate::disk::{DiskFile, read_exact_at};
use crate::domain::hex;
use crate::store::json::frozen::FrozenHistory;
use crate::store::json::tracking::{Patch, overlay};

/// The bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What an archive will contain.
pub(super) struct Contents {
    pub(super) manifest: Manifest,
    pub(super) entries: Entries,
    /// About as many bytes as the entries have.
    pub(super) bytes: u64,
    /// The time of the entries, in seconds after 1970.
    pub(super) modified: u64,
}

/// The entries in their order. Each is opened when it is written.
pub(super) type Entries = Box<dyn Iterator<Item = Result<Entry, ArchiveError>> + Send>;

/// A file in an archive.
pub(super) struct Entry {
    name: String,
    source: Source,
}

/// The bytes of an entry.
enum Source {
    Text(String),
    /// The first bytes of a file, with patches that are ordered by offset.
    File {
        file: Arc<dyn DiskFile>,
        len: u64,
        patches: Vec<Patch>,
    },
    /// The history of a running server.
    History(Arc<FrozenHistory>),
}

impl Entry {
    pub(super) fn text(name: String, text: String) -> Self {
        Self { name, source: Source::Text(text) }
    }

    /// The first `len` bytes of a file.
    pub(super) fn file(name: String, file: Arc<dyn DiskFile>, len: u64) -> Self {
        Self::patched(name, file, len, Vec::new())
    }

    pub(super) fn patched(
        name: String,
        file: Arc<dyn DiskFile>,
        len: u64,
        patches: Vec<Patch>,
    ) -> Self {
        Self { name, source: Source::File { file, len, patches } }
    }

    pub(super) fn history(name: String, history: Arc<FrozenHistory>) -> Self {
        Self { name, source: Source::History(history) }
    }

    pub(super) fn len(&self) -> u64 {
        match &self.source {
            Source::Text(text) => text.len() as u64,
            Source::File { len, .. } => *len,
            Source::History(history) => history.len(),
        }
    }
}

impl Contents {
    /// Writes the archive.
    pub(super) fn write(self, out: &mut dyn Write) -> Result<Manifest, ArchiveError> {
        let Self { manifest, entries, modified, .. } = self;
        let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
        let text = text.map_err(ArchiveError::Write)? + "\n";
        let mut archive = Builder::new(out);
        let mut sums = String::new();
        for entry in std::iter::once(Ok(Entry::text(MANIFEST.to_owned(), text))).chain(entries) {
            let entry = entry?;
            let (name, len) = (entry.name.clone(), entry.len());
            let mut reader = HashingReader { reader: Reader::new(entry), hash: Sha256::new() };
            let written = archive.append_data(&mut header(len, modified), &name, &mut reader);
            written.map_err(ArchiveError::Write)?;
            push_sum(&mut sums, &reader.hash.finalize(), &name);
        }
        let mut header = header(sums.len() as u64, modified);
        let written = archive.append_data(&mut header, CHECKSUMS, sums.as_bytes());
        let ended = written.and_then(|()| archive.into_inner()?.flush());
        ended.map_err(ArchiveError::Write)?;
        Ok(manifest)
    }
}

/// Adds a line to the list of checksums.
pub(super) fn push_sum(sums: &mut String, hash: &[u8], name: &str) {
    sums.extend([&*hex(hash), "  ", name, "\n"]);
}

fn header(len: u64, modified: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(len);
    header.set_mode(0o600);
    header.set_mtime(modified);
    header
}

/// Reads the bytes of an entry.
struct Reader {
    source: Source,
    offset: u64,
    piece: Vec<u8>,
    /// How much of the piece was returned.
    used: usize,
}

impl Reader {
    fn new(Entry { source, .. }: Entry) -> Self {
        Self { source, offset: 0, piece: Vec::new(), used: 0 }
    }

    fn next_piece(&mut self) -> io::Result<()> {
        self.used = 0;
        self.piece.clear();
        match &mut self.source {
            Source::Text(text) => self.piece = std::mem::take(text).into_bytes(),
            Source::File { file, len, patches } => {
                let left = usize::try_from(*len - self.offset).unwrap_or(usize::MAX);
                self.piece.resize(left.min(PIECE), 0);
                read_exact_at(&**file, &mut self.piece, self.offset)?;
                overlay(&mut self.piece, self.offset, patches);
                self.offset += self.piece.len() as u64;
            }
            Source::History(history) => {
                self.piece = history.read_piece(self.offset, PIECE)?;
                self.offset += self.piece.len() as u64;
            }
        }
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.piece.len() {
            self.next_piece()?;
        }
        let count = (self.piece.len() - self.used).min(buffer.len());
        buffer[..count].copy_from_slice(&self.piece[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

struct HashingReader {
    reader: Reader,
    hash: Sha256,
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

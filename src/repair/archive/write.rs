//! Writes an archive.

use std::io::{self, Read, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::manifest::Manifest;
use super::names::{CHECKSUMS, MANIFEST};
use crate::disk::{DiskFile, read_exact_at};
use crate::domain::hex;
use crate::store::json::tracking::{Patch, overlay};

/// The bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What an archive will contain.
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    pub(crate) entries: Vec<Entry>,
    /// The time of the entries, in seconds after 1970.
    pub(crate) modified: u64,
}

pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) source: Source,
}

/// The bytes of an entry.
pub(crate) enum Source {
    Text(String),
    /// The first bytes of a file, with patches that are ordered by offset.
    File {
        file: Arc<dyn DiskFile>,
        len: u64,
        patches: Vec<Patch>,
    },
}

impl Entry {
    pub(crate) fn text(name: String, text: String) -> Self {
        Self { name, source: Source::Text(text) }
    }

    /// The bytes that a file has now.
    pub(crate) fn file(name: String, file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self { name, source: Source::File { file, len, patches: Vec::new() } })
    }

    fn len(&self) -> u64 {
        match &self.source {
            Source::Text(text) => text.len() as u64,
            Source::File { len, .. } => *len,
        }
    }
}

impl Contents {
    /// About as many bytes as the archive has.
    pub(crate) fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.len() + 2048).sum()
    }

    /// Writes the archive.
    pub(crate) fn write(self, out: &mut dyn Write) -> io::Result<()> {
        let Self { manifest, entries, modified } = self;
        let manifest = serde_json::to_string_pretty(&manifest)? + "\n";
        let manifest = Entry::text(MANIFEST.to_owned(), manifest);
        let mut archive = Builder::new(out);
        let mut sums = String::new();
        for entry in std::iter::once(manifest).chain(entries) {
            let (name, len) = (entry.name.clone(), entry.len());
            let mut reader = HashingReader { reader: Reader::new(entry), hash: Sha256::new() };
            archive.append_data(&mut header(len, modified), &name, &mut reader)?;
            push_sum(&mut sums, &reader.hash.finalize(), &name);
        }
        let mut header = header(sums.len() as u64, modified);
        archive.append_data(&mut header, CHECKSUMS, sums.as_bytes())?;
        archive.into_inner()?.flush()
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

//! A file with a checksum of all of its bytes at the end.

use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::disk::{DiskFile, read_exact_at};

/// Bytes are written once there are this many.
const PIECE: usize = if cfg!(test) { 128 } else { 1 << 18 };
/// The bytes between two syncs. A sync of more would delay the log's syncs for long.
const SYNC_PIECE: u64 = 1 << 20;
/// The length of a checksum.
const CRC: usize = size_of::<u32>();

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("{0}")]
    Wrong(&'static str),
}

pub(super) const DAMAGED: Unusable = Unusable::Wrong("it is damaged");

/// Writes such a file, from the first byte to the last.
pub(super) struct CheckedWriter {
    file: Arc<dyn DiskFile>,
    /// The number of bytes that are written, and of those that are synced.
    written: u64,
    synced: u64,
    crc: crc32fast::Hasher,
    buffer: Vec<u8>,
}

impl CheckedWriter {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> Self {
        let crc = crc32fast::Hasher::new();
        Self { file, written: 0, synced: 0, crc, buffer: Vec::new() }
    }

    /// Where the next bytes are appended. [`Self::flush`] follows.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// The number of bytes so far.
    pub(super) fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Writes the bytes if there are enough.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.len() < PIECE {
            return Ok(());
        }
        self.write()?;
        if self.written - self.synced >= SYNC_PIECE {
            self.file.sync()?;
            self.synced = self.written;
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        self.crc.update(&self.buffer);
        self.file.write_all_at(&self.buffer, self.written)?;
        self.written = self.len();
        self.buffer.clear();
        Ok(())
    }

    /// Writes the end of the file: the checksum of what comes before, and `end` with a checksum of its own. The caller
    /// syncs the file.
    pub(super) fn finish(mut self, end: &[u8]) -> io::Result<()> {
        self.write()?;
        let body = self.crc.clone().finalize().to_le_bytes();
        let end = [end, &body].concat();
        self.buffer.extend(&end);
        self.buffer.extend(crc32fast::hash(&end).to_le_bytes());
        self.write()
    }
}

/// The end of a file, without its checksums.
pub(super) struct End<const N: usize> {
    pub(super) bytes: [u8; N],
    /// The number of bytes before it.
    body: u64,
    /// Their checksum.
    crc: u32,
}

impl<const N: usize> End<N> {
    /// Reads the end, which must be undamaged.
    pub(super) fn read(file: &dyn DiskFile) -> Result<Self, Unusable> {
        let body = file.len()?.checked_sub((N + 2 * CRC) as u64).ok_or(DAMAGED)?;
        let (mut bytes, mut crc, mut own) = ([0; N], [0; CRC], [0; CRC]);
        read_exact_at(file, &mut bytes, body)?;
        read_exact_at(file, &mut crc, body + N as u64)?;
        read_exact_at(file, &mut own, body + (N + CRC) as u64)?;
        if crc32fast::hash(&[&bytes[..], &crc].concat()) != u32::from_le_bytes(own) {
            return Err(DAMAGED);
        }
        Ok(Self { bytes, body, crc: u32::from_le_bytes(crc) })
    }

    /// Checks everything before the end. It is read, and not mapped, so that a disk that cannot read it ends no process.
    pub(super) fn check_body(&self, file: &dyn DiskFile) -> Result<(), Unusable> {
        let mut crc = crc32fast::Hasher::new();
        let (mut buffer, mut offset) = (vec![0; PIECE], 0);
        while offset < self.body {
            let count = usize::try_from(self.body - offset).map_or(PIECE, |left| left.min(PIECE));
            read_exact_at(file, &mut buffer[..count], offset)?;
            crc.update(&buffer[..count]);
            offset += count as u64;
        }
        if crc.finalize() == self.crc { Ok(()) } else { Err(DAMAGED) }
    }
}

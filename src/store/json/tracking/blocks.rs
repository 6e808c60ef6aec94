//! A file of records in blocks. Each block has a checksum that continues the one of the block before it, so that no
//! block can be changed, moved or missing.

use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::disk::{DiskFile, read_exact_at};

/// A block is written once its records have this many bytes.
const BLOCK: usize = if cfg!(test) { 128 } else { 1 << 18 };
/// The length of the records and the checksum, before the records.
const HEADER: usize = 8;
/// The bytes between two syncs. A sync of more would delay the log's syncs for long.
const SYNC_PIECE: u64 = 1 << 20;

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("{0}")]
    Wrong(&'static str),
}

pub(super) const DAMAGED: Unusable = Unusable::Wrong("it is damaged");

pub(super) struct BlockWriter {
    file: Arc<dyn DiskFile>,
    offset: u64,
    synced: u64,
    crc: u32,
    block: Vec<u8>,
}

impl BlockWriter {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self { file, offset: 0, synced: 0, crc: 0, block: vec![0; HEADER] }
    }

    /// Where the next records are appended. [`Self::end_record`] follows.
    pub(super) fn records(&mut self) -> &mut Vec<u8> {
        &mut self.block
    }

    /// Writes the block if it is large enough.
    pub(super) fn end_record(&mut self) -> io::Result<()> {
        if self.block.len() >= BLOCK { self.end_block() } else { Ok(()) }
    }

    /// Writes the last block. The caller syncs the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.block.len() > HEADER { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> io::Result<()> {
        let len = u32::try_from(self.block.len() - HEADER).map_err(io::Error::other)?;
        self.crc = checksum(self.crc, &self.block[HEADER..]);
        self.block[..4].copy_from_slice(&len.to_le_bytes());
        self.block[4..HEADER].copy_from_slice(&self.crc.to_le_bytes());
        self.file.write_all_at(&self.block, self.offset)?;
        self.offset += self.block.len() as u64;
        self.block.truncate(HEADER);
        if self.offset - self.synced >= SYNC_PIECE {
            self.file.sync()?;
            self.synced = self.offset;
        }
        Ok(())
    }
}

pub(super) struct BlockReader {
    file: Arc<dyn DiskFile>,
    offset: u64,
    len: u64,
    crc: u32,
    block: Vec<u8>,
    /// The next byte, in the block.
    at: usize,
}

impl BlockReader {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self { file, offset: 0, len, crc: 0, block: Vec::new(), at: 0 })
    }

    /// The next bytes, which are a record or a part of one.
    pub(super) fn take(&mut self, count: usize) -> Result<&[u8], Unusable> {
        if self.at == self.block.len() && count > 0 {
            self.next_block()?;
        }
        let taken = self.block.get(self.at..).and_then(|rest| rest.get(..count)).ok_or(DAMAGED)?;
        self.at += count;
        Ok(taken)
    }

    /// The next bytes, as many as an array has.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unusable> {
        self.take(N)?.try_into().map_err(|_| DAMAGED)
    }

    /// Fails if anything follows.
    pub(super) fn finish(self) -> Result<(), Unusable> {
        if self.at == self.block.len() && self.offset == self.len { Ok(()) } else { Err(DAMAGED) }
    }

    fn next_block(&mut self) -> Result<(), Unusable> {
        let mut header = [0; HEADER];
        if self.len - self.offset < HEADER as u64 {
            return Err(DAMAGED);
        }
        read_exact_at(&*self.file, &mut header, self.offset)?;
        self.offset += HEADER as u64;
        let [a, b, c, d, crc @ ..] = header;
        let len = u32::from_le_bytes([a, b, c, d]);
        if u64::from(len) > self.len - self.offset {
            return Err(DAMAGED);
        }
        self.block.resize(len as usize, 0);
        read_exact_at(&*self.file, &mut self.block, self.offset)?;
        self.crc = checksum(self.crc, &self.block);
        if self.crc != u32::from_le_bytes(crc) {
            return Err(DAMAGED);
        }
        self.offset += u64::from(len);
        self.at = 0;
        Ok(())
    }
}

fn checksum(previous: u32, records: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new_with_initial(previous);
    crc.update(&(records.len() as u64).to_le_bytes());
    crc.update(records);
    crc.finalize()
}

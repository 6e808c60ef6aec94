use std::collections::BTreeMap;
use std::ops::Range;

use crate::random::Random;

/// The size of the blocks that a disk writes completely or not at all.
const PIECE: usize = 512;

/// A file of a [`super::LossyDisk`].
#[derive(Clone, Debug)]
pub(super) struct File {
    durable: Vec<u8>,
    /// The contents that a process reads: as of the last sync, and after each later change.
    seen: Vec<Vec<u8>>,
    /// The blocks that are not written yet, with the index in `seen` at which each was first
    /// changed.
    dirty: BTreeMap<usize, usize>,
}

impl File {
    pub(super) fn of(durable: Vec<u8>) -> Self {
        Self { seen: vec![durable.clone()], durable, dirty: BTreeMap::new() }
    }

    pub(super) fn contents(&self) -> &[u8] {
        self.seen.last().unwrap()
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let mut contents = self.contents().to_owned();
        let end = offset + bytes.len();
        let start = offset.min(contents.len());
        contents.resize(contents.len().max(end), 0);
        contents[offset..end].copy_from_slice(bytes);
        self.change(contents, start..end);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let mut contents = self.contents().to_owned();
        let old = contents.len();
        contents.resize(len, 0);
        self.change(contents, len.min(old)..len.max(old));
    }

    fn change(&mut self, contents: Vec<u8>, touched: Range<usize>) {
        for piece in touched.start / PIECE..touched.end.div_ceil(PIECE) {
            self.dirty.entry(piece).or_insert(self.seen.len());
        }
        self.seen.push(contents);
    }

    /// The durable contents if the length and each block are written as of the time that `moment`
    /// returns for it.
    fn written(&self, mut moment: impl FnMut() -> usize) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        bytes.resize(self.seen[moment()].len(), 0);
        for (number, bytes) in bytes.chunks_mut(PIECE).enumerate() {
            let moment = moment();
            if self.dirty.get(&number).is_some_and(|first| *first <= moment) {
                let piece = self.seen[moment].chunks(PIECE).nth(number).unwrap_or_default();
                let len = piece.len().min(bytes.len());
                bytes[..len].copy_from_slice(&piece[..len]);
                bytes[len..].fill(0);
            }
        }
        bytes
    }

    /// The durable contents if they are written in part: nothing, everything, or a mixture.
    pub(super) fn partly_written(&self, random: &mut Random) -> Vec<u8> {
        let last = self.seen.len() - 1;
        let kind = random.below(4);
        self.written(|| match kind {
            0 => 0,
            1 => last,
            _ => random.below(last + 1),
        })
    }

    pub(super) fn sync(&mut self) {
        let last = self.seen.len() - 1;
        self.durable = self.written(|| last);
        self.forget_changes();
    }

    pub(super) fn fail_to_sync(&mut self, random: &mut Random) {
        if random.coin() {
            self.durable = self.partly_written(random);
            self.forget_changes();
        }
    }

    fn forget_changes(&mut self) {
        self.seen.drain(..self.seen.len() - 1);
        self.dirty.clear();
    }
}

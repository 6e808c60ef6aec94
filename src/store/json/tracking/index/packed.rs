//! Rows of numbers that take little memory.

use std::array;
use std::mem;
use std::sync::Arc;

use super::column::reserve;
use crate::disk::FileBytes;

/// The rows that are packed together. A smaller block takes more memory for its bounds, a larger one for its numbers.
pub(in super::super) const BLOCK: usize = if cfg!(test) { 8 } else { 256 };
/// The bytes after the rows of a block: eight bytes can be read wherever a number begins.
const PADDING: usize = size_of::<u64>() - 1;

/// A row of `N` numbers for each event, by its position.
pub(super) struct Packed<const N: usize> {
    saved: SavedBlocks,
    /// The blocks after those.
    blocks: Vec<Box<[u8]>>,
    /// The rows after the last whole block.
    rest: Vec<[u64; N]>,
}

/// The first blocks, in the file of the saved index.
#[derive(Default)]
pub(in super::super) struct SavedBlocks {
    pub(in super::super) file: Option<Arc<FileBytes>>,
    /// Where the file has the offsets of the blocks, and of the end of the last one.
    pub(in super::super) offsets: usize,
    /// The number of blocks.
    pub(in super::super) count: usize,
}

impl SavedBlocks {
    #[inline]
    fn get(&self, number: usize) -> &[u8] {
        let bytes = self.file.as_deref().map_or(&[][..], |file| file);
        let (offsets, _) = bytes.get(self.offsets..).unwrap_or_default().as_chunks();
        let offset = |number: usize| usize::try_from(u64::from_le_bytes(offsets[number]));
        match (offset(number), offset(number + 1)) {
            (Ok(from), Ok(to)) => bytes.get(from..to).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl<const N: usize> Default for Packed<N> {
    fn default() -> Self {
        Self { saved: SavedBlocks::default(), blocks: Vec::new(), rest: Vec::new() }
    }
}

impl<const N: usize> Packed<N> {
    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.blocks.reserve_exact(more / BLOCK);
    }

    pub(super) fn len(&self) -> usize {
        (self.saved.count + self.blocks.len()) * BLOCK + self.rest.len()
    }

    pub(super) fn push(&mut self, row: [u64; N]) {
        self.rest.push(row);
        if self.rest.len() == BLOCK {
            reserve(&mut self.blocks);
            self.blocks.push(pack(&self.rest));
            self.rest.clear();
        }
    }

    #[inline]
    pub(super) fn get(&self, column: usize, at: usize) -> u64 {
        match self.block(at / BLOCK) {
            Some(block) => number::<N>(block, column, at % BLOCK),
            None => self.rest[at % BLOCK][column],
        }
    }

    pub(super) fn row(&self, at: usize) -> [u64; N] {
        array::from_fn(|column| self.get(column, at))
    }

    /// A whole block; `None` if these rows are not packed yet.
    pub(super) fn block(&self, number: usize) -> Option<&[u8]> {
        if number < self.saved.count {
            return Some(self.saved.get(number));
        }
        self.blocks.get(number - self.saved.count).map(|block| &**block)
    }

    /// Uses the same blocks in the file of a saved index. Returns those that were in memory instead.
    pub(super) fn adopt(&mut self, saved: SavedBlocks) -> Vec<Box<[u8]>> {
        let (old, new) = (self.saved.count, saved.count);
        self.saved = saved;
        let count = new.saturating_sub(old).min(self.blocks.len());
        let later = self.blocks.split_off(count);
        mem::replace(&mut self.blocks, later)
    }
}

/// Packs some rows into a block. Each number is kept as the difference from the least one of its column, in as few bits
/// as the largest difference in the column needs. The block begins with the first bit of each column in a row, the bits of
/// a row, and the least number of each column. The rows follow, the first one in the lowest bits: most of the numbers of
/// a row are read together.
pub(super) fn pack<const N: usize>(rows: &[[u64; N]]) -> Box<[u8]> {
    let least_of = |column: usize| rows.iter().map(|row| row[column]).min().unwrap_or(0);
    let least: [u64; N] = array::from_fn(least_of);
    let bits_of = |column: usize| {
        let differences = rows.iter().map(|row: &[u64; N]| row[column] - least[column]);
        u64::BITS - differences.fold(0, |all, one| all | one).leading_zeros()
    };
    let mut bits: [u32; N] = array::from_fn(bits_of);
    // A number is in eight bytes, wherever it begins; a longer one if it begins with a byte.
    if bits.iter().any(|bits| *bits > 56) {
        bits = bits.map(|bits| bits.next_multiple_of(8));
    }
    let mut row_bits = 0_usize;
    let starts = bits.map(|bits| {
        let start = row_bits;
        row_bits += bits as usize;
        start
    });
    let mut block = Vec::new();
    let short = |bit: usize| u16::try_from(bit).unwrap_or(u16::MAX).to_le_bytes();
    block.extend(starts.iter().chain([&row_bits]).flat_map(|bit| short(*bit)));
    block.extend(least.map(u64::to_le_bytes).as_flattened());
    block.resize(header::<N>() + (row_bits * rows.len()).div_ceil(8) + PADDING, 0);
    let numbers = &mut block[header::<N>()..];
    for (at, row) in rows.iter().enumerate() {
        for (column, number) in row.iter().enumerate() {
            let place = at * row_bits + starts[column];
            let difference = (number - least[column]) << (place % 8);
            if let Some(word) = numbers[place / 8..].first_chunk_mut() {
                *word = (u64::from_le_bytes(*word) | difference).to_le_bytes();
            }
        }
    }
    block.into()
}

/// The first rows of a block.
pub(super) fn unpack<const N: usize>(block: &[u8], count: usize) -> Vec<[u64; N]> {
    (0..count).map(|at| array::from_fn(|column| number::<N>(block, column, at))).collect()
}

/// A number of a block; 0 if the block is too short.
#[inline]
fn number<const N: usize>(block: &[u8], column: usize, at: usize) -> u64 {
    let Some((header, rows)) = block.split_at_checked(header::<N>()) else { return 0 };
    let bit = |column: usize| {
        let [low, high] = [header[2 * column], header[2 * column + 1]];
        usize::from(u16::from_le_bytes([low, high]))
    };
    let word = |bytes: &[u8], from: usize| {
        let word = bytes.get(from..).and_then(|bytes| bytes.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word))
    };
    let place = at * bit(N) + bit(column);
    let unused = 64_usize.saturating_sub(bit(column + 1).wrapping_sub(bit(column)));
    let mask = if unused < 64 { u64::MAX >> unused } else { 0 };
    let difference = word(rows, place / 8) >> (place % 8) & mask;
    word(header, least::<N>() + column * size_of::<u64>()).wrapping_add(difference)
}

/// Where the least numbers begin in a block.
const fn least<const N: usize>() -> usize {
    (N + 1) * size_of::<u16>()
}

/// The bytes before the rows.
const fn header<const N: usize>() -> usize {
    least::<N>() + N * size_of::<u64>()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Numbers that need any number of bits.
    fn number() -> impl Strategy<Value = u64> {
        (0..=64_u32, any::<u64>()).prop_map(|(bits, any)| any.checked_shr(64 - bits).unwrap_or(0))
    }

    fn rows() -> impl Strategy<Value = Vec<[u64; 3]>> {
        vec((number(), 1000..1010_u64).prop_map(|(any, near)| [any, 7, near]), 0..40)
    }

    proptest! {
        #[test]
        fn numbers_are_those_that_were_added(rows in rows()) {
            let mut packed = Packed::default();
            for row in &rows {
                packed.push(*row);
            }
            prop_assert_eq!(packed.len(), rows.len());
            let found: Vec<[u64; 3]> = (0..rows.len()).map(|at| packed.row(at)).collect();
            prop_assert_eq!(&found, &rows);
            let first = &rows[..rows.len().min(BLOCK)];
            prop_assert_eq!(unpack::<3>(&pack(first), first.len()), first);
        }
    }

    #[test]
    fn few_bits_are_used() {
        let len = |rows: &[[u64; 2]]| pack(rows).len() - header::<2>() - PADDING;
        assert_eq!(len(&[[7, 9], [7, 9], [7, 9]]), 0);
        assert_eq!(len(&[[u64::MAX, 2], [u64::MAX - 3, 0]]), 1);
        assert_eq!(len(&[[0, 0], [1 << 55, 1]]), 15);
        assert_eq!(len(&[[0, 0], [1 << 56, 1]]), 18);
    }
}

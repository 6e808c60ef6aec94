//! Rows of numbers that take little memory.

use std::array;
use std::ops::Range;

use super::column::reserve;

/// The rows that are packed together. A smaller block takes more memory for its bounds, a larger one for its numbers.
pub(in super::super) const BLOCK: usize = if cfg!(test) { 8 } else { 256 };
/// The bytes after the rows of a block: eight bytes can be read wherever a number begins.
const PADDING: usize = size_of::<u64>() - 1;

/// A row of `N` numbers for each event, by its position.
pub(super) struct Packed<const N: usize> {
    blocks: Vec<Block<N>>,
    /// The rows after the last whole block.
    rest: Vec<[u64; N]>,
}

/// Some rows. Each number is kept as the difference from the least one of its column, in as few bits as the largest
/// difference in the column needs. The numbers of a row follow each other, since most of them are read together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<const N: usize> {
    least: [u64; N],
    bits: [u8; N],
    /// The first row in the lowest bits.
    bytes: Box<[u8]>,
}

impl<const N: usize> Default for Packed<N> {
    fn default() -> Self {
        Self { blocks: Vec::new(), rest: Vec::new() }
    }
}

impl<const N: usize> Packed<N> {
    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.blocks.reserve_exact(more / BLOCK);
    }

    pub(super) fn push(&mut self, row: [u64; N]) {
        self.rest.push(row);
        if self.rest.len() == BLOCK {
            reserve(&mut self.blocks);
            self.blocks.push(Block::of(&self.rest));
            self.rest.clear();
        }
    }

    /// Adds a block of `count` rows. The number of those so far must be a multiple of [`BLOCK`].
    pub(super) fn extend(&mut self, block: Block<N>, count: usize) {
        if count == BLOCK && self.rest.is_empty() {
            reserve(&mut self.blocks);
            self.blocks.push(block);
        } else {
            for at in 0..count {
                self.push(block.row(at));
            }
        }
    }

    pub(super) fn get(&self, column: usize, at: usize) -> u64 {
        match self.blocks.get(at / BLOCK) {
            Some(block) => block.get(column, at % BLOCK),
            None => self.rest[at % BLOCK][column],
        }
    }

    fn row(&self, at: usize) -> [u64; N] {
        array::from_fn(|column| self.get(column, at))
    }

    /// Replaces a number by 0.
    pub(super) fn clear(&mut self, column: usize, at: usize) {
        let Some(block) = self.blocks.get_mut(at / BLOCK) else {
            self.rest[at % BLOCK][column] = 0;
            return;
        };
        if !block.clear(column, at % BLOCK) {
            let mut rows: Vec<[u64; N]> = (0..BLOCK).map(|at| block.row(at)).collect();
            rows[at % BLOCK][column] = 0;
            *block = Block::of(&rows);
        }
    }

    /// Appends the stored form of at most [`BLOCK`] rows, the first of which begins a block.
    pub(super) fn store(&self, rows: Range<usize>, out: &mut Vec<u8>) {
        match self.blocks.get(rows.start / BLOCK).filter(|_| rows.len() == BLOCK) {
            Some(block) => block.store(out),
            None => Block::of(&rows.map(|at| self.row(at)).collect::<Vec<_>>()).store(out),
        }
    }
}

impl<const N: usize> Block<N> {
    fn of(rows: &[[u64; N]]) -> Self {
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
        let bits = bits.map(|bits| bits.to_le_bytes()[0]);
        let mut block = Self { least, bits, bytes: vec![0; bytes(&bits, rows.len())].into() };
        for (at, row) in rows.iter().enumerate() {
            for (column, number) in row.iter().enumerate() {
                let (place, _) = block.place(column, at);
                let difference = (number - least[column]) << (place % 8);
                if let Some(word) = block.bytes[place / 8..].first_chunk_mut() {
                    *word = (u64::from_le_bytes(*word) | difference).to_le_bytes();
                }
            }
        }
        block
    }

    /// The first bit of a number, and the mask of its bits.
    fn place(&self, column: usize, at: usize) -> (usize, u64) {
        let all = bits_of_row(&self.bits);
        let before = bits_of_row(&self.bits[..column]);
        let mask = u64::MAX.checked_shr(64 - u32::from(self.bits[column])).unwrap_or(0);
        (at * all + before, mask)
    }

    fn get(&self, column: usize, at: usize) -> u64 {
        let (place, mask) = self.place(column, at);
        let word = self.bytes.get(place / 8..).and_then(|bytes| bytes.first_chunk());
        let difference = word.map_or(0, |word| u64::from_le_bytes(*word) >> (place % 8) & mask);
        self.least[column].wrapping_add(difference)
    }

    pub(super) fn row(&self, at: usize) -> [u64; N] {
        array::from_fn(|column| self.get(column, at))
    }

    /// Replaces a number by 0; returns false if that needs another form of the block.
    fn clear(&mut self, column: usize, at: usize) -> bool {
        let (place, mask) = self.place(column, at);
        let is_possible = self.least[column] == 0;
        if let Some(word) = self.bytes[place / 8..].first_chunk_mut().filter(|_| is_possible) {
            *word = (u64::from_le_bytes(*word) & !(mask << (place % 8))).to_le_bytes();
        }
        is_possible
    }

    fn store(&self, out: &mut Vec<u8>) {
        out.extend(self.bits);
        out.extend(self.least.map(u64::to_le_bytes).as_flattened());
        out.extend(&self.bytes);
    }

    /// Takes the stored form of so many rows from the beginning of some bytes; `None` if it is not there.
    pub(super) fn restore(stored: &mut &[u8], count: usize) -> Option<Self> {
        let (bits, rest) = stored.split_first_chunk()?;
        let (numbers, rest) = rest.split_at_checked(N * size_of::<u64>())?;
        let (chunks, _) = numbers.as_chunks();
        let least = array::from_fn(|column| u64::from_le_bytes(chunks[column]));
        let is_long = bits.iter().any(|bits| *bits > 56);
        if is_long && bits.iter().any(|bits| *bits > 64 || bits % 8 != 0) {
            return None;
        }
        let (rows, rest) = rest.split_at_checked(bytes(bits, count))?;
        *stored = rest;
        Some(Self { least, bits: *bits, bytes: rows.into() })
    }
}

fn bits_of_row(bits: &[u8]) -> usize {
    bits.iter().copied().map(usize::from).sum()
}

/// The length of so many rows.
fn bytes(bits: &[u8], rows: usize) -> usize {
    (bits_of_row(bits) * rows).div_ceil(8) + PADDING
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
        fn numbers_are_those_that_were_added(mut rows in rows(), cleared in vec((0..3_usize, 0..40_usize), 0..9)) {
            let mut packed = Packed::default();
            for row in &rows {
                packed.push(*row);
            }
            for (column, at) in cleared {
                if let Some(row) = rows.get_mut(at) {
                    row[column] = 0;
                    packed.clear(column, at);
                }
            }
            let found: Vec<[u64; 3]> = (0..rows.len()).map(|at| packed.row(at)).collect();
            prop_assert_eq!(&found, &rows);
            let mut restored = Packed::<3>::default();
            for from in (0..rows.len()).step_by(BLOCK) {
                let (part, mut stored) = (from..rows.len().min(from + BLOCK), Vec::new());
                let count = part.len();
                packed.store(part, &mut stored);
                let mut stored = &*stored;
                restored.extend(Block::restore(&mut stored, count).unwrap(), count);
                prop_assert!(stored.is_empty());
            }
            let found: Vec<[u64; 3]> = (0..rows.len()).map(|at| restored.row(at)).collect();
            prop_assert_eq!(found, rows);
        }
    }

    #[test]
    fn few_bits_are_used() {
        let len = |rows: &[[u64; 2]]| Block::of(rows).bytes.len() - PADDING;
        assert_eq!(len(&[[7, 9], [7, 9], [7, 9]]), 0);
        assert_eq!(len(&[[u64::MAX, 2], [u64::MAX - 3, 0]]), 1);
        assert_eq!(len(&[[0, 0], [1 << 55, 1]]), 15);
        assert_eq!(len(&[[0, 0], [1 << 56, 1]]), 18);
    }
}

use std::ops::Range;

/// CRC-32 of all bytes of a tracking file up to the end of its last row, as Goldstar has written them.
///
/// The checksum of a [`Mark`](super::Mark) does not change with an anonymisation. This one does, so that it shows
/// whether a file is the one that an index describes.
#[derive(Clone, Debug, Default)]
pub(crate) struct WholeChecksum {
    hasher: crc32fast::Hasher,
    len: u64,
}

impl WholeChecksum {
    /// The checksum `crc` of `len` bytes.
    pub(crate) fn of(crc: u32, len: u64) -> Self {
        Self { hasher: crc32fast::Hasher::new_with_initial_len(crc, len), len }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
    }

    pub(crate) fn crc(&self) -> u32 {
        self.hasher.clone().finalize()
    }

    /// Updates the checksum after the bytes at that place were overwritten. `difference` is the exclusive or of
    /// the checksums of the old and the new bytes.
    pub(crate) fn overwrite(&mut self, place: &Range<u64>, difference: u32) {
        // CRC-32 is linear: a difference counts as if zeros followed it up to the end.
        let mut shifted = crc32fast::Hasher::new_with_initial(difference);
        let after = self.len.saturating_sub(place.end);
        shifted.combine(&crc32fast::Hasher::new_with_initial_len(0, after));
        *self = Self::of(self.crc() ^ shifted.finalize(), self.len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn overwritten_bytes_and_later_ones_are_included(
            mut bytes in proptest::collection::vec(0..=255_u8, 1..300),
            new in proptest::collection::vec(0..=255_u8, 0..40),
            at in 0..300_usize,
            later in proptest::collection::vec(0..=255_u8, 0..40),
        ) {
            let mut whole = WholeChecksum::default();
            whole.update(&bytes);
            let at = at.min(bytes.len());
            let new = &new[..new.len().min(bytes.len() - at)];
            let place = at..at + new.len();
            let difference = crc32fast::hash(&bytes[place.clone()]) ^ crc32fast::hash(new);
            bytes[place.clone()].copy_from_slice(new);
            whole.overwrite(&(place.start as u64..place.end as u64), difference);
            proptest::prop_assert_eq!(whole.crc(), crc32fast::hash(&bytes));
            whole.update(&later);
            bytes.extend(&later);
            proptest::prop_assert_eq!(whole.crc(), crc32fast::hash(&bytes));
            let mut continued = WholeChecksum::of(whole.crc(), bytes.len() as u64);
            continued.update(b"more");
            bytes.extend(b"more");
            proptest::prop_assert_eq!(continued.crc(), crc32fast::hash(&bytes));
        }
    }
}

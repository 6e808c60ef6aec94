//! The file format of the write-ahead log: frames in segments.
//!
//! A segment is a file in the folder `journal`, named `<epoch>.journal`, with the epoch in twenty
//! digits. It contains frames, and ends at the end of the file or at a frame header of zeros. A
//! frame is a header of 44 bytes, little-endian, and a payload (see [`super::entry`]):
//!
//! | bytes | field |
//! | --- | --- |
//! | 0–3 | the mark `GSJ1` |
//! | 4–7 | the payload's length |
//! | 8–15 | the segment's epoch |
//! | 16–23 | the frame's sequence number: one more than its predecessor's, through all segments |
//! | 24–27 | the predecessor's CRC |
//! | 28–31 | how many frames of the same batch come before this one |
//! | 32–35 | how many frames of the same batch follow |
//! | 36–39 | zero |
//! | 40–43 | CRC-32 (IEEE) of the 40 bytes before it and of the payload |
//!
//! One write and one sync cover the frames of a batch, and the frames of the next batch are written
//! after that sync. So damage before a valid frame of a later batch is damage to synced bytes. The
//! same holds, most likely, for an invalid frame that is complete: an interrupted write lacks the
//! end of the file, or whole disk sectors, which read as zeros.

use crate::disk::DiskFile;

/// The length of a frame's header, in bytes.
pub(crate) const HEADER_LEN: usize = 44;
/// The first bytes of each frame.
pub(crate) const MARK: &[u8; 4] = b"GSJ1";
/// The longest payload; a greater length is damage.
pub(crate) const MAX_PAYLOAD: usize = 256 << 20;
/// The largest epoch and the largest sequence number; a larger number is damage. There is always a
/// next number.
pub(crate) const MAX_NUMBER: u64 = u64::MAX / 2;
/// A disk writes this many bytes completely or not at all.
const PIECE: usize = 512;

/// The position of a frame in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) epoch: u64,
    /// The sequence number.
    pub(crate) sequence: u64,
    /// The CRC of the frame before it.
    pub(crate) previous: u32,
}

impl Link {
    /// Whether the numbers are within [`MAX_NUMBER`].
    pub(crate) fn is_possible(self) -> bool {
        self.epoch <= MAX_NUMBER && self.sequence <= MAX_NUMBER
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) link: Link,
    /// The number of frames of its batch before it, and after it.
    pub(crate) in_batch: (u32, u32),
    pub(crate) crc: u32,
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// The length of header and payload, in bytes.
    pub(crate) fn len(&self) -> usize {
        HEADER_LEN + self.payload.len()
    }

    /// The sequence number of the first frame of its batch.
    fn batch_start(&self) -> u64 {
        self.link.sequence.saturating_sub(self.in_batch.0.into())
    }
}

/// Appends a frame to `out`; returns its CRC.
pub(crate) fn push_frame(
    out: &mut Vec<u8>,
    link: Link,
    in_batch: (u32, u32),
    payload: &[u8],
) -> u32 {
    let start = out.len();
    out.extend_from_slice(MARK);
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    debug_assert!(payload.len() <= MAX_PAYLOAD);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&link.epoch.to_le_bytes());
    out.extend_from_slice(&link.sequence.to_le_bytes());
    out.extend_from_slice(&link.previous.to_le_bytes());
    out.extend_from_slice(&in_batch.0.to_le_bytes());
    out.extend_from_slice(&in_batch.1.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let crc = checksum(&out[start..], payload);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(payload);
    crc
}

/// The frame at the start of `bytes`; `None` if its mark, length, numbers or checksum are wrong.
pub(crate) fn read_frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let header = bytes.get(..HEADER_LEN)?;
    if &header[..4] != MARK {
        return None;
    }
    let len = usize::try_from(u32_at(header, 4)).ok().filter(|len| *len <= MAX_PAYLOAD)?;
    let payload = bytes.get(HEADER_LEN..HEADER_LEN + len)?;
    let crc = u32_at(header, 40);
    let link = Link {
        epoch: u64_at(header, 8),
        sequence: u64_at(header, 16),
        previous: u32_at(header, 24),
    };
    (link.is_possible() && checksum(&header[..40], payload) == crc).then(|| Frame {
        link,
        in_batch: (u32_at(header, 28), u32_at(header, 32)),
        crc,
        payload,
    })
}

/// The contents of a segment.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    /// The frames of all complete batches, in order.
    pub(crate) frames: Vec<Frame<'a>>,
    /// The length of those frames, in bytes.
    pub(crate) len: usize,
    pub(crate) end: End,
}

/// What follows the last complete batch of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing, or zeros.
    Clean,
    /// An incomplete batch from this byte on, and nothing later: a write was interrupted.
    Torn(usize),
    /// An invalid frame at this byte that is complete, or that is followed by a valid frame of a
    /// later batch.
    Broken(usize),
}

/// Reads a segment. Its first frame must have the position `first`, if that is known.
pub(crate) fn read_segment(bytes: &[u8], epoch: u64, first: Option<Link>) -> Contents<'_> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let (mut whole, mut whole_len, mut at) = (0, 0, 0);
    let mut expected = first;
    while let Some(frame) = bytes.get(at..).and_then(read_frame) {
        let linked = expected.is_none_or(|link| link == frame.link);
        let position = frames.len() - whole;
        let in_order = usize::try_from(frame.in_batch.0).is_ok_and(|before| before == position);
        if frame.link.epoch != epoch || !linked || !in_order {
            break;
        }
        at += frame.len();
        expected = Some(Link { epoch, sequence: frame.link.sequence + 1, previous: frame.crc });
        frames.push(frame);
        if frame.in_batch.1 == 0 {
            (whole, whole_len) = (frames.len(), at);
        }
    }
    let next_batch = frames.get(whole).map(Frame::batch_start);
    let next_batch = next_batch.or(frames.last().map(|frame| frame.link.sequence + 1));
    let next_batch = next_batch.or(first.map(|link| link.sequence)).unwrap_or(0);
    let end = end_of(bytes, whole_len, at, epoch, next_batch);
    frames.truncate(whole);
    Contents { frames, len: whole_len, end }
}

/// Classifies the bytes after the last complete batch; the frames up to `at` are valid.
fn end_of(bytes: &[u8], whole_len: usize, at: usize, epoch: u64, next_batch: u64) -> End {
    let rest = &bytes[whole_len..];
    if rest.iter().all(|byte| *byte == 0) {
        return End::Clean;
    }
    let later = memchr::memmem::find_iter(rest, MARK).filter_map(|mark| read_frame(&rest[mark..]));
    let mut later = later.filter(|frame| frame.link.epoch == epoch);
    if later.any(|frame| frame.batch_start() > next_batch) || is_complete(bytes, at) {
        return End::Broken(at);
    }
    End::Torn(at)
}

/// Whether the invalid frame at `at` is complete. It was written over zeros, or after the end of
/// the file.
fn is_complete(bytes: &[u8], at: usize) -> bool {
    let Some(header) = bytes.get(at..at + HEADER_LEN) else { return false };
    let len = usize::try_from(u32_at(header, 4)).unwrap_or(usize::MAX);
    let end = at.saturating_add(HEADER_LEN).saturating_add(len);
    // A payload ends with a line feed, and contains no run of that many zeros.
    let has_its_end = bytes.get(end - 1).is_some_and(|last| *last != 0);
    let mut pieces = at / PIECE..end.div_ceil(PIECE);
    let is_there = |piece: usize| {
        let part = &bytes[at.max(piece * PIECE)..end.min((piece + 1) * PIECE)];
        part.iter().any(|byte| *byte != 0)
    };
    has_its_end && pieces.all(is_there) || is_valid_but_for_its_length(&bytes[at..])
}

/// Whether `bytes` begin with a frame in which only the length is wrong: it really ends where the
/// next frame begins, or with the last byte that is not zero.
fn is_valid_but_for_its_length(bytes: &[u8]) -> bool {
    let (header, rest) = bytes.split_at(HEADER_LEN);
    let mut marks = memchr::memmem::find_iter(rest, MARK);
    let next = marks.find(|mark| read_frame(&rest[*mark..]).is_some());
    let last = || rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let end = next.unwrap_or_else(last);
    let Ok(len) = u32::try_from(end) else { return false };
    let header_of_that_length = [&header[..4], &len.to_le_bytes(), &header[8..40]].concat();
    checksum(&header_of_that_length, &rest[..end]) == u32_at(header, 40)
}

/// Reads a segment file.
pub(crate) fn read_file(file: &dyn DiskFile) -> std::io::Result<Vec<u8>> {
    let len = usize::try_from(file.len()?).map_err(|_| std::io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; len];
    crate::disk::read_exact_at(file, &mut bytes, 0)?;
    Ok(bytes)
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(payload);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches of one, three and two frames, and where each batch starts.
    fn segment() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        let mut link = Link { epoch: 7, sequence: 40, previous: 9 };
        for size in [1_u32, 3, 2] {
            starts.push(bytes.len());
            for position in 0..size {
                let payload = format!("[\"event\", {}, {{}}]\n", link.sequence);
                let in_batch = (position, size - 1 - position);
                link.previous = push_frame(&mut bytes, link, in_batch, payload.as_bytes());
                link.sequence += 1;
            }
        }
        starts.push(bytes.len());
        (bytes, starts)
    }

    const FIRST: Option<Link> = Some(Link { epoch: 7, sequence: 40, previous: 9 });

    #[test]
    fn a_segment_is_read_as_it_was_written() {
        let (mut bytes, starts) = segment();
        for zeros in [0, 5, 500] {
            bytes.resize(starts[3] + zeros, 0);
            let contents = read_segment(&bytes, 7, FIRST);
            assert_eq!((contents.frames.len(), contents.len), (6, starts[3]));
            assert_eq!(contents.end, End::Clean);
        }
    }

    #[test]
    fn a_cut_drops_the_cut_batch_whole() {
        let (bytes, starts) = segment();
        for cut in 0..bytes.len() {
            let contents = read_segment(&bytes[..cut], 7, FIRST);
            let whole = starts.iter().rposition(|start| *start <= cut).unwrap();
            assert_eq!(contents.len, starts[whole], "cut at {cut}");
            let clean = starts.contains(&cut);
            assert_eq!(contents.end == End::Clean, clean, "cut at {cut}: {:?}", contents.end);
            assert!(!matches!(contents.end, End::Broken(_)), "cut at {cut}");
        }
    }

    #[test]
    fn a_cut_before_zeros_drops_the_cut_batch_whole() {
        let (bytes, starts) = segment();
        for cut in starts[2]..starts[3] {
            let mut torn = bytes[..cut].to_vec();
            torn.resize(bytes.len() + 5 * PIECE, 0);
            let contents = read_segment(&torn, 7, FIRST);
            assert_eq!(contents.len, starts[2], "cut at {cut}");
            assert!(!matches!(contents.end, End::Broken(_)), "cut at {cut}: {:?}", contents.end);
        }
    }

    #[test]
    fn a_flipped_bit_is_not_a_torn_write() {
        let (bytes, starts) = segment();
        for (bit, zeros) in (0..bytes.len() * 8).flat_map(|bit| [(bit, 0), (bit, 5 * PIECE)]) {
            let mut flipped = bytes.clone();
            flipped.resize(bytes.len() + zeros, 0);
            flipped[bit / 8] ^= 1 << (bit % 8);
            let contents = read_segment(&flipped, 7, FIRST);
            let batch = starts.iter().rposition(|start| *start <= bit / 8).unwrap();
            assert_eq!(contents.len, starts[batch], "bit {bit}");
            match contents.end {
                End::Broken(byte) => assert!(byte <= bit / 8, "bit {bit}"),
                other => panic!("bit {bit} went unseen: {other:?}"),
            }
        }
    }

    #[test]
    fn a_missing_block_of_the_last_batch_is_a_torn_write() {
        let first = Link { epoch: 7, sequence: 1, previous: 0 };
        for offset in 0..PIECE {
            let mut bytes = vec![b'x'; offset];
            for (frame, in_batch) in [(0, (0, 1)), (1, (1, 0))] {
                let link = Link { sequence: 1 + frame, ..first };
                push_frame(&mut bytes, link, in_batch, &[b'x'; 2 * PIECE]);
            }
            for piece in offset / PIECE..bytes.len().div_ceil(PIECE) {
                let mut torn = bytes.clone();
                let end = torn.len().min((piece + 1) * PIECE);
                torn[offset.max(piece * PIECE)..end].fill(0);
                let second = offset + HEADER_LEN + 2 * PIECE;
                let at = if read_frame(&torn[offset..]).is_some() { second } else { offset };
                assert_eq!(end_of(&torn, offset, at, 7, 1), End::Torn(at), "{offset}, {piece}");
            }
        }
    }

    #[test]
    fn missing_bytes_are_torn_in_the_last_batch_and_broken_before_it() {
        let (mut bytes, starts) = segment();
        bytes[starts[2]..starts[2] + HEADER_LEN].fill(0);
        let contents = read_segment(&bytes, 7, FIRST);
        assert_eq!((contents.len, contents.end), (starts[2], End::Torn(starts[2])));
        let (mut bytes, starts) = segment();
        bytes[starts[1]..starts[1] + HEADER_LEN].fill(0);
        let contents = read_segment(&bytes, 7, FIRST);
        assert_eq!((contents.len, contents.end), (starts[1], End::Broken(starts[1])));
    }

    #[test]
    fn a_number_without_a_next_one_is_damage() {
        for (epoch, sequence) in [(MAX_NUMBER + 1, 1), (1, u64::MAX)] {
            let mut bytes = Vec::new();
            push_frame(&mut bytes, Link { epoch, sequence, previous: 0 }, (0, 0), b"");
            assert!(read_frame(&bytes).is_none());
        }
    }

    #[test]
    fn frames_of_another_segment_do_not_count() {
        let (bytes, _) = segment();
        assert!(read_segment(&bytes, 8, None).frames.is_empty());
        let other = Some(Link { epoch: 7, sequence: 40, previous: 10 });
        assert!(read_segment(&bytes, 7, other).frames.is_empty());
    }
}

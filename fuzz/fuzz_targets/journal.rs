#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use memchr::memmem;

/// The mark at the start of each frame of a segment, and the length of a frame's header.
const MARK: &[u8] = b"GSJ1";
const HEADER: usize = 44;

fuzz_target!(|bytes: &[u8]| goldstar_fuzz::journal(bytes));

// A random checksum is never right, and the code after its check would not be reached.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if !seed.is_multiple_of(4) {
        link_frames(&mut data[..size]);
    }
    size
});

/// Repairs the frames of an input: each gets the length up to the next frame or the end of its file, the
/// number after the frame before it, and the right checksum.
fn link_frames(data: &mut [u8]) {
    let starts: Vec<usize> = memmem::find_iter(data, MARK).collect();
    let mut previous: Option<(u64, u32)> = None;
    for (place, start) in starts.iter().copied().enumerate() {
        let next = starts.get(place + 1).copied().unwrap_or(data.len());
        let behind = memmem::find(&data[start..next], b"\n-- ").map(|len| start + len);
        let end = behind.unwrap_or(if next == data.len() { next.saturating_sub(1) } else { next });
        if end < start + HEADER {
            previous = None;
            continue;
        }
        let frame = &mut data[start..end];
        let len = u32::try_from(frame.len() - HEADER).unwrap_or(u32::MAX);
        frame[4..8].copy_from_slice(&len.to_le_bytes());
        if let Some((sequence, crc)) = previous {
            frame[16..24].copy_from_slice(&sequence.wrapping_add(1).to_le_bytes());
            frame[24..28].copy_from_slice(&crc.to_le_bytes());
        }
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&frame[..40]);
        hasher.update(&frame[HEADER..]);
        let crc = hasher.finalize();
        frame[40..44].copy_from_slice(&crc.to_le_bytes());
        let sequence = frame[16..24].try_into().map(u64::from_le_bytes).unwrap_or_default();
        previous = behind.is_none().then_some((sequence, crc));
    }
}

//! The functions that the fuzzers call. `tests/torture/fuzz` replays the corpora with the same targets.

#[expect(dead_code, reason = "shared with the torture tests, which use the rest")]
#[path = "../../tests/torture/lossy_disk.rs"]
mod lossy_disk;
#[expect(dead_code, reason = "shared with the torture tests, which use the rest")]
#[path = "../../tests/torture/random.rs"]
mod random;
#[path = "../../tests/torture/fuzz/targets/mod.rs"]
mod targets;

/// Bytes as a TinyDB file.
pub fn tinydb(bytes: &[u8]) {
    targets::tinydb(bytes);
}

/// Bytes as a directory with a journal.
pub fn journal(bytes: &[u8]) {
    targets::journal(bytes);
}

/// Bytes as the parameters of a request.
pub fn query(bytes: &[u8]) {
    targets::query(bytes);
}

/// Bytes as a request with its body.
pub fn bodies(bytes: &[u8]) {
    targets::bodies(bytes);
}

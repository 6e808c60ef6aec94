//! Damages files: in the ways in which that happens, and by cutting and flipping bytes. The result
//! is the same in every run.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use crate::harness::Folders;

/// Pseudo-random numbers by Knuth's generator.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Changes the bytes of a file.
pub(crate) fn change(folders: &Folders, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folders.data().join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// A rewrite that shortened the file by its last rows, and was interrupted before it truncated the
/// old text.
pub(crate) fn two_roots(folders: &Folders, file: &str, rows: Range<usize>) {
    change(folders, file, |old| {
        let new = without(old, rows);
        assert!(new.len() < old.len());
        old[..new.len()].copy_from_slice(&new);
    });
}

/// The text as TinyDB writes it, without some of its rows.
fn without(text: &[u8], gone: Range<usize>) -> Vec<u8> {
    let value: Value = serde_json::from_slice(text).unwrap();
    let rows = value["_default"].as_object().unwrap().iter().enumerate();
    let kept = rows.filter(|(position, _)| !gone.contains(position));
    let kept: Vec<String> = kept.map(|(_, (number, row))| format!("\"{number}\": {row}")).collect();
    format!("{{\"_default\": {{{}}}}}", kept.join(", ")).into_bytes()
}

/// A power cut: blocks that were not written to the disk read as zeros.
pub(crate) fn nul_bytes(folders: &Folders, file: &str, range: impl FnOnce(usize) -> Range<usize>) {
    change(folders, file, |bytes| {
        let range = range(bytes.len());
        if range.end > bytes.len() {
            bytes.resize(range.end, 0);
        }
        bytes[range].fill(0);
    });
}

/// A full disk in the middle of a rewrite.
pub(crate) fn cut(folders: &Folders, file: &str, seed: u64) {
    change(folders, file, |bytes| {
        let len = 1 + Random::new(seed).below(bytes.len() - 2);
        bytes.truncate(len);
    });
}

/// Two programs that wrote at the same time, each in blocks of that size.
pub(crate) fn interleaved(folders: &Folders, file: &str, block: usize) {
    change(folders, file, |bytes| {
        let other = without(bytes, 1..2);
        for (position, part) in bytes.chunks_mut(block).enumerate() {
            let start = position * block;
            let found = other.get(start..).unwrap_or_default();
            let len = part.len().min(found.len());
            if position % 2 == 1 {
                part[..len].copy_from_slice(&found[..len]);
            }
        }
    });
}

/// Two programs, of which one appended its text to the other's.
pub(crate) fn concatenated(folders: &Folders, file: &str) {
    change(folders, file, |bytes| {
        let other = without(bytes, 0..1);
        bytes.truncate(bytes.trim_ascii_end().len());
        bytes.extend(other);
    });
}

/// A byte that the disk has changed, so that the text is not JSON. Another letter in a string would
/// not be noticed.
pub(crate) fn flipped(folders: &Folders, file: &str, seed: u64) {
    change(folders, file, |bytes| {
        let mut random = Random::new(seed);
        loop {
            let (at, bit) = (random.below(bytes.len()), random.below(8));
            bytes[at] ^= 1 << bit;
            if serde_json::from_slice::<Value>(bytes).is_err() {
                return;
            }
            bytes[at] ^= 1 << bit;
        }
    });
}

/// Replaces the nth occurrence of a text.
pub(crate) fn replaced(folders: &Folders, file: &str, n: usize, from: &str, to: &[u8]) {
    change(folders, file, |bytes| {
        let found = bytes.windows(from.len()).enumerate();
        let mut found = found.filter(|(_, part)| *part == from.as_bytes());
        let at = found.nth(n).unwrap_or_else(|| panic!("no {from} in {file}")).0;
        bytes.splice(at..at + from.len(), to.iter().copied());
    });
}

/// The journal's one file, relative to the data directory.
pub(crate) fn journal_file(data: &Path) -> String {
    let names = fs::read_dir(data.join("journal")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files = names.filter(|name| name.ends_with(".journal"));
    let name = files.next().expect("a journal");
    assert_eq!(files.next(), None);
    format!("journal/{name}")
}

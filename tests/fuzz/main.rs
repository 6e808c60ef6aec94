//! The fuzz targets over the inputs that fuzzing has kept, `fuzz/corpus`: what was found once stays
//! found. docs/reliability.md says how to fuzz.
#![expect(clippy::unwrap_used, reason = "a target fails by it")]

#[expect(dead_code, reason = "shared with the torture tests, which use the rest")]
#[path = "../torture/lossy_disk.rs"]
mod lossy_disk;
#[expect(dead_code, reason = "shared with the torture tests, which use the rest")]
#[path = "../torture/random.rs"]
mod random;
mod targets;

use std::fs;
use std::path::Path;

/// Calls a target with every input of its corpus. The last name that is printed is the one that
/// failed.
fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let entries = fs::read_dir(&corpus).unwrap();
    let mut inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() > 10, "{} has lost its inputs", corpus.display());
    for input in inputs {
        println!("{}", input.display());
        target(&fs::read(&input).unwrap());
    }
}

#[test]
fn tinydb() {
    replay("tinydb", targets::tinydb);
}

#[test]
fn journal() {
    replay("journal", targets::journal);
}

#[test]
fn query() {
    replay("query", targets::query);
}

#[test]
fn bodies() {
    replay("bodies", targets::bodies);
}

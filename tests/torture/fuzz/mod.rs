//! Runs the fuzz targets with the kept inputs in `fuzz/corpus`, so that a bug that was found does
//! not return. docs/reliability.md says how to fuzz.

mod targets;

use std::fs;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};

/// Calls a target with every input of its corpus: the files of its folder, and the lines of
/// `<name>.txt`, if it exists, each of which is an input in base64. If the target fails, the last
/// printed name is that of the input.
fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let entries = fs::read_dir(corpus.join(name)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "the corpus of {name} is incomplete");
    for file in files {
        println!("{}", file.display());
        target(&fs::read(&file).unwrap());
    }
    let packed = corpus.join(name).with_extension("txt");
    let lines = if packed.exists() { fs::read_to_string(&packed).unwrap() } else { String::new() };
    for (line, number) in lines.lines().zip(1..) {
        println!("{}:{number}", packed.display());
        target(&BASE64_STANDARD.decode(line).unwrap());
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

//! Each document, followed from its first command to its last.

use crate::markdown::Document;
use crate::session::Session;

/// The documents whose commands are run.
const FOLLOWED: [&str; 4] = ["MIGRATION.md", "README.md", "docs/api.md", "docs/operations.md"];

/// The blocks that aren't run, by their document and their first line.
const LEFT_OUT: [(&str, &str); 3] = [
    // It runs this test.
    ("README.md", "scripts/test"),
    // It needs a browser.
    ("docs/api.md", "const events = new EventSource(\"/api/events\");"),
    // It is for another program.
    ("docs/operations.md", "scrape_configs:"),
];

#[track_caller]
fn follow(name: &str) {
    let mut document = Document::read(name);
    let faults = Session::follow(&mut document);
    assert!(faults.is_empty(), "{name}: {}", faults.join("\n\n"));
}

#[test]
fn the_readme() {
    follow("README.md");
}

#[test]
fn the_api() {
    follow("docs/api.md");
}

#[test]
fn the_operations() {
    follow("docs/operations.md");
}

#[test]
fn the_migration() {
    follow("MIGRATION.md");
}

#[test]
fn every_block_is_run_or_listed() {
    let is_run = |language: &str| {
        matches!(language, "sh" | "sh server" | "sh stream" | "json" | "text" | "text stream")
    };
    let mut left_out = Vec::new();
    for name in FOLLOWED {
        let document = Document::read(name);
        for block in document.blocks().filter(|block| !is_run(&block.language)) {
            let first = block.text.lines().next().unwrap_or_default();
            left_out.push((name, first.to_owned()));
        }
    }
    let listed = LEFT_OUT.map(|(name, first)| (name, first.to_owned()));
    assert_eq!(left_out, listed);
}

//! The texts are plain English: a test rejects words of the project's former style.

use std::fs;
use std::path::{Path, PathBuf};

use crate::markdown::{Document, names, root};

const REJECTED: [&str; 16] = [
    "whence",
    "anew",
    "is told",
    "are told",
    "is gone",
    "is looked",
    "none where",
    "the way out",
    "put through",
    "as one likes",
    "from the begin",
    "hears of",
    "what it costs",
    "makes itself",
    "to its end",
    "last words",
];

/// Finds a whole word: "renewed" does not contain "anew".
fn find(text: &str, wanted: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(wanted).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + wanted.len()..].chars().next();
        !is_word(before) && !is_word(after)
    })
}

/// The rejected words in a text, even across line breaks.
fn rejected(lines: impl Iterator<Item = String>) -> Vec<&'static str> {
    let words: Vec<String> = lines
        .flat_map(|line| line.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>())
        .collect();
    let text = words.join(" ");
    REJECTED.into_iter().filter(|word| find(&text, word)).collect()
}

/// A line without what it quotes: code and double-quoted text.
fn without_quotations(line: &str) -> String {
    let without = |text: &str, mark| text.split(mark).step_by(2).collect::<Vec<_>>().join("x");
    without(&without(line, '`'), '"')
}

/// A line of source without the marks of a comment.
fn without_marks(line: &str) -> String {
    let line = line.trim_start();
    let mark = ["//!", "///", "//"].into_iter().find(|mark| line.starts_with(mark));
    line.strip_prefix(mark.unwrap_or_default()).unwrap_or(line).to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_none_or(|extension| extension != "png") {
            files.push(path);
        }
    }
    files
}

#[test]
fn no_document_has_a_rejected_word() {
    let mut faults = Vec::new();
    for name in names() {
        let document = Document::read(&name);
        let words = rejected(document.lines().map(without_quotations));
        faults.extend((!words.is_empty()).then(|| format!("{name}: {words:?}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_source_has_a_rejected_word() {
    let mut faults = Vec::new();
    for path in sources(&root().join("src")) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        let words = rejected(text.lines().map(without_marks));
        faults.extend((!words.is_empty()).then(|| format!("{name}: {words:?}")));
    }
    faults.sort();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn rejected_words_are_found_whole_and_across_lines() {
    let text = "/// It is\n/// told of `anew`, and renewed.\nfn f() {}";
    let of = |text: &str, line: fn(&str) -> String| rejected(text.lines().map(line));
    assert_eq!(of(text, without_marks), ["anew", "is told"]);
    assert_eq!(of("Say `anew` and \"is gone\". None where?", without_quotations), ["none where"]);
}

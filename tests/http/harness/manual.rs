//! The documents, whose examples tests execute.

use std::fs;
use std::path::Path;

/// The text of a block in this language after a heading of a document. The first has the index 0.
pub(crate) fn block_of(document: &str, heading: &str, language: &str, index: usize) -> String {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let document = fs::read_to_string(document).unwrap();
    let (_, section) = document.split_once(&format!("\n{heading}\n")).unwrap();
    let found = section.split(&format!("\n```{language}\n")).nth(index + 1);
    let (text, _) = found.unwrap().split_once("```").unwrap();
    text.to_owned()
}

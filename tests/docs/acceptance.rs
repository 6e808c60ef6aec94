//! The tests that the table of acceptance criteria names exist.

use std::fs;

use crate::markdown::{Document, root};

/// The tests in a cell, each with its file: `` `path`: `name`, `name` ``.
fn tests(cell: &str) -> Vec<(&str, &str)> {
    let mut path = "";
    let mut tests = Vec::new();
    for text in cell.split('`').skip(1).step_by(2) {
        if text.contains('/') { path = text } else { tests.push((path, text)) }
    }
    tests
}

/// Whether a source file has a test with that name.
fn has(path: &str, name: &str) -> bool {
    let source = fs::read_to_string(root().join(path)).unwrap_or_default();
    let head = format!("fn {name}()");
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let is_test = |line: &str| line.starts_with("#[test") || line.starts_with("#[tokio::test");
    let is_head = |line: &str| line.strip_prefix("async ").unwrap_or(line).starts_with(&head);
    lines.windows(2).any(|pair| is_test(pair[0]) && is_head(pair[1]))
}

#[test]
fn the_tests_of_each_criterion_of_account_deletion_exist() {
    let table = Document::read("docs/account-deletion.md").table(" Acceptance criteria");
    assert!(table.len() > 10, "{table:?}");
    for row in table {
        let tests = tests(&row[1]);
        assert!(row.len() == 2 && !tests.is_empty(), "{row:?} is shown by nothing");
        for (path, name) in tests {
            assert!(has(path, name), "{path} has no test {name}");
        }
    }
}

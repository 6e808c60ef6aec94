//! The tests and benchmarks that tables of the documents name exist.

use std::fs;

use crate::markdown::{Document, root};

/// The tests in a cell, each with its file: `` `path`: `name`, `name` ``.
fn tests(cell: &str) -> Vec<(&str, &str)> {
    let mut path = "";
    let mut tests = Vec::new();
    for text in cell.split('`').skip(1).step_by(2) {
        let is_path =
            ["src/", "tests/", "benches/", "scripts/"].iter().any(|it| text.starts_with(it));
        if is_path { path = text } else { tests.push((path, text)) }
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

/// What shows each row of a table: the tests in its last cell exist.
fn assert_shown(row: &[String]) {
    let tests = tests(&row[row.len() - 1]);
    assert!(!tests.is_empty(), "{row:?} is shown by nothing");
    for (path, name) in tests {
        if path.starts_with("benches/") || path == "scripts/bench" {
            assert!(has_benchmark(path, name), "{path} has no benchmark {name}");
        } else {
            assert!(has(path, name), "{path} has no test {name}");
        }
    }
}

/// Whether a row of `scripts/bench`, or a benchmark of the inner parts, has that name.
fn has_benchmark(path: &str, name: &str) -> bool {
    let path = if path == "scripts/bench" { "benches/goals/main.rs" } else { path };
    let source = fs::read_to_string(root().join(path)).unwrap_or_default();
    source.contains(&format!("\"{name}\""))
}

#[test]
fn the_tests_and_benchmarks_of_each_growing_cost_exist() {
    let table = Document::read("docs/performance.md").table(" How the cost grows");
    assert!(table.len() > 10, "{table:?}");
    for row in &table {
        assert_shown(row);
    }
}

#[test]
fn the_tests_of_each_criterion_of_account_deletion_exist() {
    let table = Document::read("docs/account-deletion.md").table(" Acceptance criteria");
    assert!(table.len() > 10, "{table:?}");
    for row in &table {
        assert_shown(row);
    }
}

//! Compares the table with the one in the documentation.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::table::{Need, rows};

const HEADING: &str = "## Scopes and routes\n";

/// The routes that tokens can use, sorted by path.
fn rendered() -> String {
    let mut text = "| route | scope | token for one child |\n| --- | --- | --- |\n".to_owned();
    let mut rows: Vec<_> = rows().collect();
    rows.sort_by_key(|(row, _)| (row.path(), row.method().to_string()));
    for (row, need) in rows {
        let (scope, of_one_child) = match need {
            Need::Nothing | Need::Session => continue,
            Need::AnyToken => ("any".to_owned(), "yes"),
            Need::Scope(scope) => (format!("`{scope}`"), "yes"),
            Need::OfAllChildren(scope) => (format!("`{scope}`"), "no"),
        };
        writeln!(text, "| `{} {}` | {scope} | {of_one_child} |", row.method(), row.path()).unwrap();
    }
    text
}

#[test]
fn the_page_of_the_tokens_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tokens.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(HEADING).expect(HEADING);
    let start = rest.find("\n| route |").unwrap() + 1;
    let end = start + rest[start..].find("\n\n").unwrap() + 1;
    let wanted = rendered();
    if std::env::var_os("GOLDSTAR_WRITE_SAMPLES").is_some() {
        let (head, tail) = (&rest[..start], &rest[end..]);
        fs::write(&path, format!("{before}{HEADING}{head}{wanted}{tail}")).unwrap();
        return;
    }
    assert_eq!(rest[start..end], wanted, "GOLDSTAR_WRITE_SAMPLES=1 writes it");
}

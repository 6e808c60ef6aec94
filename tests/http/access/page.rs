//! Compares the table with the one in the documentation.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::table::{ROLES, TABLE};

const HEADING: &str = "## Who may do what\n";

/// The table with one row per route, sorted by path.
fn rendered() -> String {
    let mut text =
        format!("| route | {} |\n|{}\n", ROLES.join(" | "), " --- |".repeat(ROLES.len() + 1));
    let mut rows: Vec<_> = TABLE.iter().collect();
    rows.sort_by_key(|row| (row.path(), row.method().to_string()));
    for row in rows {
        let cells = row.2.map(|status| status.to_string()).join(" | ");
        writeln!(text, "| `{} {}` | {cells} |", row.method(), row.path()).unwrap();
    }
    text
}

/// Compares the table under a heading of a document with one that a test has computed.
pub(crate) fn check_table(document: &str, heading: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(heading).expect(heading);
    let start = rest.find("\n| route |").unwrap() + 1;
    let end = start + rest[start..].find("\n\n").unwrap() + 1;
    if std::env::var_os("GOLDSTAR_WRITE_SAMPLES").is_some() {
        let (head, tail) = (&rest[..start], &rest[end..]);
        fs::write(&path, format!("{before}{heading}{head}{wanted}{tail}")).unwrap();
        return;
    }
    assert_eq!(&rest[start..end], wanted, "GOLDSTAR_WRITE_SAMPLES=1 writes it");
}

#[test]
fn the_page_of_the_api_has_the_table() {
    check_table("docs/api.md", HEADING, &rendered());
}

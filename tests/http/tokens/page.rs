//! Compares the table with the one in the documentation.

use std::fmt::Write as _;

use super::table::{Need, rows};
use crate::access::page::check_table;

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
    check_table("docs/tokens.md", HEADING, &rendered());
}

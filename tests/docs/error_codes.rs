//! The table of error codes, against the source's own table of statuses and codes.

use std::collections::BTreeSet;
use std::fs;

use axum::http::StatusCode;

use crate::markdown::{Document, code, root};

type Codes = BTreeSet<(u16, String)>;

/// Every `(StatusCode::NAME, "CODE")` of `src/http/error.rs`.
fn in_source() -> Codes {
    let source = fs::read_to_string(root().join("src/http/error.rs")).unwrap();
    let product = source.split("#[cfg(test)]").next().unwrap();
    let pairs = product.split("(StatusCode::").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once(',')?;
        let code = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        Some((number(name), code.to_owned()))
    });
    pairs.collect()
}

/// `404` for `NOT_FOUND`.
fn number(name: &str) -> u16 {
    let constant = |status: StatusCode| status.canonical_reason().map(str::to_uppercase);
    let mut all = (100..600).filter_map(|number| StatusCode::from_u16(number).ok());
    let found = all.find(|status| {
        constant(*status).is_some_and(|reason| reason.replace([' ', '-'], "_") == name)
    });
    found.unwrap_or_else(|| panic!("`StatusCode::{name}` has another reason")).as_u16()
}

fn in_document() -> Codes {
    let table = Document::read("docs/api.md").table(" Errors");
    let row = |row: &Vec<String>| {
        assert!(row.len() == 3 && !row[2].is_empty(), "{row:?} has no meaning");
        (row[0].parse().unwrap(), code(&row[1]).unwrap().to_owned())
    };
    table.iter().map(row).collect()
}

#[test]
fn every_error_code_is_explained_and_no_other() {
    let (source, document) = (in_source(), in_document());
    assert!(source.len() > 20, "{source:?}");
    let missing: Vec<_> = source.difference(&document).collect();
    let made_up: Vec<_> = document.difference(&source).collect();
    assert!(missing.is_empty() && made_up.is_empty(), "missing {missing:?}, made up {made_up:?}");
}

//! Compares the documented error codes with those of the code.

use goldstar::http::ErrorCode;

use crate::markdown::{Document, code};

/// A status, a code and its meaning.
type Row = (String, String, String);

#[test]
fn the_documented_error_codes_are_those_of_the_code() {
    let row = |code: ErrorCode| {
        let status = code.status().as_u16().to_string();
        (status, code.as_str().to_owned(), code.meaning().to_owned())
    };
    let source: Vec<Row> = ErrorCode::all().map(row).collect();
    assert!(source.len() > 20, "{source:?}");
    let table = Document::read("docs/api.md").table(" Errors");
    let row =
        |row: &Vec<String>| (row[0].clone(), code(&row[1]).unwrap().to_owned(), row[2].clone());
    let document: Vec<Row> = table.iter().map(row).collect();
    assert_eq!(document, source);
}

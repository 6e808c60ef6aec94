//! Compares the committed OpenAPI document with the one that the code generates.

use std::{env, fs};

use goldstar::http::openapi_document;

use crate::markdown::root;

#[test]
fn the_openapi_document_is_up_to_date() {
    let path = root().join("docs/openapi.json");
    let document = openapi_document();
    if env::var_os("GOLDSTAR_WRITE_SAMPLES").is_some() {
        fs::write(&path, &document).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == document, "{} is out of date: see `main.rs`", path.display());
}

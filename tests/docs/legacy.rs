//! Compares the table of legacy paths with the OpenAPI document, which is built from the router.

use goldstar::http::openapi_document;
use serde_json::Value;

use crate::markdown::{Document, code};

/// An old path, the field of its body, and its operation id.
type Legacy = (String, String, String);

fn operation_id(document: &Value, path: &str) -> String {
    document["paths"][path]["post"]["operationId"].as_str().unwrap().to_owned()
}

/// Every deprecated operation of the OpenAPI document.
fn in_source(document: &Value) -> Vec<Legacy> {
    let paths = document["paths"].as_object().unwrap();
    let deprecated = paths.iter().filter(|(_, item)| item["post"]["deprecated"] == true);
    let legacy = deprecated.map(|(path, item)| {
        let body = &item["post"]["requestBody"]["content"]["application/json"]["schema"];
        let field = body["required"][0].as_str().unwrap();
        (path.clone(), field.to_owned(), operation_id(document, path))
    });
    legacy.collect()
}

fn in_document(openapi: &Value) -> Vec<Legacy> {
    let document = Document::read("docs/api.md");
    let new_routes = document.table(" Routes");
    let row = |row: &Vec<String>| {
        let (_, path) = code(&row[1]).unwrap().split_once(' ').unwrap();
        let new = new_routes.iter().find(|new| new[1] == row[3]);
        let new = new.unwrap_or_else(|| panic!("there is no route {}", row[3]));
        assert_eq!(row[0], new[0], "who may {}", row[1]);
        let (_, new_path) = code(&new[1]).unwrap().split_once(' ').unwrap();
        let operation_id = operation_id(openapi, new_path) + "Legacy";
        (path.to_owned(), code(&row[2]).unwrap().to_owned(), operation_id)
    };
    document.table(" Legacy paths").iter().map(row).collect()
}

#[test]
fn the_documented_legacy_paths_are_those_of_the_code() {
    let openapi: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut documented = in_document(&openapi);
    documented.sort();
    let mut source = in_source(&openapi);
    source.sort();
    assert!(source.len() >= 4, "{source:?}");
    assert_eq!(documented, source);
}

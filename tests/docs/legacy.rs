//! The table of legacy paths, against the source's own.

use std::fs;

use crate::markdown::{Document, code, root};

/// An old path, the field of its body, and the handler.
type Legacy = (String, String, String);

/// Every `.route("path", with(|TaskId(id)| id, mutations::handler))` of `src/http/legacy.rs`.
fn in_source() -> Vec<Legacy> {
    let source = fs::read_to_string(root().join("src/http/legacy.rs")).unwrap();
    let routes = source.split(".route(\"").skip(1);
    let parse = |route: &str| {
        let (path, rest) = route.split_once("\", with(|")?;
        let (id, rest) = rest.split_once('(')?;
        let (_, handler) = rest.split_once("mutations::")?;
        let field = id.strip_suffix("Id")?.to_lowercase() + "_id";
        Some((path.to_owned(), field, handler.split(')').next()?.to_owned()))
    };
    let legacy = routes.map(|route| parse(route).unwrap_or_else(|| panic!("`{route}` is new")));
    legacy.collect()
}

fn in_document() -> Vec<Legacy> {
    let document = Document::read("docs/api.md");
    let new_routes = document.table(" Routes");
    let row = |row: &Vec<String>| {
        let (_, path) = code(&row[1]).unwrap().split_once(' ').unwrap();
        let new = new_routes.iter().find(|new| new[1] == row[3]);
        let new = new.unwrap_or_else(|| panic!("there is no route {}", row[3]));
        assert_eq!(row[0], new[0], "who may {}", row[1]);
        let (_, handler) = code(&new[1]).unwrap().rsplit_once('/').unwrap();
        (path.to_owned(), code(&row[2]).unwrap().to_owned(), handler.to_owned())
    };
    document.table(" Legacy paths").iter().map(row).collect()
}

#[test]
fn every_legacy_path_is_in_the_table_and_no_other() {
    let source = in_source();
    assert!(source.len() >= 4, "{source:?}");
    assert_eq!(in_document(), source);
}

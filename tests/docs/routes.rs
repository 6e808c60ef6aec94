//! Compares the table of routes with the OpenAPI document and with a running server.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use goldstar::http::openapi_document;
use serde_json::Value;

use crate::markdown::{Document, code, root};
use crate::process::{Running, run};

/// Every method and path, with `{}` for an id.
type Routes = BTreeSet<(String, String)>;

/// Every route of the OpenAPI document, which is built from the router, except legacy paths.
fn in_source() -> Routes {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        let current = methods.filter(|(_, operation)| operation["deprecated"] != true);
        current.map(|(method, _)| (method.to_uppercase(), without_names(path)))
    });
    routes.collect()
}

/// No route can exist without its part of the document.
#[test]
fn every_route_is_documented() {
    let source = fs::read_to_string(root().join("src/http/routes.rs")).unwrap();
    assert!(source.contains(".routes(routes!(") && !source.contains(".route("), "{source}");
}

/// `/tasks/{}` for `/tasks/{id}`.
fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The role, the method, and the path.
type Row = (String, String, String);

fn in_document() -> Vec<Row> {
    let table = Document::read("docs/api.md").table(" Routes");
    let row = |row: &Vec<String>| {
        let (method, path) = code(&row[1]).unwrap().split_once(' ').unwrap();
        (row[0].clone(), method.to_owned(), path.to_owned())
    };
    table.iter().map(row).collect()
}

#[test]
fn the_documented_routes_are_those_of_the_code() {
    let rows = in_document();
    let document: Routes =
        rows.iter().map(|(_, method, path)| (method.clone(), without_names(path))).collect();
    assert_eq!(document.len(), rows.len(), "a route is there twice");
    let source = in_source();
    assert!(source.len() > 25, "{source:?}");
    let missing: Vec<_> = source.difference(&document).collect();
    let made_up: Vec<_> = document.difference(&source).collect();
    assert!(missing.is_empty() && made_up.is_empty(), "missing {missing:?}, made up {made_up:?}");
}

const JSON: &str = "-H 'Content-Type: application/json'";

/// The error codes that a session gets on each route, with ids that do not exist.
fn codes(rows: &[Row], at: &str, folder: &Path, token: &str) -> Vec<String> {
    let mut script = String::new();
    for (_, method, path) in rows {
        let url = format!("{at}{}", without_names(path).replace("{}", "x"));
        // The stream would not end by itself. Callers who may read it get the error of the wrong
        // parameter.
        let query = if path == "/events" { "?named=x" } else { "" };
        write!(
            script,
            "curl -sS -o answer -X {method} {JSON} -H 'Authorization: Bearer {token}' \
             '{url}{query}'\n\
             grep -o '\"code\":\"[A-Z_]*\"' answer > code || echo none > code\n\
             head -n 1 code; rm -f answer\n"
        )
        .unwrap();
    }
    let printed = run(&script, folder).unwrap();
    let code = |line: &str| line.split('"').nth(3).unwrap_or("none").to_owned();
    printed.lines().map(code).collect()
}

#[test]
fn the_documented_permissions_are_those_of_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let goldstar = env!("CARGO_BIN_EXE_goldstar");
    let mut server = Running::start(&format!("exec {goldstar}"), folder.path());
    let greeting = server.lines(1);
    let at = greeting.split_whitespace().last().unwrap();
    let post = |path: &str, token: &str, body: &str| {
        let bearer = format!("-H 'Authorization: Bearer {token}'");
        run(&format!("curl -sS -i {JSON} {bearer} -d '{body}' {at}{path}"), folder.path()).unwrap()
    };
    let token = |answer: &str| {
        let (_, rest) = answer.split_once("session=").unwrap_or_else(|| panic!("{answer}"));
        rest.split(';').next().unwrap().to_owned()
    };
    let account = r#""email":"a@example.org","password":"correct horse""#;
    let names = r#""first_name":"A","last_name":"B""#;
    let parent = token(&post("/auth/signup", "", &format!("{{{account},{names}}}")));
    let child = post("/children", &parent, r#"{"name":"C"}"#);
    let (_, rest) = child.split_once("\"id\":\"").unwrap();
    let child_id = rest.split('"').next().unwrap();
    let second = token(&post("/auth/login", "", &format!("{{{account}}}")));
    let body = format!("{{\"child_id\":\"{child_id}\"}}");
    let child = token(&post("/auth/child-session", &second, &body));

    let mut rows = in_document();
    // A logout ends the session of the request, so it comes last. The other route that does is tested
    // with the table of roles.
    rows.sort_by_key(|(_, _, path)| path == "/auth/logout");
    rows.retain(|(_, method, path)| {
        (method.as_str(), path.as_str()) != ("DELETE", "/auth/sessions")
    });
    let answers = [("nobody", ""), ("child", &child), ("parent", &parent)];
    for (who, token) in answers {
        let codes = codes(&rows, at, folder.path(), token);
        for ((may, method, path), code) in rows.iter().zip(codes) {
            let expected = match (may.as_str(), who) {
                ("anyone", _)
                | ("session", "child" | "parent")
                | ("adult" | "parent" | "owner", "parent") => None,
                (_, "nobody") => Some("UNAUTHENTICATED"),
                ("adult" | "parent" | "owner", "child") => Some("PARENT_REQUIRED"),
                ("admin" | "operator", _) => Some("ADMIN_REQUIRED"),
                _ => panic!("`{may}` is nobody"),
            };
            let refusals = ["UNAUTHENTICATED", "PARENT_REQUIRED", "ADMIN_REQUIRED"];
            let refused = refusals.contains(&code.as_str()).then_some(code.as_str());
            assert_eq!(refused, expected, "{who}: {method} {path}");
        }
    }
    server.stop();
}

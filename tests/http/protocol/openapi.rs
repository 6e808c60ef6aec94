//! The OpenAPI document, and the page that shows it.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Client, TestServer, adjust_path, assert_error, python, reverse_path, send, task_path,
    text,
};
use crate::households::{accept, invite};

/// Every method and path of the document.
fn routes(document: &Value) -> Vec<(Method, String)> {
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase().parse().unwrap(), path.clone()))
    });
    routes.collect()
}

#[tokio::test]
async fn the_document_is_valid_and_so_are_its_examples() {
    let server = TestServer::start().await;
    let document = server.nobody().get("/openapi.json").await;
    let checked = python("check_openapi.py", &[], &document.text).stdout;
    let checked: Value = serde_json::from_slice(&checked).unwrap();
    assert_eq!(checked["faults"], Value::Array(Vec::new()));
    let examples = checked["examples"].as_u64().unwrap();
    assert!(examples > 100, "only {examples} examples were found");
}

#[tokio::test]
async fn every_operation_has_a_unique_id_and_a_description() {
    let server = TestServer::start().await;
    let document = server.nobody().get("/openapi.json").await.expect(200);
    let mut ids = Vec::new();
    for (method, path) in routes(&document) {
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        for field in ["operationId", "summary", "tags", "responses"] {
            assert!(!operation[field].is_null(), "{method} {path}: {field}");
        }
        ids.push(operation["operationId"].as_str().unwrap().to_owned());
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert!(ids.len() == count && count > 35, "{ids:?}");
    for field in ["description", "license", "title", "version"] {
        assert!(!document["info"][field].is_null(), "{field}");
    }
}

#[tokio::test]
async fn every_documented_route_is_there_and_answers_as_documented() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let family = server.family().await;
    let feeds = format!("/children/{}/calendar-feeds", family.child);
    let url = text(&family.parent.act(&feeds).await.expect(201)["feed"]["url"]);
    let feed = url.rsplit('/').next().unwrap();
    let document = nobody.get("/openapi.json").await.expect(200);
    for (method, path) in routes(&document) {
        let responses = &document["paths"][&path][method.as_str().to_lowercase()]["responses"];
        for prefix in ["", "/api"] {
            let path = path.replace("{file}", "page.js").replace("{picture}", "tasks_done-2.svg");
            let path = path.replace("{feed}", feed);
            let address = format!("{prefix}{path}");
            let answer = send(nobody.request(method.clone(), &address)).await;
            let status = answer.status.to_string();
            assert!(![404, 405].contains(&answer.status), "{method} {address}: {status}");
            assert!(!responses[&status].is_null(), "{method} {address}: {status}");
        }
    }
}

#[tokio::test]
async fn the_document_and_the_page_behave_like_every_route() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for path in ["/openapi.json", "/docs", "/docs/page.js", "/docs/swagger-ui-bundle.js"] {
        let plain = nobody.get(path).await;
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(nobody.get(&format!("/api{path}")).await.text, plain.text);
        assert_eq!(nobody.get(&format!("{path}/")).await.status, 200);
        let head = send(nobody.request(Method::HEAD, path)).await;
        assert_eq!((head.status, &*head.text), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), plain.text.len().to_string(), "{path}");
        let options = send(nobody.request(Method::OPTIONS, path)).await;
        assert_eq!((options.status, options.header("allow")), (200, "GET,HEAD,OPTIONS"));
        assert_error(&send(nobody.request(Method::POST, path)).await, 405, "METHOD_NOT_ALLOWED");
    }
    assert_error(&nobody.get("/docs/none.js").await, 404, "NOT_FOUND");
}

/// Checks that these objects together have exactly the fields of the schema.
fn assert_described<'a>(objects: impl IntoIterator<Item = &'a Value>, schema: &Value) {
    let names = |object: &'a Value| object.as_object().unwrap().keys();
    let answered: BTreeSet<&String> = objects.into_iter().flat_map(names).collect();
    let described: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(answered, described);
}

/// Its schema is written by hand, because no type of this floor serialises it.
#[tokio::test]
async fn an_event_is_described_with_the_fields_that_it_has() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let poor = parent.child("Aarav", 3).await;
    let mut stream = parent.events("/events").await;
    let request = task_path(&family.child, &family.task, "request");
    let answers = [
        parent.act(&request).await,
        parent.activate(&family.child, &family.task).await,
        parent.activate(&poor, &family.penalty).await,
        parent.redeem(&family.child, &family.reward).await,
    ];
    let mut events = answers.map(|answer| answer.expect(200)["tracking_event"].take()).to_vec();
    let event = text(&events[1]["id"]);
    let answers = [
        parent.act(&reverse_path(&family.child, &event)).await,
        parent.post(&adjust_path(&family.child), json!({"delta": 1, "note": "x"})).await,
    ];
    events.extend(answers.map(|answer| answer.expect(200)["tracking_event"].take()));
    // A family with several adults.
    let helper = server.parent().await;
    accept(&helper, &invite(parent, "helper").await).await;
    let mut activated = parent.activate(&family.child, &family.task).await.expect(200);
    events.push(activated["tracking_event"].take());
    let frame = stream.next().await.data;

    let document = server.nobody().get("/openapi.json").await.expect(200);
    let schemas = &document["components"]["schemas"];
    let event = &schemas["TrackingEvent"];
    assert_described(&events, event);
    let metadata = events.iter().map(|event| &event["metadata"]);
    assert_described(metadata, &event["properties"]["metadata"]);
    let created = &schemas["TrackingEventCreated"];
    assert_described([&frame], created);
    assert_described([&frame["payload"]], &created["properties"]["payload"]);
}

/// The addresses of everything that the page loads.
fn loaded(page: &Answer, address: &str) -> Vec<String> {
    let text = page.text.replace("<a href=", "");
    let links = text.split([' ', '>']).filter_map(|word| {
        let link = word.strip_prefix("href=").or(word.strip_prefix("src="))?;
        Some(link.trim_matches('"').to_owned())
    });
    let base = reqwest::Url::parse("http://localhost").unwrap().join(address).unwrap();
    links.map(|link| base.join(&link).unwrap().path().to_owned()).collect()
}

#[tokio::test]
async fn the_page_loads_its_own_files_under_a_strict_policy() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for address in ["/docs", "/docs/", "/api/docs", "/api/docs/"] {
        let page = nobody.get(address).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'"] {
            assert!(policy.split("; ").any(|part| part == rule), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        for inline in ["<style", "style=", "onload=", "<script>"] {
            assert!(!page.text.contains(inline), "{inline}: the policy forbids it");
        }
        let files = loaded(&page, address);
        assert_eq!(files.len(), 6, "{files:?}");
        for file in files {
            let kind = match file.rsplit('.').next() {
                Some("js") => "text/javascript; charset=utf-8",
                Some("css") => "text/css; charset=utf-8",
                _ => "image/png",
            };
            let answer = send(nobody.request(Method::GET, &file)).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, kind), "{file}");
            assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        }
    }
}

/// Swagger UI has dark colours for a page with a certain class, which the page sets if the browser
/// prefers dark colours. Its own style sheet contains the missing colours.
#[tokio::test]
async fn the_page_is_dark_where_the_browser_prefers_that() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let page = nobody.get("/docs").await.text;
    let sheets: Vec<_> = page.lines().filter(|line| line.contains("stylesheet")).collect();
    assert!(sheets.last().unwrap().contains("docs/page.css"), "it must come last: {sheets:?}");
    let program = nobody.get("/docs/page.js").await.text;
    for part in ["(prefers-color-scheme: dark)", "classList.toggle(\"dark-mode\""] {
        assert!(program.contains(part), "{part}");
    }
    let own = nobody.get("/docs/page.css").await.text;
    assert!(own.contains(":root.dark-mode body {\n  background: #1c2022;\n  color: #e4e6e6;\n}"));
    assert!(nobody.get("/docs/swagger-ui.css").await.text.contains(".dark-mode .swagger-ui"));
}

#[tokio::test]
async fn a_cached_file_is_not_sent_again() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for path in ["/openapi.json", "/docs/page.js", "/docs/swagger-ui.css"] {
        let first = nobody.get(path).await;
        assert_eq!(first.header("cache-control"), "no-cache", "{path}");
        let tag = first.header("etag").to_owned();
        let ask = |tag: &str| send(nobody.request(Method::GET, path).header("if-none-match", tag));
        let again = ask(&tag).await;
        assert_eq!((again.status, &*again.text, again.header("etag")), (304, "", &*tag), "{path}");
        assert_eq!(ask("\"another\"").await.text, first.text, "{path}");
    }
}

/// A compressed file.
async fn packed(client: &Client, path: &str) -> Vec<u8> {
    let request = client.request(Method::GET, path).header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
    assert_eq!(response.headers()["vary"], "accept-encoding", "{path}");
    response.bytes().await.unwrap().into()
}

#[tokio::test]
async fn the_files_are_compressed_for_clients_that_accept_it() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for path in ["/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"] {
        let plain = nobody.get(path).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let packed = packed(&nobody, path).await;
        assert!(packed.len() < plain.text.len() / 2, "{path}: {}", packed.len());
        let mut text = String::new();
        GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
        assert!(text == plain.text, "{path} differs");
    }
}

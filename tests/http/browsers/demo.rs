//! The page of the demo, with and without a demo family.

use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::Method;
use sha2::{Digest, Sha256};

use crate::harness::{Answer, Folders, Settings, TestServer, assert_error, send};

async fn with_demo() -> TestServer {
    let flags = vec!["--demo".to_owned()];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    TestServer::on(Folders::new(), settings).await
}

/// The text of the page's only element of that name.
fn block<'a>(page: &'a str, name: &str) -> &'a str {
    let (begin, end) = (format!("<{name}"), format!("</{name}>"));
    assert_eq!((page.matches(&begin).count(), page.matches(&end).count()), (1, 1), "{name}");
    let (_, rest) = page.split_once(&begin).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once(&end).unwrap().0
}

/// The sources that a policy allows for a directive.
fn sources<'a>(answer: &'a Answer, directive: &str) -> &'a str {
    let policy = answer.header("content-security-policy").split("; ");
    let mut found = policy.filter_map(|part| part.strip_prefix(directive)?.strip_prefix(' '));
    let sources = found.next().unwrap_or_else(|| panic!("no {directive}"));
    assert_eq!(found.next(), None, "{directive} is there twice");
    sources
}

#[tokio::test]
async fn the_page_may_run_its_own_blocks_and_ask_its_own_server() {
    let server = with_demo().await;
    for path in ["/demo", "/api/demo", "/demo/"] {
        let answer = server.nobody().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        for (directive, name) in [("script-src", "script"), ("style-src", "style")] {
            let hash = BASE64_STANDARD.encode(Sha256::digest(block(&answer.text, name)));
            assert_eq!(sources(&answer, directive), format!("'sha256-{hash}'"));
        }
        for (directive, expected) in [
            ("default-src", "'none'"),
            ("connect-src", "'self'"),
            ("img-src", "data:"),
            ("base-uri", "'none'"),
            ("form-action", "'none'"),
            ("frame-ancestors", "'none'"),
        ] {
            assert_eq!(sources(&answer, directive), expected, "{directive}");
        }
        assert_eq!(answer.header("content-security-policy").split("; ").count(), 8);
        for (name, expected) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), expected, "{path}");
        }
    }
    let refused = send(server.nobody().request(Method::POST, "/demo")).await;
    assert_error(&refused, 405, "METHOD_NOT_ALLOWED");
    assert_eq!(refused.header("allow"), "GET,HEAD,OPTIONS");
    // No other response may load anything.
    let other = server.nobody().get("/health").await;
    let policy = other.header("content-security-policy");
    assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'");
}

#[tokio::test]
async fn a_server_without_a_demo_has_no_such_page() {
    let server = TestServer::process().await;
    for path in ["/demo", "/api/demo"] {
        assert_error(&server.nobody().get(path).await, 404, "NOT_FOUND");
        let posted = send(server.nobody().request(Method::POST, path)).await;
        assert_error(&posted, 404, "NOT_FOUND");
    }
}

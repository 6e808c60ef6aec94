//! The start of a browser at `/`.

use reqwest::Method;

use crate::harness::{Answer, Client, TestServer, assert_error, send};

/// What browsers send for a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn home(client: &Client, method: Method, path: &str, accept: &str) -> Answer {
    send(client.request(method, path).header("accept", accept)).await
}

#[tokio::test]
async fn a_browser_is_sent_to_the_pages() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let page = home(&nobody, Method::GET, "/", BROWSER).await;
    assert!(page.text.contains("<h1>Sign in</h1>"), "{}", page.text);
    assert_eq!(home(&nobody, Method::HEAD, "/", BROWSER).await.status, 200);
    for path in ["/api", "/api/"] {
        let page = home(&nobody, Method::GET, path, BROWSER).await;
        assert!(page.text.contains("swagger"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn everybody_else_gets_json() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for (method, path, accept) in [
        (Method::GET, "/", "*/*"),
        (Method::GET, "/", "application/json"),
        (Method::GET, "/", "text/htmlx"),
        (Method::POST, "/", BROWSER),
        (Method::GET, "/nowhere", "application/json"),
    ] {
        let answer = home(&nobody, method, path, accept).await;
        assert_error(&answer, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn the_page_of_the_api_links_to_the_start_page() {
    let server = TestServer::start().await;
    for (path, link) in [("/docs", "href=\"./\""), ("/docs/", "href=\"../\"")] {
        let page = server.nobody().get(path).await;
        assert!(page.text.contains(link), "{}", page.text);
    }
}

//! The start page, which browsers get at `/`.

use reqwest::Method;

use crate::harness::{Answer, Client, Folders, Settings, TestServer, assert_error, send};

/// What browsers send for a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn home(client: &Client, method: Method, path: &str, accept: &str) -> Answer {
    send(client.request(method, path).header("accept", accept)).await
}

fn links(page: &str) -> Vec<&str> {
    page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn a_browser_gets_a_page_whose_links_work() {
    let flags = vec!["--demo".to_owned()];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let server = TestServer::on(Folders::new(), settings).await;
    let nobody = server.nobody();
    let page = home(&nobody, Method::GET, "/", BROWSER).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'");
    assert!(page.text.contains(concat!("Goldstar ", env!("CARGO_PKG_VERSION"))), "{}", page.text);
    assert!(!page.text.contains("<script") && !page.text.contains('{'), "{}", page.text);
    assert_eq!(links(&page.text), ["docs", "demo", "health"]);
    for link in links(&page.text) {
        assert_eq!(nobody.get(&format!("/{link}")).await.status, 200, "{link}");
    }
    for path in ["/api", "/api/"] {
        assert_eq!(home(&nobody, Method::GET, path, BROWSER).await.text, page.text);
    }
}

#[tokio::test]
async fn everybody_else_and_every_other_path_gets_json() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for (method, path, accept) in [
        (Method::GET, "/", "*/*"),
        (Method::GET, "/", "application/json"),
        (Method::GET, "/", "text/htmlx"),
        (Method::POST, "/", BROWSER),
        (Method::GET, "/nowhere", BROWSER),
    ] {
        let answer = home(&nobody, method, path, accept).await;
        assert_error(&answer, 404, "NOT_FOUND");
    }
    let page = home(&nobody, Method::GET, "/", BROWSER).await;
    assert!(!links(&page.text).contains(&"demo"), "{}", page.text);
    assert_eq!(home(&nobody, Method::HEAD, "/", BROWSER).await.status, 200);
}

#[tokio::test]
async fn the_page_of_the_api_links_to_the_start_page() {
    let server = TestServer::start().await;
    for (path, link) in [("/docs", "href=\"./\""), ("/docs/", "href=\"../\"")] {
        let page = server.nobody().get(path).await;
        assert!(page.text.contains(link), "{}", page.text);
    }
}

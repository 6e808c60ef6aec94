//! Errors as pages.

use reqwest::Method;

use super::{open, submit};
use crate::harness::{TestServer, assert_error, send};

#[tokio::test]
async fn a_browser_gets_errors_as_pages_in_its_language() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for path in ["/app/nowhere", "/app/children/nobody", "/nowhere"] {
        let page = open(&parent, path).await;
        assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
        assert!(page.text.contains("There is no such page"), "{path}: {}", page.text);
        assert!(page.text.contains("href=\"/app\""), "{path}: {}", page.text);
    }
    let request = parent.request(Method::GET, "/app/nowhere").header("Accept", "text/html");
    let page = send(request.header("Accept-Language", "de-AT, en;q=0.5")).await;
    assert!(page.text.contains("Diese Seite gibt es nicht"), "{}", page.text);
    assert_eq!(page.header("vary"), "accept-language, cookie");
    let page = submit(&parent, "/app/children/nobody/activate", &[("task_id", "x")]).await;
    assert_eq!(page.status, 404, "{}", page.text);
    let page = open(&parent, "/console").await;
    assert!([403, 404].contains(&page.status), "{}", page.text);
}

#[tokio::test]
async fn programs_get_the_errors_of_the_api_as_before() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    assert_error(&parent.get("/nowhere").await, 404, "NOT_FOUND");
    assert_error(&parent.get("/").await, 404, "NOT_FOUND");
    // A route of the API, whatever the client accepts.
    assert_error(&open(&server.nobody(), "/children").await, 401, "UNAUTHENTICATED");
    assert_error(&open(&parent, "/children/nobody").await, 404, "NOT_FOUND");
}

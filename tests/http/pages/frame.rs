//! What all pages have in common.

use goldstar::config::Config;
use reqwest::Method;

use super::{between, open, show, submit};
use crate::harness::{Settings, TestServer, assert_error, send};

#[tokio::test]
async fn pages_allow_only_files_of_this_server() {
    let server = TestServer::start().await;
    let page = open(&server.nobody(), "/sign-in").await;
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types goldstar",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.text.contains("style=") && !page.text.contains("onclick"), "{}", page.text);
    let other = server.nobody().get("/health").await;
    assert_eq!(other.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn files_have_names_with_hashes_and_are_kept_for_ever() {
    let server = TestServer::start().await;
    let browser = server.nobody();
    let page = show(&browser, "/sign-in").await;
    let files = [
        between(&page, "rel=\"stylesheet\" href=\"", "\""),
        between(&page, "type=\"module\" src=\"", "\""),
        between(&page, "rel=\"icon\" type=\"image/svg+xml\" href=\"", "\""),
    ];
    let mut bytes = 0;
    for file in files {
        assert!(file.starts_with("/assets/") && file.contains('-'), "{page}");
        let answer = browser.get(file).await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let request = browser.request(Method::GET, file).header("Accept-Encoding", "gzip");
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{file}");
        bytes += response.bytes().await.unwrap().len();
    }
    assert!(bytes < 60_000, "{bytes}");
    for other in ["/assets/app.css", "/assets/app-0.css", "/assets/", "/assets/../Cargo.toml"] {
        assert_eq!(browser.get(other).await.status, 404, "{other}");
    }
}

#[tokio::test]
async fn a_browser_chooses_colours_and_language() {
    let server = TestServer::start().await;
    let browser = server.nobody();
    let page = show(&browser, "/sign-in").await;
    assert!(page.contains("<html lang=\"en\" data-theme=\"system\">"), "{page}");
    let choice = [("theme", "dark"), ("language", "de"), ("next", "/app")];
    let page = submit(&browser, "/preferences", &choice).await;
    assert!(page.text.contains("<html lang=\"de\" data-theme=\"dark\">"), "{}", page.text);
    assert!(page.text.contains("<h1>Anmelden</h1>"), "{}", page.text);
    let unknown = [("theme", "pink"), ("language", "xx")];
    let page = submit(&browser, "/preferences", &unknown).await;
    assert!(page.text.contains("<html lang=\"de\" data-theme=\"dark\">"), "{}", page.text);
}

#[tokio::test]
async fn the_language_is_that_of_the_account_unless_the_browser_has_chosen_one() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let language = |page: &str| between(page, "<html lang=\"", "\"").to_owned();
    let request = parent.request(Method::GET, "/app").header("Accept", "text/html");
    let page = send(request.header("Accept-Language", "en-US")).await;
    assert_eq!(language(&page.text), "en-US");
    parent.patch("/user", serde_json::json!({"language": "de"})).await.expect(200);
    assert_eq!(language(&show(&parent, "/app").await), "de");
    submit(&parent, "/preferences", &[("language", "en")]).await;
    assert_eq!(language(&show(&parent, "/app").await), "en");
}

#[tokio::test]
async fn without_pages_every_client_gets_json() {
    let configure = |config: &mut Config| config.http.web = false;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    for path in ["/", "/app", "/sign-in", "/assets/app.css", "/nowhere"] {
        assert_error(&open(&parent, path).await, 404, "NOT_FOUND");
    }
    parent.get("/children").await.expect(200);
}

#[tokio::test]
async fn a_phone_can_install_the_pages() {
    let server = TestServer::start().await;
    let browser = server.nobody();
    let page = show(&browser, "/sign-in").await;
    assert!(page.contains("rel=\"manifest\" href=\"/manifest.webmanifest\""), "{page}");
    let manifest = browser.get("/manifest.webmanifest").await;
    assert_eq!(manifest.header("content-type"), "application/manifest+json");
    assert_eq!(manifest.body["start_url"], "/app");
    for icon in manifest.body["icons"].as_array().unwrap() {
        let icon = browser.get(icon["src"].as_str().unwrap()).await;
        assert_eq!((icon.status, icon.header("content-type")), (200, "image/png"));
    }
}

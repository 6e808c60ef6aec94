//! The pages, as a browser without scripts uses them.

mod account;
mod backups;
mod child_app;
mod console;
mod devices;
mod errors;
mod family;
mod forms;
mod frame;
mod history;
mod hooks;
mod members;
mod planning;
mod sign_in;
mod tokens;

use reqwest::{Method, RequestBuilder};
use url::form_urlencoded::Serializer;

use crate::harness::{Answer, Client, send};

/// Opens a page. The client follows redirects.
pub(crate) async fn open(client: &Client, path: &str) -> Answer {
    send(client.request(Method::GET, path).header("Accept", "text/html")).await
}

/// Opens a page that exists.
pub(crate) async fn show(client: &Client, path: &str) -> String {
    let page = open(client, path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    page.text
}

/// Checks that a page is closed to this client. A child gets its own page instead.
pub(crate) async fn assert_closed(client: &Client, path: &str) {
    let page = open(client, path).await;
    let is_own = page.text.contains("<a href=\"/app/child\" aria-current=\"page\">");
    assert!(page.status == 403 || is_own, "{path}: {}", page.text);
}

/// Sends a form of the page itself, and follows the redirect.
pub(crate) async fn submit(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    send(form(client, path, fields)).await
}

/// A form of a page.
pub(crate) fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.request(Method::POST, path).body(body);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    request.header("Sec-Fetch-Site", "same-origin").header("Accept", "text/html")
}

/// The text between two others; empty if the page does not have both.
pub(crate) fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let rest = page.split_once(start).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once(end)).map(|(text, _)| text).unwrap_or_default()
}

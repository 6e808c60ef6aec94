//! `GET /` in a browser: a page with the version and links to the documentation.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Html;

use crate::http::error::ApiError;
use crate::http::settings::HttpSettings;

const PAGE: &str = include_str!("home.html");
const WITH_DEMO: &str =
    r#"<a href="demo">The demo</a>: a family whose events appear as they happen."#;
const WITHOUT_DEMO: &str =
    "The demo: exists at <code>/demo</code> on a server that was started with <code>--demo</code>.";

/// Handles requests without a route: returns the page to a browser that requests `/` or `/api`, and an error to
/// everybody else. A route for `/` would return 405 for other methods instead of 404.
pub(crate) async fn page_or_not_found(
    State(settings): State<Arc<HttpSettings>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Html<String>, ApiError> {
    let is_read = matches!(method, Method::GET | Method::HEAD);
    if !is_read || !matches!(uri.path(), "/" | "/api") || !accepts_html(&headers) {
        return Err(ApiError::RouteNotFound);
    }
    let demo = if settings.demo_page { WITH_DEMO } else { WITHOUT_DEMO };
    Ok(Html(PAGE.replace("{version}", env!("CARGO_PKG_VERSION")).replace("{demo}", demo)))
}

/// Whether `Accept` names HTML. Browsers do; other clients, which send `*/*` or nothing, get JSON.
fn accepts_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter();
    let mut ranges = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    ranges.any(|range| {
        let essence = range.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("text/html")
    })
}

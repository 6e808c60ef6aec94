//! An example of a front end, which a server with a demo family serves.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::routing::get;
use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

use crate::http::error::ApiError;
use crate::http::response::files::File;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;

/// A single file, which contains its style and its script.
const PAGE: &str = include_str!("../../../docs/examples/live.html");

/// `GET /demo` on a server that was started with a demo family; otherwise no route.
pub(crate) fn routes(settings: &HttpSettings) -> Router<AppState> {
    let Some(policy) = policy().filter(|_| settings.demo_page) else { return Router::new() };
    let page = Bytes::from_static(PAGE.as_bytes());
    let page = Arc::new(File::new("text/html; charset=utf-8", page));
    let answer = async move |headers: HeaderMap| {
        let mut response = page.content(&headers).await?;
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok::<_, ApiError>(response)
    };
    Router::new().route("/demo", get(answer))
}

/// Allows the page's own script and style, by their hashes, and requests to this server. A name that
/// contains HTML cannot run as a script, even if the page fails to escape it.
fn policy() -> Option<HeaderValue> {
    let script = hash_between(r#"<script type="module">"#, "</script>")?;
    let style = hash_between("<style>", "</style>")?;
    let policy = format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}

/// The hash of a block of the page, as a source in the policy.
fn hash_between(begin: &str, end: &str) -> Option<String> {
    let (_, rest) = PAGE.split_once(begin)?;
    let (block, _) = rest.split_once(end)?;
    Some(format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(block))))
}

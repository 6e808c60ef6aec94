//! The files that pages load. Their names contain a hash of their content, so that browsers never ask for them again.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::response::files::{File, digest};
use crate::http::state::AppState;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";
const PNG: &str = "image/png";

/// The files by name, with their types.
const FILES: [(&str, &str, &[u8]); 8] = [
    ("app.css", STYLE, include_bytes!("app.css")),
    ("app.js", SCRIPT, include_bytes!("app.js")),
    ("icons.svg", PICTURE, include_bytes!("icons.svg")),
    ("logo.svg", PICTURE, include_bytes!("logo.svg")),
    ("icon-192.png", PNG, include_bytes!("icon-192.png")),
    ("icon-512.png", PNG, include_bytes!("icon-512.png")),
    ("icon-maskable-512.png", PNG, include_bytes!("icon-maskable-512.png")),
    ("apple-touch-icon.png", PNG, include_bytes!("apple-touch-icon.png")),
];

struct Asset {
    name: &'static str,
    /// The address, with the hash.
    address: String,
    file: File,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |(name, content_type, bytes): (&'static str, &'static str, &'static [u8])| {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let address = format!("/assets/{stem}-{}.{extension}", &digest(bytes)[..12]);
        Asset { name, address, file: File::new(content_type, Bytes::from_static(bytes)) }
    };
    FILES.into_iter().map(asset).collect()
});

/// The address of a file.
pub(super) fn address(name: &str) -> &'static str {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map_or("", |asset| &asset.address)
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/assets/{name}", get(asset))
        .route("/manifest.webmanifest", get(async || manifest()))
}

/// What a phone needs to install the pages as an app. It does so only over https.
fn manifest() -> Response {
    let icon = |name, sizes, purpose| json!({"src": address(name), "sizes": sizes, "type": PNG, "purpose": purpose});
    let manifest = json!({
        "name": "Goldstar", "short_name": "Goldstar", "id": "/app", "start_url": "/app", "scope": "/",
        "display": "standalone", "background_color": "#3a2f8f", "theme_color": "#3a2f8f",
        "icons": [
            icon("icon-192.png", "192x192", "any"),
            icon("icon-512.png", "512x512", "any"),
            icon("icon-maskable-512.png", "512x512", "maskable"),
        ],
    });
    let kind = HeaderValue::from_static("application/manifest+json");
    ([(header::CONTENT_TYPE, kind)], manifest.to_string()).into_response()
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let asset = ASSETS.iter().find(|asset| asset.address.ends_with(&format!("/{name}")));
    let mut response = asset.ok_or(ApiError::RouteNotFound)?.file.content(&headers).await?;
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}

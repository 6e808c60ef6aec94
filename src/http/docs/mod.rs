//! The OpenAPI document, and the page that shows it. The binary contains everything that the page loads.

pub(crate) mod demo;
pub(crate) mod home;

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa_swagger_ui::Config;

use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::openapi::{Errors, tags};
use crate::http::response::files::File;
use crate::http::server::request_context::RequestContext;

/// The files of Swagger UI that the page loads.
const OF_SWAGGER_UI: [(&str, &str); 4] = [
    ("swagger-ui-bundle.js", JAVASCRIPT),
    ("swagger-ui.css", CSS),
    ("index.css", CSS),
    ("favicon-32x32.png", "image/png"),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The page's own files.
const OWN: [(&str, &str, &str); 2] =
    [("page.js", JAVASCRIPT, include_str!("page.js")), ("page.css", CSS, include_str!("page.css"))];
/// The page. `{docs}` is replaced by the path of its files, `{home}` by that of the start page, both
/// relative to its own address.
const PAGE: &str = include_str!("page.html");

/// Allows the page's own scripts and styles, and requests to this server. Swagger UI's style sheet
/// contains its images as `data:`.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The files that the routes of this module return.
pub(crate) struct Documentation {
    document: File,
    files: Vec<(&'static str, File)>,
}

impl Documentation {
    pub(crate) fn new(document: &str) -> Self {
        let of_swagger_ui = OF_SWAGGER_UI
            .into_iter()
            .filter_map(|(name, content_type)| Some((name, of_swagger_ui(name, content_type)?)));
        let own = OWN.into_iter().map(|(name, content_type, text)| {
            (name, File::new(content_type, Bytes::from_static(text.as_bytes())))
        });
        Self {
            document: File::of_text("application/json", document.as_bytes()),
            files: of_swagger_ui.chain(own).collect(),
        }
    }
}

/// The library contains its files in compressed form.
fn of_swagger_ui(name: &str, content_type: &'static str) -> Option<File> {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from(""))).ok()??;
    // A borrowed file is a part of the binary and is not copied.
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Some(File::of_gzip(content_type, bytes))
}

/// Get this document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    tag = tags::SERVER,
    responses(
        (status = 200, description = "The OpenAPI document", body = Object),
        (status = 304, description = "The client already has it, according to `If-None-Match`"),
        Errors<()>
    ),
    security(())
)]
pub(crate) async fn document(
    State(documentation): State<Arc<Documentation>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    documentation.document.answer(&headers).await
}

/// Open this page
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocumentation",
    tag = tags::SERVER,
    responses(
        (status = 200, description = "The page", content_type = "text/html; charset=utf-8", body = String),
        Errors<()>
    ),
    security(())
)]
pub(crate) async fn page(context: RequestContext) -> impl IntoResponse {
    // A browser resolves the page's links against its address, with or without a slash at the end.
    let (docs, home) = if context.has_final_slash { ("", "../") } else { ("docs/", "./") };
    let policy: [(HeaderName, HeaderValue); 1] =
        [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY))];
    (policy, Html(PAGE.replace("{docs}", docs).replace("{home}", home)))
}

/// Get a file of this page
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "getDocumentationFile",
    tag = tags::SERVER,
    params(("file" = String, Path, description = "The name of the file.", example = "page.js")),
    responses(
        (
            status = 200,
            description = "The file",
            content(
                (String = "text/javascript; charset=utf-8"),
                (String = "text/css; charset=utf-8"),
                (String = "image/png")
            )
        ),
        (status = 304, description = "The client already has it, according to `If-None-Match`"),
        Errors<Path<String>>
    ),
    security(())
)]
pub(crate) async fn file(
    State(documentation): State<Arc<Documentation>>,
    Path(wanted): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = documentation.files.iter().find(|(name, _)| *name == wanted);
    let (_, file) = file.ok_or(ApiError::RouteNotFound)?;
    file.answer(&headers).await
}

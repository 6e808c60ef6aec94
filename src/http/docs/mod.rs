//! The OpenAPI document, and the page that shows it. The binary contains everything that the page loads.

pub(crate) mod demo;
pub(crate) mod documentation;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use crate::http::docs::documentation::Documentation;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::openapi::{Errors, tags};
use crate::http::server::request_context::RequestContext;

/// The page. `{docs}` is replaced by the path of its files, `{home}` by that of the start page, both
/// relative to its own address.
const PAGE: &str = include_str!("page.html");

/// Allows the page's own scripts and styles, and requests to this server. Swagger UI's style sheet
/// contains its images as `data:`.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

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
    documentation.document().await?.answer(&headers).await
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
    let file = documentation.file(&wanted).ok_or(ApiError::RouteNotFound)?;
    file.answer(&headers).await
}

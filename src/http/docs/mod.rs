//! The OpenAPI document, and the page that shows it. All that the page loads is in the binary.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use utoipa_swagger_ui::Config;

use super::arrival::Arrival;
use super::extract::Path;
use super::openapi::{Errors, tags};
use super::{ApiError, compression};
use crate::service::ServiceError;

/// The files of Swagger UI that the page loads.
const OF_SWAGGER_UI: [(&str, &str); 4] = [
    ("swagger-ui-bundle.js", JAVASCRIPT),
    ("swagger-ui.css", CSS),
    ("index.css", CSS),
    ("favicon-32x32.png", "image/png"),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The page's own program.
const PROGRAM: &str = include_str!("page.js");
/// The page. `{docs}` stands for where its files are, as seen from its address.
const PAGE: &str = include_str!("page.html");

/// The page's scripts and styles are its own files, and it talks to its own server alone. Swagger
/// UI's style sheet holds its pictures as `data:`.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What the documentation's routes answer.
pub(super) struct Documentation {
    document: File,
    files: Vec<(&'static str, File)>,
}

/// A file that a client may keep, and asks for anew by its tag.
struct File {
    content_type: &'static str,
    bytes: Bytes,
    is_gzipped: bool,
    tag: HeaderValue,
}

impl Documentation {
    /// With that OpenAPI document.
    pub(super) fn new(document: String) -> Self {
        let program = File::plain(JAVASCRIPT, Bytes::from_static(PROGRAM.as_bytes()));
        let of_swagger_ui = OF_SWAGGER_UI.into_iter().filter_map(|(name, content_type)| {
            Some((name, File::of_swagger_ui(name, content_type)?))
        });
        Self {
            document: File::zipped("application/json", document),
            files: of_swagger_ui.chain([("page.js", program)]).collect(),
        }
    }
}

impl File {
    fn plain(content_type: &'static str, bytes: Bytes) -> Self {
        Self { content_type, tag: tag(&bytes), bytes, is_gzipped: false }
    }

    /// Kept in a tenth of its length.
    fn zipped(content_type: &'static str, text: String) -> Self {
        match zipped(text.as_bytes()) {
            Ok(bytes) => {
                Self { content_type, tag: tag(&bytes), bytes: bytes.into(), is_gzipped: true }
            }
            // Nothing in memory fails to be written.
            Err(_) => Self::plain(content_type, text.into()),
        }
    }

    fn of_swagger_ui(name: &str, content_type: &'static str) -> Option<Self> {
        let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from(""))).ok()??;
        // A part of the program, as long as it isn't copied.
        let bytes = match file.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Some(Self { content_type, tag: tag(&bytes), bytes, is_gzipped: true })
    }

    /// The file, or that the client has it.
    fn answer(&self, headers: &HeaderMap) -> Result<Response, ApiError> {
        let mut kept = headers.get_all(header::IF_NONE_MATCH).iter();
        // Any client may keep it, but asks each time whether it is still the newest.
        let caching = [
            (header::ETAG, self.tag.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        if kept.any(|tags| names(tags, &self.tag)) {
            return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
        }
        let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))];
        if !self.is_gzipped {
            return Ok((caching, content_type, self.bytes.clone()).into_response());
        }
        let vary = [(header::VARY, HeaderValue::from_static("accept-encoding"))];
        if compression::takes_gzip(headers) {
            let gzip = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
            return Ok((caching, content_type, vary, gzip, self.bytes.clone()).into_response());
        }
        let plain = unzipped(&self.bytes).map_err(|error| ServiceError::Internal(error.into()))?;
        Ok((caching, content_type, vary, plain).into_response())
    }
}

/// Weak: a file has it in every encoding.
fn tag(bytes: &[u8]) -> HeaderValue {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(bytes)[..16]);
    let hash = u128::from_be_bytes(hash);
    // Hexadecimal digits in quotes always fit into a header.
    HeaderValue::try_from(format!("W/\"{hash:032x}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a client's list of tags has this one, or is `*`.
fn names(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let (Ok(tags), Ok(tag)) = (tags.to_str(), tag.to_str()) else { return false };
    tags.split(',').any(|other| other.trim() == "*" || opaque(other) == opaque(tag))
}

fn zipped(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(bytes)?;
    zipped.finish()
}

fn unzipped(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Answers this document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    tag = tags::DOCUMENTATION,
    responses(
        (status = 200, description = "The OpenAPI document", body = Object),
        (status = 304, description = "It is the one that `If-None-Match` names"),
        Errors<()>
    ),
    security(())
)]
pub(super) async fn document(
    State(documentation): State<Arc<Documentation>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    documentation.document.answer(&headers)
}

/// Shows this document as a page that can also send requests
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocumentation",
    tag = tags::DOCUMENTATION,
    responses(
        (status = 200, description = "The page", content_type = "text/html; charset=utf-8", body = String),
        Errors<()>
    ),
    security(())
)]
pub(super) async fn page(arrival: Arrival) -> impl IntoResponse {
    // A browser resolves the page's links against its address, with or without a slash at the end.
    let docs = if arrival.has_final_slash { "" } else { "docs/" };
    let policy: [(HeaderName, HeaderValue); 1] =
        [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY))];
    (policy, Html(PAGE.replace("{docs}", docs)))
}

/// Answers a file of that page
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "getDocumentationFile",
    tag = tags::DOCUMENTATION,
    params(("file" = String, Path, description = "The file's name.", example = "page.js")),
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
        (status = 304, description = "It is the one that `If-None-Match` names"),
        Errors<Path<String>>
    ),
    security(())
)]
pub(super) async fn file(
    State(documentation): State<Arc<Documentation>>,
    Path(wanted): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = documentation.files.iter().find(|(name, _)| *name == wanted);
    let (_, file) = file.ok_or(ApiError::RouteNotFound)?;
    file.answer(&headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_is_known_by_its_tag() {
        let tag = tag(b"text");
        let opaque = tag.to_str().unwrap().trim_start_matches("W/").to_owned();
        for (tags, is_known) in [
            (tag.to_str().unwrap(), true),
            (&*opaque, true),
            (&*format!("\"a\", {opaque}"), true),
            ("*", true),
            ("\"a\"", false),
            ("", false),
        ] {
            assert_eq!(names(&tags.parse().unwrap(), &tag), is_known, "{tags}");
        }
    }
}

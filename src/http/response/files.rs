//! Files that are the same for every client. Each is in memory once in both encodings, and every response
//! shares it.

use std::io::{self, Read, Write};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::http::error::ApiError;
use crate::http::response::compression;
use crate::service::ServiceError;

/// A file that is the same for every client.
pub(crate) struct File {
    content_type: &'static str,
    gzip: Bytes,
    /// Decompressed when the first client needs it.
    plain: OnceCell<Bytes>,
    tag: HeaderValue,
}

impl File {
    pub(crate) fn new(content_type: &'static str, plain: Bytes) -> Self {
        let file = Self::of_text(content_type, &plain);
        Self { plain: OnceCell::new_with(Some(plain)), ..file }
    }

    /// Keeps only the compressed form until a client needs the other one.
    pub(crate) fn of_text(content_type: &'static str, plain: &[u8]) -> Self {
        Self::of_gzip(content_type, gzip(plain).into())
    }

    pub(crate) fn of_gzip(content_type: &'static str, gzip: Bytes) -> Self {
        Self { content_type, tag: tag(&gzip), gzip, plain: OnceCell::new() }
    }

    /// Returns the file, or 304 if the client already has it. Clients may cache it, but must revalidate it
    /// each time.
    pub(crate) async fn answer(&self, headers: &HeaderMap) -> Result<Response, ApiError> {
        let mut response = if has_tag(headers, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.content(headers).await?
        };
        let to_keep = response.headers_mut();
        to_keep.insert(header::ETAG, self.tag.clone());
        to_keep.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    /// Returns the file in an encoding that the client accepts.
    pub(crate) async fn content(&self, headers: &HeaderMap) -> Result<Response, ApiError> {
        let is_gzip = compression::accepts_gzip(headers);
        let bytes = if is_gzip { &self.gzip } else { self.plain().await? };
        let mut response = Response::new(Body::from(bytes.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(response)
    }

    async fn plain(&self) -> Result<&Bytes, ApiError> {
        let decompress = async || {
            let gzip = self.gzip.clone();
            let plain = tokio::task::spawn_blocking(move || gunzip(&gzip)).await;
            let plain = plain.map_err(ServiceError::internal)?;
            plain.map(Bytes::from).map_err(ServiceError::internal)
        };
        Ok(self.plain.get_or_try_init(decompress).await?)
    }
}

/// A weak tag, since both encodings of a file have the same.
pub(crate) fn tag(bytes: &[u8]) -> HeaderValue {
    // Hexadecimal digits in quotes are always valid in a header.
    let tag = HeaderValue::try_from(format!("W/\"{}\"", digest(bytes)));
    tag.unwrap_or(HeaderValue::from_static("\"\""))
}

/// A hash with 32 hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(bytes)[..16]);
    format!("{:032x}", u128::from_be_bytes(hash))
}

/// Whether a client has what has this tag.
pub(crate) fn has_tag(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|tags| names(tags, tag))
}

/// Whether a client's list of tags contains this one, or is `*`.
fn names(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let (Ok(tags), Ok(tag)) = (tags.to_str(), tag.to_str()) else { return false };
    tags.split(',').any(|other| other.trim() == "*" || opaque(other) == opaque(tag))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // A write to a vector cannot fail.
    gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap_or_default()
}

fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain)?;
    plain.shrink_to_fit();
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_file_is_recognised_by_its_tag() {
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

    #[tokio::test]
    async fn a_file_is_decompressed_once() {
        let file = File::of_text("text/plain", &[b'x'; 5000]);
        let first = file.plain().await.unwrap_or_else(|error| panic!("{error}")).as_ptr();
        let second = file.plain().await.unwrap_or_else(|error| panic!("{error}")).as_ptr();
        assert_eq!(first, second);
    }
}

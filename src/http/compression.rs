//! Large answers are compressed for clients that can read that.

use axum::body::HttpBody;
use axum::http::{HeaderMap, Response, header};
use tower_http::compression::{CompressionLayer, Predicate};

/// The size from which an answer is compressed: below it, nothing is saved.
const MIN_BYTES: u64 = 1024;

/// Compresses what is large enough, in requests that have been [settled](settle).
pub(super) fn layer() -> CompressionLayer<Compressible> {
    CompressionLayer::new().gzip(true).compress_when(Compressible)
}

/// JSON, the metrics and text, but not the live stream: its frames would wait for each other.
#[derive(Clone, Copy)]
pub(super) struct Compressible;

impl Predicate for Compressible {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.map_or(&b""[..], |value| value.as_bytes());
        let is_text = content_type.starts_with(b"application/json")
            || content_type.starts_with(b"application/openmetrics-text")
            || content_type.starts_with(b"text/")
                && !content_type.starts_with(b"text/event-stream");
        is_text && length(response).is_none_or(|bytes| bytes >= MIN_BYTES)
    }
}

/// The header tells of the body that the answer to a `HEAD` leaves out.
fn length<B: HttpBody>(response: &Response<B>) -> Option<u64> {
    let header = response.headers().get(header::CONTENT_LENGTH);
    let told = header.and_then(|value| value.to_str().ok()?.parse().ok());
    told.or_else(|| response.body().size_hint().exact())
}

/// A client that rules out the plain encoding, and every other one that there is here, would be
/// answered 406 once its request is done. So whoever rules out the plain one gets it.
pub(super) fn settle(headers: &mut HeaderMap) {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    if codings.any(rules_out_plain) {
        headers.remove(header::ACCEPT_ENCODING);
    }
}

/// Whether a client reads gzip: it names it, or everything, with a weight.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    let weights: Vec<(&str, f32)> = codings.map(weighted).collect();
    let weight_of = |wanted: &str| {
        weights
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, weight)| *weight)
    };
    weight_of("gzip").or_else(|| weight_of("*")).is_some_and(|weight| weight > 0.0)
}

/// A coding's name, and its weight. One that can't be read is 1, as one that isn't there.
fn weighted(coding: &str) -> (&str, f32) {
    let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
    let weight = weight.trim().trim_start_matches(['q', 'Q']).trim_start();
    let weight = weight.strip_prefix('=').and_then(|weight| weight.trim().parse().ok());
    (name.trim(), weight.unwrap_or(1.0))
}

/// Whether a coding with its weight is `identity;q=0`, or `*;q=0`, which includes it.
fn rules_out_plain(coding: &str) -> bool {
    let (name, weight) = weighted(coding);
    let is_plain = name == "*" || name.eq_ignore_ascii_case("identity");
    is_plain && weight <= 0.0
}

//! Compresses large responses for clients that accept gzip.
//!
//! A response is compressed piece by piece, and only a checksum is kept between two pieces: a compressor
//! needs a third of a mebibyte, which a client that does not read must not occupy.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use flate2::{
    Compress, CompressError, Compression, Crc, Decompress, DecompressError, FlushCompress,
    FlushDecompress,
};
use hyper::body::Frame;

use crate::http::response::slot::Slot;

/// The size from which a response is compressed. Smaller ones do not become smaller.
const MIN_BYTES: u64 = 1024;
/// The number of bytes that are compressed at once.
const STEP: usize = 64 << 10;

/// The header of a gzip file: method, no flags, no time, unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The last compressed block, which is empty.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Compresses a response that is large enough, if the client `accepts_gzip`.
pub(crate) fn compress(response: Response, accepts_gzip: bool) -> Response {
    if !is_compressible(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    if !parts.headers.contains_key(header::VARY) {
        parts.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if !accepts_gzip {
        return Response::from_parts(parts, body);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, Body::new(Zipped::new(body)))
}

/// JSON, metrics and text, but not the event stream, whose events would be delayed.
fn is_compressible(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map_or(&b""[..], |value| value.as_bytes());
    let is_text = content_type.starts_with(b"application/json")
        || content_type.starts_with(b"application/openmetrics-text")
        || content_type.starts_with(b"application/x-ndjson")
        || content_type.starts_with(b"text/") && !content_type.starts_with(b"text/event-stream");
    is_text
        && !response.headers().contains_key(header::CONTENT_ENCODING)
        && length(response).is_none_or(|bytes| bytes >= MIN_BYTES)
}

/// The length in the header is that of the body that the response to a `HEAD` request omits.
fn length(response: &Response) -> Option<u64> {
    let header = response.headers().get(header::CONTENT_LENGTH);
    let told = header.and_then(|value| value.to_str().ok()?.parse().ok());
    told.or_else(|| response.body().size_hint().exact())
}

/// A body in the form of one gzip file.
struct Zipped {
    plain: Body,
    /// Bytes that are not compressed yet.
    pending: Bytes,
    checksum: Crc,
    has_begun: bool,
    is_ended: bool,
    slot: Arc<Slot>,
}

impl Zipped {
    fn new(plain: Body) -> Self {
        Self {
            plain,
            pending: Bytes::new(),
            checksum: Crc::new(),
            has_begun: false,
            is_ended: false,
            slot: Arc::default(),
        }
    }

    /// The next plain bytes; empty at the end.
    fn poll_pending(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, axum::Error>> {
        while self.pending.is_empty() {
            match ready!(Pin::new(&mut self.plain).poll_frame(context)) {
                Some(frame) => self.pending = frame?.into_data().unwrap_or_default(),
                None => break,
            }
        }
        Poll::Ready(Ok(self.pending.split_to(self.pending.len().min(STEP))))
    }

    /// The next compressed bytes.
    fn zip(&mut self, plain: &[u8]) -> Result<Vec<u8>, CompressError> {
        let mut zipped = Vec::new();
        if !self.has_begun {
            zipped.extend_from_slice(&HEAD);
            self.has_begun = true;
        }
        if !plain.is_empty() {
            self.checksum.update(plain);
            deflate(plain, &mut zipped)?;
        }
        if self.pending.is_empty() && (plain.is_empty() || self.plain.is_end_stream()) {
            zipped.extend_from_slice(&LAST_BLOCK);
            zipped.extend_from_slice(&self.checksum.sum().to_le_bytes());
            zipped.extend_from_slice(&self.checksum.amount().to_le_bytes());
            self.is_ended = true;
        }
        zipped.shrink_to_fit();
        Ok(zipped)
    }
}

impl HttpBody for Zipped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        ready!(self.slot.poll_free(context));
        let zipped = ready!(self.poll_pending(context))
            .and_then(|plain| self.zip(&plain).map_err(axum::Error::new));
        self.is_ended |= zipped.is_err();
        Poll::Ready(Some(zipped.map(|zipped| Frame::data(self.slot.fill(zipped)))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended
    }
}

thread_local! {
    /// The compressor of this thread. It is reset for each piece.
    static COMPRESSOR: RefCell<Compress> =
        RefCell::new(Compress::new(Compression::default(), false));
}

/// Appends the compressed bytes to `to`. The result ends at a byte boundary and does not refer to earlier
/// bytes, so results can be concatenated.
pub(crate) fn deflate(plain: &[u8], to: &mut Vec<u8>) -> Result<(), CompressError> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        // Approximately the most that deflate needs.
        to.reserve(plain.len() + plain.len() / 1000 + 64);
        loop {
            let done = usize::try_from(compressor.total_in()).unwrap_or(plain.len());
            compressor.compress_vec(&plain[done..], to, FlushCompress::Sync)?;
            if to.len() < to.capacity() {
                return Ok(());
            }
            to.reserve(4096);
        }
    })
}

/// Decompresses a result of [`deflate`] of at most `most` bytes.
pub(crate) fn inflate(packed: &[u8], most: usize) -> Result<Vec<u8>, DecompressError> {
    let mut plain = Vec::with_capacity(most);
    Decompress::new(false).decompress_vec(packed, &mut plain, FlushDecompress::Sync)?;
    Ok(plain)
}

/// Whether a client gets gzip: `Accept-Encoding` names it, or `*`, with a weight not below that of the
/// plain encoding. A client that refuses both gets the plain one.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    let weights: Vec<(&str, f32)> = codings.map(weighted).collect();
    let weight_of = |wanted: &str| {
        weights
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, weight)| *weight)
    };
    let gzip = weight_of("gzip").or_else(|| weight_of("*")).unwrap_or(0.0);
    let plain = weight_of("identity").or_else(|| weight_of("*")).unwrap_or(0.0);
    gzip > 0.0 && gzip >= plain
}

/// The name and the weight of a coding. A missing or invalid weight is 1.
fn weighted(coding: &str) -> (&str, f32) {
    let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
    let weight = weight.trim().trim_start_matches(['q', 'Q']).trim_start();
    let weight = weight.strip_prefix('=').and_then(|weight| weight.trim().parse().ok());
    (name.trim(), weight.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use futures_util::stream;
    use http_body_util::BodyExt;

    use super::*;

    async fn zipped(pieces: Vec<Vec<u8>>) -> Vec<u8> {
        let pieces = pieces.into_iter().map(|piece| Ok::<_, axum::Error>(Bytes::from(piece)));
        let mut body = Zipped::new(Body::from_stream(stream::iter(pieces)));
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        bytes
    }

    #[tokio::test]
    async fn pieces_are_one_gzip_file() {
        let noise = |length: u32| -> Vec<u8> {
            (0..length).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[1]).collect()
        };
        for lengths in [&[][..], &[0], &[1], &[5, 0, 7], &[70_000, 3], &[200_000, 1, 64 << 10]] {
            for text in [false, true] {
                let piece = |length: &u32| {
                    if text { vec![b'x'; *length as usize] } else { noise(*length) }
                };
                let pieces: Vec<_> = lengths.iter().map(piece).collect();
                let mut plain = Vec::new();
                // A single member: browsers ignore what follows the first one.
                GzDecoder::new(&*zipped(pieces.clone()).await).read_to_end(&mut plain).unwrap();
                assert!(plain == pieces.concat(), "{lengths:?}");
            }
        }
    }

    #[test]
    fn the_weights_decide() {
        for (accepted, takes) in [
            ("gzip", true),
            ("GZIP, deflate", true),
            ("*", true),
            ("gzip;q=0.5, identity;q=0.1", true),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0, *", false),
            ("identity;q=0", false),
            ("identity;q=0, gzip", true),
            ("br", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepted.parse().unwrap())]);
            assert_eq!(accepts_gzip(&headers), takes, "{accepted}");
        }
    }
}

//! Bodies that are produced while they are sent. The next piece is produced once the previous one has been
//! sent, so a client that does not read occupies the memory of one piece.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use futures_util::future::poll_fn;
use futures_util::stream::{self, Stream};
use hyper::body::{Frame, SizeHint};
use tracing::{Instrument, Span};

use super::slot::Slot;
use crate::domain::TokenHash;
use crate::http::response::compression::{deflate, inflate};
use crate::service::{Service, ServiceError};

/// A body of up to this many bytes is produced at once.
pub(crate) const WHOLE: usize = 32 << 10;
/// The approximate size of a piece in bytes.
pub(crate) const PIECE: usize = 16 << 10;
/// The most bytes that are produced at once on a thread that serves other requests too.
pub(crate) const AT_ONCE: usize = 256 << 10;
/// The most pieces of a long part, since each piece is produced from the start of the part.
const MAX_PIECES: usize = 64;

/// Produces the pieces of a body. An empty piece is the end of a body whose length is not known.
pub(crate) trait Source: Send + 'static {
    fn next(&mut self) -> impl Future<Output = Result<Vec<u8>, ServiceError>> + Send;
}

/// The session that reads the body. The body ends early if the session ends.
pub(crate) struct Reader {
    pub(crate) service: Arc<Service>,
    pub(crate) session: TokenHash,
}

/// A body of `length` bytes.
pub(crate) fn body(source: impl Source, length: usize, reader: Option<Reader>) -> Body {
    of_pieces(source, Some(length), reader)
}

/// A body whose length is not known at its start.
pub(crate) fn body_of_any_length(source: impl Source, reader: Option<Reader>) -> Body {
    of_pieces(source, None, reader)
}

fn of_pieces(source: impl Source, length: Option<usize>, reader: Option<Reader>) -> Body {
    let making = Making { source, reader, left: length, slot: Arc::default() };
    // The body is sent after the handler has returned; its log lines belong to the request.
    let span = Span::current();
    let pieces = stream::unfold(making, move |making| making.step().instrument(span.clone()));
    Body::new(Pieces { pieces: Box::pin(pieces), left: length.map(|length| length as u64) })
}

struct Making<S> {
    source: S,
    reader: Option<Reader>,
    /// The number of bytes that are not produced yet, if it is known.
    left: Option<usize>,
    slot: Arc<Slot>,
}

impl<S: Source> Making<S> {
    async fn step(mut self) -> Option<(Result<Bytes, ServiceError>, Self)> {
        if self.left == Some(0) {
            return None;
        }
        poll_fn(|context| self.slot.poll_free(context)).await;
        let made = self.make().await.transpose()?.map(|bytes| self.slot.fill(bytes));
        if let Err(error) = &made {
            // The connection ends with this error, so that the client notices the incomplete body.
            tracing::warn!(%error, "the body of a response ended early");
            self.left = Some(0);
        }
        Some((made, self))
    }

    /// The next piece; `None` at the end of a body whose length is not known.
    async fn make(&mut self) -> Result<Option<Vec<u8>>, ServiceError> {
        if let Some(reader) = &self.reader
            && !reader.service.is_live(&reader.session).await
        {
            return Err(ServiceError::Unauthenticated);
        }
        let bytes = self.source.next().await?;
        let Some(left) = &mut self.left else {
            return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
        };
        if bytes.is_empty() || bytes.len() > *left {
            return Err(ServiceError::internal("a body has not the length that was counted"));
        }
        *left -= bytes.len();
        Ok(Some(bytes))
    }
}

struct Pieces<S> {
    pieces: Pin<Box<S>>,
    left: Option<u64>,
}

impl<S: Stream<Item = Result<Bytes, ServiceError>>> HttpBody for Pieces<S> {
    type Data = Bytes;
    type Error = ServiceError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ServiceError>>> {
        self.pieces.as_mut().poll_next(context).map(|piece| {
            let piece = piece?;
            if let (Ok(bytes), Some(left)) = (&piece, &mut self.left) {
                *left = left.saturating_sub(bytes.len() as u64);
            }
            Some(piece.map(Frame::data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The progress of a body of several parts.
pub(crate) struct SendProgress {
    lengths: Box<[u32]>,
    /// The index of the next part.
    pub(crate) part: usize,
    /// The number of bytes of it that were sent already.
    pub(crate) sent: usize,
}

impl SendProgress {
    pub(crate) fn new(lengths: Vec<u32>) -> Self {
        Self { lengths: lengths.into(), part: 0, sent: 0 }
    }

    pub(crate) fn total(&self) -> usize {
        self.lengths.iter().map(|length| *length as usize).sum()
    }

    pub(crate) fn length(&self, part: usize) -> usize {
        self.lengths.get(part).map_or(0, |length| *length as usize)
    }

    /// The largest size of the next piece.
    pub(crate) fn room(&self) -> usize {
        PIECE.max(self.length(self.part) / MAX_PIECES)
    }

    /// Notes a piece of this many bytes.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.sent += bytes;
        while self.part < self.lengths.len() && self.sent >= self.length(self.part) {
            self.sent -= self.length(self.part);
            self.part += 1;
        }
    }
}

/// A body of a text. A long text is kept in compressed form until it is sent.
pub(crate) fn of_text(text: String) -> Result<Body, ServiceError> {
    if text.len() <= WHOLE {
        return Ok(text.into());
    }
    let length = text.len();
    let packed = text.as_bytes().chunks(PIECE).map(|piece| {
        let mut packed = Vec::new();
        deflate(piece, &mut packed).map_err(ServiceError::internal)?;
        packed.shrink_to_fit();
        Ok(packed)
    });
    let packed = packed.collect::<Result<Vec<_>, ServiceError>>()?;
    Ok(body(Packed(packed.into_iter()), length, None))
}

struct Packed(std::vec::IntoIter<Vec<u8>>);

impl Source for Packed {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        let packed = self.0.next().unwrap_or_default();
        inflate(&packed, PIECE).map_err(ServiceError::internal)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    struct Counting(u8);

    impl Source for Counting {
        async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
            self.0 += 1;
            Ok(vec![self.0; 10])
        }
    }

    #[tokio::test]
    async fn a_piece_is_produced_once_the_previous_one_is_sent() {
        let mut body = body(Counting(0), 30, None);
        assert_eq!(body.size_hint().exact(), Some(30));
        let first = body.frame().await.unwrap().unwrap();
        assert!(futures_util::FutureExt::now_or_never(body.frame()).is_none());
        drop(first);
        let second = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(second, vec![2; 10]);
        drop(second);
        assert_eq!(body.collect().await.unwrap().to_bytes(), vec![3; 10]);
    }

    #[tokio::test]
    async fn a_long_text_is_sent_unchanged() {
        for length in [1, WHOLE, WHOLE + 1, 10 * WHOLE] {
            let text: String = (0..length).map(|n| char::from(b"abcdefg"[n % 7])).collect();
            let body = of_text(text.clone()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            assert_eq!(pieces_of(body).await, text.as_bytes());
        }
    }

    async fn pieces_of(mut body: Body) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        bytes
    }
}

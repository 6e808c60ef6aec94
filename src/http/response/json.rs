//! JSON responses of any length: a short one is serialized at once, a long one in pieces while it is sent.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::response::pieces::{self, AT_ONCE, Reader, SendProgress, Source, WHOLE};
use crate::service::{Authority, Caller, Service, ServiceError};

/// A JSON text in parts. Each can be written by itself, and is the same each time.
pub(crate) trait Parts: Send + Sync + 'static {
    /// The number of parts.
    fn count(&self) -> usize;

    /// Writes one part.
    fn write(&self, part: usize, to: &mut dyn Write) -> serde_json::Result<()>;
}

/// A text of one part.
struct One<T>(T);

impl<T: Serialize + Send + Sync + 'static> Parts for One<T> {
    fn count(&self) -> usize {
        1
    }

    fn write(&self, _part: usize, to: &mut dyn Write) -> serde_json::Result<()> {
        serde_json::to_writer(to, &self.0)
    }
}

/// An object with one long list. Each record is a part.
pub(crate) struct List<B> {
    /// The text that precedes the first record: `{"tasks":[`.
    pub(crate) head: String,
    pub(crate) records: Vec<B>,
    /// The text that follows the last record.
    pub(crate) tail: String,
}

impl<B: Serialize + Send + Sync + 'static> Parts for List<B> {
    fn count(&self) -> usize {
        self.records.len() + 1
    }

    fn write(&self, part: usize, to: &mut dyn Write) -> serde_json::Result<()> {
        let separator = match part {
            0 => &self.head,
            _ if part < self.records.len() => ",",
            _ => "",
        };
        to.write_all(separator.as_bytes()).map_err(serde_json::Error::io)?;
        match self.records.get(part) {
            Some(record) => serde_json::to_writer(to, record),
            None => to.write_all(self.tail.as_bytes()).map_err(serde_json::Error::io),
        }
    }
}

/// A response with a list. It ends early when the caller's session ends.
pub(crate) async fn list<B: Serialize + Send + Sync + 'static>(
    service: &Arc<Service>,
    caller: &Caller,
    list: impl Into<List<B>>,
) -> Result<Response, ApiError> {
    let reader = reader(service, caller);
    Ok(JsonText(body(list.into(), Some(reader)).await?).into_response())
}

/// A response with a list for an administrator, which ends like that of [`list`], or for the operator.
pub(crate) async fn list_for<B: Serialize + Send + Sync + 'static>(
    service: &Arc<Service>,
    authority: &Authority,
    list: impl Into<List<B>>,
) -> Result<Response, ApiError> {
    let reader = reader_for(service, authority);
    Ok(JsonText(body(list.into(), reader).await?).into_response())
}

/// A response with one record.
pub(crate) async fn one<T>(record: T) -> Result<Response, ApiError>
where
    T: Serialize + Send + Sync + 'static,
{
    Ok(JsonText(body(One(record), None).await?).into_response())
}

/// A response whose body is JSON text.
pub(crate) struct JsonText<T>(pub(crate) T);

impl<T: Into<Body>> IntoResponse for JsonText<T> {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.0.into());
        let headers = response.headers_mut();
        // Room for the headers that every response gets later.
        headers.reserve(8);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// The session that a body depends on.
pub(crate) fn reader(service: &Arc<Service>, caller: &Caller) -> Reader {
    Reader { service: Arc::clone(service), session: caller.token_hash().clone() }
}

/// The session of an administrator; `None` for the operator.
pub(crate) fn reader_for(service: &Arc<Service>, authority: &Authority) -> Option<Reader> {
    let session = authority.token_hash().cloned();
    session.map(|session| Reader { service: Arc::clone(service), session })
}

/// A body of these parts.
pub(crate) async fn body(parts: impl Parts, reader: Option<Reader>) -> Result<Body, ServiceError> {
    let mut window = Window::new(0, WHOLE);
    let all = 0..parts.count();
    if window.fill(all.clone(), |part, to| parts.write(part, to)).map_err(ServiceError::internal)? {
        return Ok(window.bytes.into());
    }
    let parts = Arc::new(parts);
    let counted = Arc::clone(&parts);
    let count = move || all.map(|part| length(&*counted, part)).collect::<Result<Vec<_>, _>>();
    let lengths = tokio::task::spawn_blocking(count).await.map_err(ServiceError::internal)?;
    let progress = SendProgress::new(lengths.map_err(ServiceError::internal)?);
    let length = progress.total();
    Ok(pieces::body(Written { parts, progress }, length, reader))
}

fn length(parts: &impl Parts, part: usize) -> serde_json::Result<u32> {
    let mut counter = ByteCount(0);
    parts.write(part, &mut counter)?;
    u32::try_from(counter.0).map_err(|error| serde_json::Error::io(io::Error::other(error)))
}

/// Parts that are written while they are sent.
struct Written<P> {
    parts: Arc<P>,
    progress: SendProgress,
}

impl<P: Parts> Source for Written<P> {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        let SendProgress { part, sent, .. } = self.progress;
        let (parts, room) = (Arc::clone(&self.parts), self.progress.room());
        let write = move || {
            let mut window = Window::new(sent, room);
            window.fill(part..parts.count(), |part, to| parts.write(part, to)).map(|_| window.bytes)
        };
        let written = if self.progress.length(part) > AT_ONCE {
            tokio::task::spawn_blocking(write).await.map_err(ServiceError::internal)?
        } else {
            write()
        };
        let bytes = written.map_err(ServiceError::internal)?;
        self.progress.advance(bytes.len());
        Ok(bytes)
    }
}

/// Counts what is written to it.
struct ByteCount(usize);

impl Write for ByteCount {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps a section of what is written to it, and fails after that section.
pub(crate) struct Window {
    /// The number of bytes that still precede the section.
    skip: usize,
    room: usize,
    pub(crate) bytes: Vec<u8>,
    /// Whether a write did not fit.
    is_over: bool,
}

impl Window {
    pub(crate) fn new(skip: usize, room: usize) -> Self {
        Self { skip, room, bytes: Vec::new(), is_over: false }
    }

    /// Writes these parts as far as they fit. Returns whether all of them did.
    pub(crate) fn fill(
        &mut self,
        parts: impl IntoIterator<Item = usize>,
        mut write: impl FnMut(usize, &mut dyn Write) -> serde_json::Result<()>,
    ) -> serde_json::Result<bool> {
        for part in parts {
            if self.bytes.len() == self.room {
                return Ok(false);
            }
            match write(part, self) {
                Err(_) if self.is_over => return Ok(false),
                written => written?,
            }
        }
        Ok(true)
    }

    /// Takes these bytes as far as they fit. Returns whether all of them did.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> bool {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let wanted = &bytes[skipped..];
        let kept = wanted.len().min(self.room - self.bytes.len());
        self.bytes.extend_from_slice(&wanted[..kept]);
        self.is_over |= kept < wanted.len();
        kept == wanted.len()
    }
}

impl Write for Window {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.take(bytes) { Ok(bytes.len()) } else { Err(io::ErrorKind::FileTooLarge.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;
    use crate::domain::Page;
    use crate::http::response::page::PageBody;

    /// A list whose records have these lengths.
    fn list(lengths: &[usize]) -> List<String> {
        let records = lengths.iter().enumerate().map(|(at, length)| {
            (0..*length).map(|n| char::from(b"abcdefg"[(at + n) % 7])).collect()
        });
        let tail = PageBody::new(Page { limit: 7, offset: 3 }, 10).tail();
        List { head: "{\"texts\":[".to_owned(), records: records.collect(), tail }
    }

    #[tokio::test]
    async fn pieces_make_the_whole() {
        let long = 70 * pieces::PIECE;
        for lengths in
            [&[][..], &[0], &[5, 0, 7], &[40_000], &[16_380; 9], &[1, long, 1], &[100; 900]]
        {
            let list = list(lengths);
            let expected = json!({"texts": list.records, "total": 10, "limit": 7, "offset": 3});
            let mut body = body(list, None).await.unwrap_or_else(|error| panic!("{error}"));
            let size = axum::body::HttpBody::size_hint(&body).exact().unwrap();
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                let piece = frame.unwrap().into_data().unwrap();
                assert!(piece.len() <= WHOLE.max(long / 16), "{}", piece.len());
                bytes.extend_from_slice(&piece);
            }
            assert_eq!(size, bytes.len() as u64);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected.to_string());
        }
    }
}

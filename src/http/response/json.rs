//! JSON answers of any length: a short one is made at once, a long one in pieces while it is sent.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::resources::records::{JsonText, PageBody};
use crate::http::response::pieces::{self, AT_ONCE, Progress, Reader, Source, WHOLE};
use crate::service::{Caller, Service, ServiceError};

/// A JSON text in parts. Each can be written by itself, and is the same each time.
pub(crate) trait Parts: Send + Sync + 'static {
    /// How many parts there are.
    fn count(&self) -> usize;

    /// Writes one of them.
    fn write(&self, part: usize, to: &mut dyn Write) -> serde_json::Result<()>;
}

/// An answer of one part.
pub(crate) struct One<T>(pub(crate) T);

impl<T: Serialize + Send + Sync + 'static> Parts for One<T> {
    fn count(&self) -> usize {
        1
    }

    fn write(&self, _part: usize, to: &mut dyn Write) -> serde_json::Result<()> {
        serde_json::to_writer(to, &self.0)
    }
}

/// An object whose one long field is a list: each record of it is a part.
pub(crate) struct List<B> {
    /// What stands before the list: `{"tasks":[`.
    pub(crate) head: Cow<'static, str>,
    pub(crate) records: Vec<B>,
    /// What stands behind it.
    pub(crate) tail: String,
}

impl<B> List<B> {
    /// A page of a list.
    pub(crate) fn page(head: &'static str, records: Vec<B>, page: &PageBody) -> Self {
        Self { head: head.into(), records, tail: page.tail() }
    }
}

impl<B: Serialize + Send + Sync + 'static> Parts for List<B> {
    fn count(&self) -> usize {
        self.records.len() + 1
    }

    fn write(&self, part: usize, to: &mut dyn Write) -> serde_json::Result<()> {
        let separator = match part {
            0 => &*self.head,
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

/// An answer that is a list of records, with what is said of its page.
pub(crate) trait Listed {
    /// What a record is answered as.
    type Record: Serialize + Send + Sync + 'static;

    /// Its parts.
    fn into_list(self) -> List<Self::Record>;
}

/// The answer to a caller who asks for a list. It breaks off when the caller's session ends.
pub(crate) async fn list<L: Listed>(
    service: &Arc<Service>,
    caller: &Caller,
    answer: L,
) -> Result<Response, ApiError> {
    let reader = reader(service, caller);
    Ok(JsonText(body(answer.into_list(), Some(reader)).await?).into_response())
}

/// The answer that is one record.
pub(crate) async fn one<T>(answer: T) -> Result<Response, ApiError>
where
    T: Serialize + Send + Sync + 'static,
{
    Ok(JsonText(body(One(answer), None).await?).into_response())
}

/// Whose body it is.
pub(crate) fn reader(service: &Arc<Service>, caller: &Caller) -> Reader {
    Reader { service: Arc::clone(service), session: caller.token_hash().clone() }
}

/// The body of these parts.
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
    let progress = Progress::new(lengths.map_err(ServiceError::internal)?);
    let length = progress.total();
    Ok(pieces::body(Written { parts, progress }, length, reader))
}

fn length(parts: &impl Parts, part: usize) -> serde_json::Result<u32> {
    let mut counter = Counter(0);
    parts.write(part, &mut counter)?;
    u32::try_from(counter.0).map_err(|error| serde_json::Error::io(io::Error::other(error)))
}

/// Parts that are written while they are sent.
struct Written<P> {
    parts: Arc<P>,
    progress: Progress,
}

impl<P: Parts> Source for Written<P> {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        let Progress { part, sent, .. } = self.progress;
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
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps a stretch of what is written to it, and fails behind that.
pub(crate) struct Window {
    /// How much is still to be left out.
    skip: usize,
    room: usize,
    pub(crate) bytes: Vec<u8>,
    /// Whether there was more than room for.
    is_over: bool,
}

impl Window {
    pub(crate) fn new(skip: usize, room: usize) -> Self {
        Self { skip, room, bytes: Vec::new(), is_over: false }
    }

    /// Writes these parts as far as they fit; whether all of them did.
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

    /// Takes these bytes as far as they fit; whether all of them did.
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

    /// A list whose records have these lengths.
    fn list(lengths: &[usize]) -> List<String> {
        let records = lengths.iter().enumerate().map(|(at, length)| {
            (0..*length).map(|n| char::from(b"abcdefg"[(at + n) % 7])).collect()
        });
        let page = PageBody::new(Page { limit: 7, offset: 3 }, 10);
        List::page("{\"texts\":[", records.collect(), &page)
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

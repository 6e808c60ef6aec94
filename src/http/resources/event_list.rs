//! A page of tracking events, which are stored as JSON. A long page is read while it is sent.

use std::iter::repeat_n;
use std::ops::Range;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::{Member, Page};
use crate::http::error::ApiError;
use crate::http::response::json::{JsonText, Window};
use crate::http::response::page::PageBody;
use crate::http::response::pieces::{self, Reader, SendProgress, Source, WHOLE};
use crate::service::{NamedMembers, Service, ServiceError};
use crate::store::{EventRows, FoundEvents, Reversals};

/// The text before the events.
const HEAD: &str = r#"{"tracking_events":["#;
/// The number of bytes that are read at once to determine the length of the page.
const BATCH: usize = 64 << 10;

/// The adults who are beside the events.
pub(crate) enum Actors {
    /// Those of the one family.
    Family(Vec<Arc<Member>>),
    /// Those whom the events of any family name.
    Named(Arc<Service>),
}

impl Actors {
    async fn of(self, named: NamedMembers) -> Result<Vec<Arc<Member>>, ServiceError> {
        match self {
            Self::Family(members) => Ok(members),
            Self::Named(service) => service.members_named(named).await,
        }
    }
}

/// The response with a page of events.
pub(crate) async fn answer(
    found: FoundEvents,
    page: Page,
    actors: Actors,
    reader: Option<Reader>,
) -> Result<Response, ApiError> {
    let FoundEvents { rows, total, reversals } = found;
    let mut named = NamedMembers::default();
    let mut note = |events: &[Arc<str>]| {
        if let Actors::Named(_) = actors {
            for event in events {
                named.add(event);
            }
        }
    };
    if rows.fitting(0, WHOLE) == rows.count() {
        let events = rows.read(0..rows.count()).await.map_err(ServiceError::from)?;
        note(&events);
        let beside = beside(&reversals, &actors.of(named).await?);
        let tail = PageBody::new(page, total).tail_with(&beside);
        return Ok(JsonText(whole(&events, &tail)).into_response());
    }
    let mut lengths = Vec::with_capacity(rows.count() + 1);
    while lengths.len() < rows.count() {
        let first = lengths.len();
        let batch = first..first + rows.fitting(first, BATCH);
        let events = rows.read(batch).await.map_err(ServiceError::from)?;
        note(&events);
        for (event, place) in events.iter().zip(first..) {
            lengths.push(length(separator(place).len() + event.len())?);
        }
        // Lets other tasks run.
        tokio::task::yield_now().await;
    }
    let beside = beside(&reversals, &actors.of(named).await?);
    let tail = PageBody::new(page, total).tail_with(&beside);
    lengths.push(length(tail.len())?);
    let progress = SendProgress::new(lengths);
    let total = progress.total();
    let body = pieces::body(Events { rows, progress, split: 0, tail }, total, reader);
    Ok(JsonText(body).into_response())
}

/// What the page has beside the events: the reversal of each reversed event, and the adults of the family.
fn beside(reversals: &Reversals, actors: &[Arc<Member>]) -> String {
    let ids = reversals.iter().map(|(event, reversal)| (event.to_string(), (&**reversal).into()));
    let actors = actors.iter().map(|member| {
        let actor = json!({"name": member.first_name.as_str(), "role": member.role.as_str()});
        (member.id.to_string(), actor)
    });
    let (ids, actors) = (Value::Object(ids.collect()), Value::Object(actors.collect()));
    format!(r#","reversals":{ids},"actors":{actors}"#)
}

fn whole(events: &[Arc<str>], tail: &str) -> String {
    let bytes: usize = events.iter().map(|event| event.len() + 1).sum();
    let mut body = String::with_capacity(HEAD.len() + bytes + tail.len());
    for (place, event) in events.iter().enumerate() {
        body.extend([separator(place), event]);
    }
    if events.is_empty() {
        body.push_str(HEAD);
    }
    body.push_str(tail);
    body
}

/// The text before an event.
fn separator(place: usize) -> &'static str {
    if place == 0 { HEAD } else { "," }
}

fn length(bytes: usize) -> Result<u32, ServiceError> {
    u32::try_from(bytes).map_err(ServiceError::internal)
}

/// A page that is read while it is sent. Each event is a part; the last part is the end of the page.
struct Events {
    rows: Arc<dyn EventRows>,
    progress: SendProgress,
    /// The length of the event that the previous piece contains the start of.
    split: usize,
    tail: String,
}

impl Events {
    /// The parts of the next piece, without the end of the page.
    fn batch(&self, room: usize) -> Range<usize> {
        let SendProgress { part, sent, .. } = self.progress;
        let mut bytes = self.progress.length(part).saturating_sub(sent);
        let mut end = part + 1;
        while end < self.rows.count() && bytes < room {
            bytes += self.progress.length(end);
            end += 1;
        }
        part..end
    }

    /// A part with the length that was determined before. An event that was anonymised since then is shorter
    /// and is padded with spaces, which have no meaning in JSON.
    fn part(&mut self, part: usize, event: &str) -> Result<Vec<u8>, ServiceError> {
        let length = self.progress.length(part);
        let mut bytes = [separator(part).as_bytes(), event.as_bytes()].concat();
        let is_split = part == self.progress.part && self.progress.sent > 0;
        if bytes.len() > length || is_split && bytes.len() != self.split {
            return Err(ServiceError::internal("an event changed while it was sent"));
        }
        self.split = bytes.len();
        bytes.extend(repeat_n(b' ', length - bytes.len()));
        Ok(bytes)
    }
}

impl Source for Events {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        let mut window = Window::new(self.progress.sent, self.progress.room());
        if self.progress.part == self.rows.count() {
            window.take(self.tail.as_bytes());
        } else {
            let batch = self.batch(self.progress.room());
            let first = batch.start;
            for (event, part) in self.rows.read(batch).await?.iter().zip(first..) {
                let bytes = self.part(part, event)?;
                window.take(&bytes);
            }
        }
        self.progress.advance(window.bytes.len());
        Ok(window.bytes)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt;
    use parking_lot::Mutex;

    use super::*;
    use crate::store::{BoxFuture, ReadError};

    /// Events that change while they are read.
    struct Changing(Mutex<Vec<Arc<str>>>);

    impl EventRows for Changing {
        fn count(&self) -> usize {
            self.0.lock().len()
        }

        fn fitting(&self, _from: usize, _bytes: usize) -> usize {
            1
        }

        fn read(&self, rows: Range<usize>) -> BoxFuture<'_, Result<Vec<Arc<str>>, ReadError>> {
            let read = self.0.lock()[rows].to_vec();
            Box::pin(async move { Ok(read) })
        }
    }

    fn event(user_id: &str, length: usize) -> Arc<str> {
        format!(r#"{{"user_id": {user_id}, "note": "{}"}}"#, "x".repeat(length)).into()
    }

    /// Reads the whole page; `change` is called after the first piece.
    async fn read(rows: &Arc<Changing>, change: impl FnOnce()) -> Result<String, axum::Error> {
        let events = rows.0.lock().clone();
        let tail = "]}".to_owned();
        let separated = events.iter().enumerate().map(|(at, it)| separator(at).len() + it.len());
        let lengths = separated.chain([tail.len()]).map(|length| u32::try_from(length).unwrap());
        let progress = SendProgress::new(lengths.collect());
        let total = progress.total();
        let source = Events { rows: Arc::<Changing>::clone(rows), progress, split: 0, tail };
        let mut body: Body = pieces::body(source, total, None);
        let mut change = Some(change);
        let mut text = String::new();
        while let Some(frame) = body.frame().await {
            text.push_str(str::from_utf8(&frame?.into_data().unwrap()).unwrap());
            if let Some(change) = change.take() {
                change();
            }
        }
        assert_eq!(text.len(), total);
        Ok(text)
    }

    #[tokio::test]
    async fn an_event_that_is_anonymised_meanwhile_keeps_its_length() {
        let owned = || event("\"0123456789\"", 9000);
        let rows = Arc::new(Changing(Mutex::new(vec![owned(); 4])));
        let text = read(&rows, || rows.0.lock()[3] = event("null", 9000)).await.unwrap();
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        let users = page["tracking_events"].as_array().unwrap().iter().map(|it| &it["user_id"]);
        assert_eq!(users.filter(|id| id.is_null()).count(), 1);
    }

    #[tokio::test]
    async fn an_event_that_changes_while_it_is_sent_ends_the_page() {
        let rows = Arc::new(Changing(Mutex::new(vec![event("\"0123456789\"", 50_000)])));
        let broken = read(&rows, || rows.0.lock()[0] = event("null", 50_000)).await;
        assert!(broken.is_err());
    }
}

//! The live stream.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tracing::{Instrument, Span};

use super::query::{FromParameters, Parameters, Query};
use super::serve::ConnectionCloser;
use super::{ApiError, AppState};
use crate::service::{Caller, Feed, FeedRequest, Service};

/// `GET /events`
pub(super) async fn stream(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(request): Wanted,
) -> Result<Response, ApiError> {
    let feed = service.subscribe(&caller, request).await?;
    Ok(answer(feed))
}

fn answer(feed: Feed) -> Response {
    // The stream goes on after the handler's end; what it logs is still the request's.
    let span = Span::current();
    let frames = stream::unfold(feed, move |mut feed| {
        let next = async {
            let frame = feed.next().await?;
            Some((Ok::<_, Infallible>(frame), feed))
        };
        next.instrument(span.clone())
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    // Proxies of nginx's kind would else collect frames until their buffer is full.
    let unbuffered = [("X-Accel-Buffering", HeaderValue::from_static("no"))];
    (headers, unbuffered, Body::from_stream(frames)).into_response()
}

/// What a reader asks for.
pub(super) struct Wanted(FeedRequest);

impl FromRequestParts<AppState> for Wanted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Query(parameters) = Query::<StreamParameters>::from_request_parts(parts, state).await?;
        // A browser that reconnects by itself sends the header, newer than what its address holds.
        let header = parts.headers.get("Last-Event-ID");
        let header = header.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        let closer = parts.extensions.get::<ConnectionCloser>();
        Ok(Self(FeedRequest {
            last_event_id: header.filter(|id| !id.is_empty()).or(parameters.last_event_id),
            named: parameters.named.unwrap_or(state.settings.named_events),
            closer: closer.map(|closer| closer.0.clone()).unwrap_or_default(),
        }))
    }
}

struct StreamParameters {
    named: Option<bool>,
    last_event_id: Option<String>,
}

impl FromParameters for StreamParameters {
    const NAMES: &'static [&'static str] = &["named", "last_event_id"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let flag = |text: &str| text.parse().ok();
        Ok(Self {
            named: given.parsed("named", "must be `true` or `false`", flag)?,
            last_event_id: given.text("last_event_id")?.map(str::to_owned),
        })
    }
}

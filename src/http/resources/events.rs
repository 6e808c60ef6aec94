//! The event stream.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tracing::{Instrument, Span};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::query::{FromParameters, Parameters, Query};
use crate::http::openapi::{ErrorCodes, Errors, StreamData, schemas, tags};
use crate::http::server::request_context::RequestContext;
use crate::http::state::AppState;
use crate::service::{Caller, EventStream, Service, StreamRequest};

/// Stream the family's events as they happen
///
/// A stream of server-sent events. It contains each tracking event once it is stored, in the order of storage; in a
/// child's session, only the events of that child. The schema is that of `data`. `event` is
/// `tracking_event_created`, and `id` identifies the position in the stream.
///
/// Between the events there are messages without an `id`: `request_ended`, `records_changed`, `badge_awarded`,
/// `badge_revoked`, `rank_changed`, `task_due`, `task_late`, `task_missed`, `task_done` and `tasks_summary`. A reconnect
/// does not repeat them, and streams with `named=false` do not contain them. A child's session receives those about that child,
/// its tasks and its rewards.
///
/// A client that reconnects sends the last id that it received (browsers do), and first receives the events that it
/// missed. If that is not possible, the stream starts with one `resync` event, whose `data` is
/// `{"type":"resync"}`: load all data again.
///
/// "Try it out" on this page shows nothing, since the response does not end. Use `curl -N` or an `EventSource`.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "streamTrackingEvents",
    tag = tags::EVENTS,
    params(StreamParameters),
    responses(
        (
            status = 200,
            description = "The stream. It ends with its session, and when the server stops",
            content_type = "text/event-stream",
            body = StreamData
        ),
        Errors<Caller, Query<StreamParameters>, StreamLimitErrors>
    )
)]
pub(crate) async fn stream(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(request): Wanted,
) -> Result<Response, ApiError> {
    let feed = service.subscribe(&caller, request).await?;
    Ok(answer(feed))
}

fn answer(feed: EventStream) -> Response {
    // The stream continues after the handler returns; its log lines belong to the request.
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
    // Without this header, nginx and similar proxies collect messages until their buffer is full.
    let unbuffered = [("X-Accel-Buffering", HeaderValue::from_static("no"))];
    (headers, unbuffered, Body::from_stream(frames)).into_response()
}

/// The requested stream.
pub(crate) struct Wanted(StreamRequest);

impl FromRequestParts<AppState> for Wanted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Query(parameters) = Query::<StreamParameters>::from_request_parts(parts, state).await?;
        // A browser that reconnects sends the header. The id in its address is older.
        let header = parts.headers.get(LAST_EVENT_ID);
        let header = header.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        let context = RequestContext::from_request_parts(parts, state).await?;
        Ok(Self(StreamRequest {
            last_event_id: header.filter(|id| !id.is_empty()).or(parameters.last_event_id),
            named: parameters.named.unwrap_or(state.settings().named_events),
            closer: context.peer.closer.clone(),
        }))
    }
}

enum StreamLimitErrors {}

impl ErrorCodes for StreamLimitErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::TooManyStreams];
}

impl IntoParams for StreamParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let named = "Whether messages have an `event:` line. Browsers pass messages without one to \
                     `onmessage`. The operator sets the default.";
        let last = "The last `id` that the client received, if it cannot send the header.";
        let header = ParameterBuilder::new()
            .name(LAST_EVENT_ID)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The last `id` that the client received. Browsers send it when they reconnect. It \
                 takes precedence over the query.",
            ))
            .schema(Some(schemas::text()));
        vec![
            schemas::query("named", named, schemas::boolean()),
            schemas::query("last_event_id", last, schemas::text().min_length(Some(1))),
            schemas::query("lastEventId", POLYFILLS, schemas::text()),
            schemas::query(LAST_EVENT_ID, POLYFILLS, schemas::text()),
            header.build(),
        ]
    }
}

const LAST_EVENT_ID: &str = "Last-Event-ID";
const POLYFILLS: &str = "The same as `last_event_id`, for polyfills of `EventSource` that send this \
                         name. An empty value is ignored.";

/// The query parameters of a stream.
pub(crate) struct StreamParameters {
    named: Option<bool>,
    last_event_id: Option<String>,
}

impl FromParameters for StreamParameters {
    const NAMES: &'static [&'static str] =
        &["named", "last_event_id", "lastEventId", LAST_EVENT_ID];

    /// Polyfills and proxies add parameters of their own, and a client of a stream gives up
    /// permanently after an error.
    const IS_STRICT: bool = false;

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let flag = |text: &str| text.parse().ok();
        let last = given.text("last_event_id")?;
        let last = last.or_else(|| given.filled("lastEventId"));
        let last = last.or_else(|| given.filled(LAST_EVENT_ID));
        Ok(Self {
            named: given.parsed("named", "must be `true` or `false`", flag)?,
            last_event_id: last.map(str::to_owned),
        })
    }
}

//! Calendar feeds: the schedule of a child in calendar programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{CalendarFeed, Timestamp};
use crate::http::error::ApiError;
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{
    ChangeErrors, Errors, FamilyLimitErrors, PasswordErrors, samples, schemas, tags,
};
use crate::http::resources::mutations::replayed_header;
use crate::http::resources::records::Iso;
use crate::http::response::files::{has_tag, tag};
use crate::http::response::icalendar;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::http::server::request_context::Client;
use crate::http::settings::{HttpSettings, Origin};
use crate::service::{NewFeed, Parent, Service, Token};

/// A proxy that serves a front end passes only paths below `/api` on.
const PATH: &str = "/api/calendar/";
const SUFFIX: &str = ".ics";
const SECRET: &str = "5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b";

// `utoipa::path` takes no generic types.
type FeedPage = PageOf<FeedBody>;

/// A calendar feed, without its address.
#[derive(Serialize, ToSchema)]
#[schema(as = CalendarFeed)]
pub(crate) struct FeedBody {
    /// Identifies the feed. It does not give access to it.
    id: String,
    /// The child whose schedule it shows.
    child_id: String,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
}

impl ListItem for FeedBody {
    const FIELD: &'static str = "feeds";
}

impl From<Arc<CalendarFeed>> for FeedBody {
    fn from(feed: Arc<CalendarFeed>) -> Self {
        Self {
            id: feed.id.to_string(),
            child_id: feed.child_id.to_string(),
            created_at: Iso(feed.created_at),
        }
    }
}

/// A new calendar feed.
#[derive(Serialize, ToSchema)]
#[schema(as = NewCalendarFeed, examples(sample))]
pub(crate) struct NewFeedBody {
    #[serde(flatten)]
    feed: FeedBody,
    /// The address for calendar programs: `/api/calendar/<secret>.ics` under `public_url`, or without an origin if the operator
    /// has not set it. Null in the response to a repeat: only the first response contains the secret.
    #[schema(required)]
    url: Option<String>,
}

/// The address of a feed on a server with this origin.
pub(crate) fn address(origin: &str, secret: &Token) -> String {
    format!("{origin}{PATH}{}{SUFFIX}", secret.reveal())
}

fn sample() -> Value {
    json!({
        "id": "b0a0f5c2-6a0e-4c1a-9d55-0d8f8f0c7a11",
        "child_id": samples::CHILD_ID,
        "created_at": samples::MOMENT,
        "url": format!("https://chores.example.org{PATH}{SECRET}{SUFFIX}"),
    })
}

/// One calendar feed.
#[derive(Serialize, ToSchema)]
#[schema(as = CalendarFeedAnswer)]
pub(crate) struct FeedAnswer {
    feed: NewFeedBody,
}

/// Create a calendar feed of a child
///
/// An address with which calendar programs show the child's schedule. Whoever knows it can read the names of the child's
/// tasks and what is done, and needs no login: it ends when the feed, the child or the account is deleted, and not with a
/// session or a change of the password. A child can have five feeds.
#[utoipa::path(
    post,
    path = "/children/{id}/calendar-feeds",
    operation_id = "createCalendarFeed",
    tag = tags::SCHEDULES,
    params(("id" = String, Path, description = "The id of the child."), Key),
    responses(
        (
            status = 201,
            description = "The feed",
            body = FeedAnswer,
            headers((
                "Idempotent-Replayed" = String,
                description = "`true` if this is the response to an earlier request with the same `Idempotency-Key`."
            ))
        ),
        Errors<Parent, Path<String>, Key, ChangeErrors, FamilyLimitErrors>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    parent: Parent,
    Path(id): Path<String>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let NewFeed { feed, secret } = service.create_feed(&parent, key, id.into()).await?;
    let replayed = replayed_header(secret.is_none());
    let origin = settings.public_origin.as_ref().map_or("", Origin::as_str);
    let url = secret.map(|secret| address(origin, &secret));
    let body = Json(FeedAnswer { feed: NewFeedBody { feed: feed.into(), url } });
    Ok((StatusCode::CREATED, replayed, body).into_response())
}

/// List the calendar feeds of a child
///
/// In the order of their creation, without their addresses.
#[utoipa::path(
    get,
    path = "/children/{id}/calendar-feeds",
    operation_id = "listCalendarFeeds",
    tag = tags::SCHEDULES,
    params(("id" = String, Path, description = "The id of the child."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = FeedPage),
        Errors<Parent, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let feeds = service.feeds(&parent, &id.into(), page).await?;
    json::list(&service, &parent, PageOf::new(page, feeds, FeedBody::from)).await
}

/// Delete a calendar feed
///
/// Its address is 404 from then on.
#[utoipa::path(
    delete,
    path = "/children/{id}/calendar-feeds/{feed_id}",
    operation_id = "deleteCalendarFeed",
    tag = tags::SCHEDULES,
    params(
        ("id" = String, Path, description = "The id of the child."),
        ("feed_id" = String, Path, description = "The id of the feed, from the list.")
    ),
    responses(
        (status = 204, description = "Deleted"),
        Errors<Parent, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, feed)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    service.delete_feed(&parent, child.into(), feed.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get a child's schedule for a calendar program
///
/// In the iCalendar format (RFC 5545): the occurrences from 30 days ago to 60 days ahead, without what was skipped or is
/// paused. A task with a time has an event that ends when it is due; any other one has an event of the whole day. `✓`
/// precedes the name of a task that is done. Each request for an unknown one counts as a password attempt of
/// the client's address.
#[utoipa::path(
    get,
    path = "/calendar/{feed}",
    operation_id = "getCalendar",
    tag = tags::SCHEDULES,
    params((
        "feed" = String, Path,
        description = "The secret of a feed, as in `<secret>.ics`.",
        example = "5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b.ics"
    )),
    responses(
        (status = 200, description = "The calendar", content_type = "text/calendar; charset=utf-8", body = String),
        (status = 304, description = "The client has this calendar, by its `If-None-Match`"),
        Errors<Path<String>, PasswordErrors>
    ),
    security(())
)]
pub(crate) async fn calendar(
    State(service): State<Arc<Service>>,
    client: Client,
    Path(feed): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let secret = feed.strip_suffix(SUFFIX).ok_or(ApiError::RouteNotFound)?;
    let served = service.serve_feed(client.address, &Token::presented(secret)).await?;
    // The time of a request changes nothing that a client shows.
    let tag = tag(icalendar::calendar(&served.events, Timestamp::EPOCH).as_bytes());
    let caching = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300")),
    ];
    if has_tag(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8")];
    let text = icalendar::calendar(&served.events, served.at);
    Ok((caching, content_type, text).into_response())
}

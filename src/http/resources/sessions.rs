//! The sessions of an account, for its owner.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use crate::domain::ChildId;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::cookies::no_cookie;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Errors, SessionChangeErrors, schemas, tags};
use crate::http::resources::auth::{Cookie, header_of};
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::http::settings::HttpSettings;
use crate::service::{Adult, ListedSession, SentSessions, Service};

// `utoipa::path` takes no generic types.
type SessionPage = PageOf<SessionBody>;

/// A session of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedSession)]
pub(crate) struct SessionBody {
    /// Identifies the session. It cannot be used to log in.
    id: String,
    #[schema(schema_with = scope)]
    scope: &'static str,
    /// The child, if it is a child's session.
    #[schema(required)]
    child_id: Option<String>,
    /// The name of the device, if it is that of a child's device.
    #[schema(required)]
    device_name: Option<String>,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// The last use, accurate to an hour.
    #[schema(schema_with = schemas::moment)]
    last_used_at: Iso,
    /// When the session ends if it is not used again.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
    /// Whether it is the session of this request.
    is_current: bool,
}

fn scope() -> ObjectBuilder {
    let about = "Who uses the session: the account's owner, or a child.";
    schemas::flag(["parent", "child"]).description(Some(about))
}

impl ListItem for SessionBody {
    const FIELD: &'static str = "sessions";
}

impl From<ListedSession> for SessionBody {
    fn from(ListedSession { id, session, is_current }: ListedSession) -> Self {
        Self {
            id,
            scope: if session.child_id.is_some() { "child" } else { "parent" },
            child_id: session.child_id.as_ref().map(ChildId::to_string),
            device_name: session.device.as_ref().map(|device| device.name.to_string()),
            created_at: Iso(session.created_at),
            last_used_at: Iso(session.last_used_at),
            expires_at: Iso(session.expires_at),
            is_current,
        }
    }
}

/// List the sessions of your account
///
/// Including those of your children; the most recently used first.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    operation_id = "listSessions",
    tag = tags::ACCOUNT,
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = SessionPage),
        Errors<Adult, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let sessions = service.sessions(&adult, page).await?;
    json::list(&service, &adult, PageOf::new(page, sessions, SessionBody::from)).await
}

/// End a session of your account
///
/// Its event streams close at once.
#[utoipa::path(
    delete,
    path = "/auth/sessions/{id}",
    operation_id = "endSession",
    tag = tags::ACCOUNT,
    params(("id" = String, Path, description = "The id of the session, from the list.")),
    responses(
        (status = 204, description = "Ended"),
        Errors<Adult, SessionChangeErrors, Path<String>>
    )
)]
pub(crate) async fn end(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.end_session(&adult, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of your account
///
/// Including this one and those of your children.
#[utoipa::path(
    delete,
    path = "/auth/sessions",
    operation_id = "endAllSessions",
    tag = tags::ACCOUNT,
    responses(
        (
            status = 204,
            description = "Ended",
            headers(("Set-Cookie" = String, description = "Removes the session cookie"))
        ),
        Errors<Adult, SessionChangeErrors>
    )
)]
pub(crate) async fn end_all(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    adult: Adult,
    sent: SentSessions,
) -> Result<(StatusCode, Cookie), ApiError> {
    service.end_all_sessions(&adult, sent).await?;
    Ok((StatusCode::NO_CONTENT, header_of(no_cookie(&settings))?))
}

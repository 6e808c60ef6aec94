//! What there is on the server: its sessions, its settings, and how much of everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use crate::http::error::ApiError;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Errors, samples, schemas, tags};
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::http::settings::{HttpSettings, InEffect};
use crate::service::{Authority, ServerSession, Service, Stats};

/// The sessions on a page if the request does not set a limit.
const DEFAULT_LIMIT: usize = 50;

// `utoipa::path` takes no generic types.
type ServerSessionPage = PageOf<ServerSessionBody>;
type SessionPaging = Paging<DEFAULT_LIMIT>;

/// A session of any account, for administrators.
#[derive(Serialize, ToSchema)]
#[schema(as = ServerSession, examples(sample_session))]
pub(crate) struct ServerSessionBody {
    /// Identifies the session. It cannot be used to log in.
    id: String,
    /// The id of the account.
    #[schema(value_type = String)]
    user_id: Arc<str>,
    /// The address of the account.
    email: String,
    #[schema(schema_with = scope)]
    scope: &'static str,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// The last use, accurate to an hour.
    #[schema(schema_with = schemas::moment)]
    last_used_at: Iso,
    /// When the session ends if it is not used again.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
}

fn scope() -> ObjectBuilder {
    schemas::flag(["parent", "child", "admin"]).description(Some("Who uses the session."))
}

fn sample_session() -> Value {
    json!({
        "id": "0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c", "user_id": samples::USER_ID,
        "email": "paula@example.org", "scope": "parent", "created_at": samples::MOMENT,
        "last_used_at": samples::MOMENT, "expires_at": samples::MOMENT,
    })
}

impl ListItem for ServerSessionBody {
    const FIELD: &'static str = "sessions";
}

impl From<ServerSession> for ServerSessionBody {
    fn from(ServerSession { id, user, role, session }: ServerSession) -> Self {
        Self {
            id,
            user_id: user.id.shared(),
            email: user.email.as_str().to_owned(),
            scope: role.as_str(),
            created_at: Iso(session.created_at),
            last_used_at: Iso(session.last_used_at),
            expires_at: Iso(session.expires_at),
        }
    }
}

/// How much there is of everything.
#[derive(Serialize, ToSchema)]
#[schema(as = Stats)]
pub(crate) struct StatsAnswer {
    accounts: u64,
    /// Those that are not marked for deletion.
    administrators: u64,
    /// The accounts that are marked for deletion.
    marked_accounts: u64,
    /// Including those of children.
    sessions: usize,
    children: u64,
    /// Including penalties.
    tasks: u64,
    rewards: u64,
    events: usize,
    /// The events of the last 24 hours.
    events_last_day: usize,
    /// The events of the last seven days.
    events_last_week: usize,
    /// The events of the last 30 days.
    events_last_month: usize,
    /// The size of the data directory, or of the database, in bytes.
    bytes: u64,
}

impl From<Stats> for StatsAnswer {
    fn from(Stats { counts, sessions, events, recent_events }: Stats) -> Self {
        let [events_last_day, events_last_week, events_last_month] = recent_events;
        Self {
            accounts: counts.accounts,
            administrators: counts.administrators,
            marked_accounts: counts.marked,
            sessions,
            children: counts.children,
            tasks: counts.tasks,
            rewards: counts.rewards,
            events,
            events_last_day,
            events_last_week,
            events_last_month,
            bytes: counts.bytes,
        }
    }
}

/// The settings in effect.
#[derive(Serialize, ToSchema)]
#[schema(as = ServerSettings)]
pub(crate) struct SettingsAnswer {
    /// In the order of `goldstar serve --help`.
    settings: Vec<InEffect>,
}

/// List the sessions of all accounts
///
/// The most recently used first. Without secrets.
#[utoipa::path(
    get,
    path = "/admin/sessions",
    operation_id = "listServerSessions",
    tag = tags::ADMINISTRATION,
    params(SessionPaging),
    responses(
        (status = 200, description = "A page of the list", body = ServerSessionPage),
        Errors<Authority, Query<SessionPaging>>
    )
)]
pub(crate) async fn sessions(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(Paging(page)): Query<SessionPaging>,
) -> Result<Response, ApiError> {
    let sessions = service.server_sessions(&authority, page).await?;
    json::list_for(&service, &authority, PageOf::new(page, sessions, ServerSessionBody::from)).await
}

/// Count what there is
#[utoipa::path(
    get,
    path = "/admin/stats",
    operation_id = "getStats",
    tag = tags::ADMINISTRATION,
    responses(
        (status = 200, description = "How much there is of everything", body = StatsAnswer),
        Errors<Authority>
    )
)]
pub(crate) async fn stats(
    State(service): State<Arc<Service>>,
    authority: Authority,
) -> Result<Json<StatsAnswer>, ApiError> {
    Ok(Json(service.stats(&authority).await?.into()))
}

/// List the settings in effect
///
/// Each as the line of a settings file, and where it was set. Secrets are not shown. Settings that need a restart have
/// the values from the start.
#[utoipa::path(
    get,
    path = "/admin/settings",
    operation_id = "listServerSettings",
    tag = tags::ADMINISTRATION,
    responses(
        (status = 200, description = "The settings", body = SettingsAnswer),
        Errors<Authority>
    )
)]
pub(crate) async fn settings(
    State(settings): State<Arc<HttpSettings>>,
    _: Authority,
) -> Result<Json<SettingsAnswer>, ApiError> {
    Ok(Json(SettingsAnswer { settings: settings.in_effect.clone() }))
}

//! The accounts of the server, for administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use crate::domain::deletion::Status;
use crate::domain::{AccountFilter, Email, Page, Role};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::confirmed::{Confirmed, PasswordAgainInput};
use crate::http::extract::query::{FromParameters, Parameters, Query, page_parameters};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, samples, schemas, tags};
use crate::http::resources::auth::MarkedAnswer;
use crate::http::resources::deletion::{RunAnswer, UnmarkErrors};
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{AccountDetails, Authority, ManagedAccount, Service};

/// The accounts on a page if the request does not set a limit.
const DEFAULT_LIMIT: usize = 50;

// `utoipa::path` takes no generic types.
type ManagedAccountPage = PageOf<ManagedAccountBody>;

/// An account, for administrators: nothing of its family.
#[derive(Serialize, ToSchema)]
#[schema(as = ManagedAccount, examples(sample))]
pub(crate) struct ManagedAccountBody {
    /// Unique.
    #[schema(value_type = String)]
    id: Arc<str>,
    /// The given name.
    first_name: String,
    /// The family name.
    last_name: String,
    /// The address to log in with.
    email: String,
    #[schema(schema_with = role)]
    role: &'static str,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// When the account was marked for deletion. Null if it is not marked, or if the mark cannot be read.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    marked_for_deletion_at: Option<Iso>,
    /// The deletion starts at this time or later. Null if the account is not marked, or if the mark cannot
    /// be read.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    due_at: Option<Iso>,
    /// The state of the deletion: `pending`, `in_progress`, `retrying`, `failed` or `unreadable`. Null if
    /// the account is not marked.
    #[schema(required, value_type = Option<String>)]
    deletion_status: Option<&'static str>,
}

/// An account and its use, for administrators.
#[derive(Serialize, ToSchema)]
#[schema(as = ManagedAccountDetails, examples(sample_details))]
pub(crate) struct DetailsBody {
    #[serde(flatten)]
    account: ManagedAccountBody,
    /// The number of sessions, including those of its children.
    sessions: usize,
    /// The last use of one of the sessions, accurate to an hour. Null if there is none.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Iso>,
}

fn role() -> ObjectBuilder {
    schemas::flag([Role::Parent, Role::Admin].map(Role::as_str))
        .description(Some("An administrator can also use the routes under `/admin`."))
}

fn sample() -> Value {
    json!({
        "id": samples::USER_ID, "first_name": "Paula", "last_name": "Parent",
        "email": "paula@example.org", "role": "parent", "created_at": samples::MOMENT,
        "marked_for_deletion_at": null, "due_at": null, "deletion_status": null,
    })
}

fn sample_details() -> Value {
    let mut details = sample();
    details["sessions"] = 2.into();
    details["last_used_at"] = samples::MOMENT.into();
    details
}

impl ListItem for ManagedAccountBody {
    const FIELD: &'static str = "accounts";
}

impl From<ManagedAccount> for ManagedAccountBody {
    fn from(ManagedAccount { user, due_at, status }: ManagedAccount) -> Self {
        let deletion = user.deletion.as_ref().filter(|deletion| deletion.is_readable());
        Self {
            id: user.id.shared(),
            first_name: user.first_name.as_str().to_owned(),
            last_name: user.last_name.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            role: user.role.as_str(),
            created_at: user.created_at.map(Iso),
            marked_for_deletion_at: deletion.map(|deletion| Iso(deletion.marked_at)),
            due_at: due_at.map(Iso),
            deletion_status: status.map(Status::as_str),
        }
    }
}

impl From<AccountDetails> for DetailsBody {
    fn from(details: AccountDetails) -> Self {
        let AccountDetails { account, sessions, last_used_at } = details;
        Self { account: account.into(), sessions, last_used_at: last_used_at.map(Iso) }
    }
}

/// The filter and the page of a list.
pub(crate) struct AccountQuery {
    pub(crate) filter: AccountFilter,
    pub(crate) page: Page,
}

impl FromParameters for AccountQuery {
    const NAMES: &'static [&'static str] = &["q", "email", "state", "limit", "offset"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let is_marked =
            given.parsed("state", "must be `active` or `marked`", |text| match text {
                "active" => Some(false),
                "marked" => Some(true),
                _ => None,
            })?;
        let search = given.text("q")?.map(Into::into);
        let email = given.text("email")?.map(Email::from_stored);
        let filter = AccountFilter { search, email, is_marked };
        Ok(Self { filter, page: given.page(DEFAULT_LIMIT)? })
    }
}

impl IntoParams for AccountQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = || schemas::text().min_length(Some(1));
        let q = "Only accounts with this id, or with this text in their email address or names.";
        let state = "Only accounts that are marked for deletion, or that are not.";
        let mut parameters = vec![
            schemas::query("q", q, text()),
            schemas::query("email", "Only the account with this email address.", text()),
            schemas::query("state", state, schemas::flag(["active", "marked"])),
        ];
        parameters.extend(page_parameters(DEFAULT_LIMIT));
        parameters
    }
}

/// List the accounts of the server
///
/// In the order of their creation. An account must match all filters.
#[utoipa::path(
    get,
    path = "/admin/accounts",
    operation_id = "listAccounts",
    tag = tags::ADMINISTRATION,
    params(AccountQuery),
    responses(
        (status = 200, description = "A page of the list", body = ManagedAccountPage),
        Errors<Authority, Query<AccountQuery>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(AccountQuery { filter, page }): Query<AccountQuery>,
) -> Result<Response, ApiError> {
    let accounts = service.accounts(&authority, &filter, page).await?;
    let page = PageOf::new(page, accounts, ManagedAccountBody::from);
    json::list_for(&service, &authority, page).await
}

/// Get an account
#[utoipa::path(
    get,
    path = "/admin/accounts/{user_id}",
    operation_id = "getAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    responses(
        (status = 200, description = "The account", body = DetailsBody),
        Errors<Authority, Path<String>>
    )
)]
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
) -> Result<Json<DetailsBody>, ApiError> {
    Ok(Json(service.account(&authority, user_id.into()).await?.into()))
}

/// Delete an account now
///
/// Also an account that is not marked, or not due. This cannot be undone. An administrator repeats the password, unless
/// the session is younger than 15 minutes.
#[utoipa::path(
    delete,
    path = "/admin/accounts/{user_id}",
    operation_id = "deleteAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    request_body = Option<PasswordAgainInput>,
    responses(
        (status = 200, description = "The result", body = RunAnswer),
        Errors<Confirmed, Path<String>, ChangeErrors, LastAdministratorError>
    )
)]
pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    Path(user_id): Path<String>,
    Confirmed(authority): Confirmed,
) -> Result<Json<RunAnswer>, ApiError> {
    let attempted = service.delete_account(&authority, user_id.into()).await?;
    Ok(Json(RunAnswer::of(attempted)))
}

/// Mark an account for deletion
///
/// Ends all its sessions. The mark of a marked account is kept if it can be read.
#[utoipa::path(
    post,
    path = "/admin/accounts/{user_id}/mark-for-deletion",
    operation_id = "markAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    responses(
        (status = 202, description = "The account is marked", body = MarkedAnswer),
        Errors<Authority, Path<String>, ChangeErrors, LastAdministratorError, UnmarkErrors>
    )
)]
pub(crate) async fn mark(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
) -> Result<(StatusCode, Json<MarkedAnswer>), ApiError> {
    let due_at = service.mark_account(&authority, user_id.into()).await?;
    Ok((StatusCode::ACCEPTED, Json(MarkedAnswer { due_at: Iso(due_at) })))
}

/// Remove the mark from an account
///
/// Its owner can log in again. Also works if the mark cannot be read.
#[utoipa::path(
    post,
    path = "/admin/accounts/{user_id}/unmark",
    operation_id = "unmarkManagedAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the marked account.")),
    responses(
        (status = 204, description = "The account is no longer marked"),
        Errors<Authority, Path<String>, ChangeErrors, UnmarkErrors, NotMarkedError>
    )
)]
pub(crate) async fn unmark(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.unmark(&authority, user_id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of an account
///
/// Including those of its children. Their event streams close at once.
#[utoipa::path(
    post,
    path = "/admin/accounts/{user_id}/end-sessions",
    operation_id = "endSessionsOfAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    responses(
        (status = 204, description = "Ended"),
        Errors<Authority, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn end_sessions(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.end_sessions_of_account(&authority, user_id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) enum LastAdministratorError {}

impl ErrorCodes for LastAdministratorError {
    const CODES: &'static [ErrorCode] = &[ErrorCode::LastAdministrator];
}

pub(crate) enum NotMarkedError {}

impl ErrorCodes for NotMarkedError {
    const CODES: &'static [ErrorCode] = &[ErrorCode::NotMarkedForDeletion];
}

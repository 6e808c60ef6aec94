//! The API tokens of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder};

use crate::domain::{ChildId, TokenScope};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::{CHILD_ID, MOMENT, NAME, TEXT, TOKEN_SCOPES};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{
    ChangeErrors, ErrorCodes, Errors, FamilyLimitErrors, samples, schemas, tags,
};
use crate::http::resources::mutations::replayed_header;
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::http::server::request_context::Client;
use crate::service::{Adult, CreatedToken, ListedToken, NewApiToken, Parent, Service};

// `utoipa::path` takes no generic types.
type TokenPage = PageOf<TokenBody>;
type NewTokenInput = Input<TokenRequest>;

/// An API token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(crate) struct TokenBody {
    /// Identifies the token. It does not give access to anything.
    id: String,
    /// What its maker calls it.
    name: String,
    /// The beginning of the secret, by which people recognise it.
    prefix: String,
    /// What it may do, as far as the role of its maker allows.
    #[schema(schema_with = scopes)]
    scopes: Vec<&'static str>,
    /// The only child that it shows and changes. Null for all children.
    #[schema(required)]
    child_id: Option<String>,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// The last use, accurate to an hour. Null if it was never used.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Iso>,
    /// The address of the client of that use.
    #[schema(required)]
    last_address: Option<String>,
    /// When it ends. Null if it ends only when it was not used for 366 days.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Iso>,
}

fn scopes() -> Array {
    ArrayBuilder::new().items(schemas::flag(TokenScope::ALL.map(TokenScope::as_str))).build()
}

impl ListItem for TokenBody {
    const FIELD: &'static str = "tokens";
}

impl From<ListedToken> for TokenBody {
    fn from(listed: ListedToken) -> Self {
        let ListedToken { id, token, child_id, created_at, last_used_at, expires_at } = listed;
        Self {
            id,
            name: token.name.to_string(),
            prefix: token.prefix.to_string(),
            scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
            child_id: child_id.as_ref().map(ChildId::to_string),
            created_at: Iso(created_at),
            last_used_at: last_used_at.map(Iso),
            last_address: token.last_address.as_deref().map(str::to_owned),
            expires_at: expires_at.map(Iso),
        }
    }
}

/// A new API token.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiTokenAnswer, examples(sample))]
pub(crate) struct TokenAnswer {
    token: TokenBody,
    /// What programs send as `Authorization: Bearer`. Null in the response to a repeat: only the first response contains
    /// it.
    #[schema(required)]
    secret: Option<String>,
}

fn sample() -> Value {
    json!({
        "token": {
            "id": "b0a0f5c26a0e4c1a9d550d8f8f0c7a11", "name": "Home Assistant", "prefix": "gs_10AO",
            "scopes": ["read", "activate"], "child_id": null, "created_at": samples::MOMENT,
            "last_used_at": null, "last_address": null, "expires_at": null,
        },
        "secret": "gs_10AOhycyamkKyENaw2sLSsN3q0V3WwhrB",
    })
}

impl From<CreatedToken> for TokenAnswer {
    fn from(CreatedToken { secret, token }: CreatedToken) -> Self {
        Self { token: token.into(), secret: secret.map(|secret| secret.reveal().to_owned()) }
    }
}

/// What to create, and the password of the account.
pub(crate) struct TokenRequest {
    pub(crate) new: NewApiToken,
    pub(crate) password: Option<String>,
}

impl RequestBody for TokenRequest {
    const NAME: &'static str = "NewApiToken";
    const ABOUT: &'static str = "A new API token. `password` is the account's own one; it can be left out if the session is \
         younger than 15 minutes.";

    fn example() -> Value {
        json!({
            "name": "Home Assistant", "scopes": ["read", "activate"], "password": "correct horse battery",
        })
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.required("name", NAME);
        let scopes = fields.required("scopes", TOKEN_SCOPES);
        let child_id = fields.nullable("child_id", CHILD_ID);
        let expires_at = fields.nullable("expires_at", MOMENT);
        let password = fields.optional("password", TEXT);
        let (name, scopes) = (name?, scopes?);
        let new = NewApiToken { name, scopes, child_id: child_id?, expires_at: expires_at? };
        Ok(Self { new, password: password? })
    }
}

enum CreateErrors {}

impl ErrorCodes for CreateErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AdminRequired,
        ErrorCode::WrongPassword,
        ErrorCode::PasswordRequired,
        ErrorCode::NotFound,
        ErrorCode::TooManyAttempts,
    ];
}

/// Create an API token
///
/// With it a program uses the API instead of a session, within its scopes, and as far as your role allows. Needs the
/// password, or a session younger than 15 minutes. An account can have 20 tokens.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "createToken",
    tag = tags::ACCOUNT,
    params(Key),
    request_body = NewTokenInput,
    responses(
        (
            status = 201,
            description = "The token and its secret",
            body = TokenAnswer,
            headers((
                "Idempotent-Replayed" = String,
                description = "`true` if this is the response to an earlier request with the same `Idempotency-Key`."
            ))
        ),
        Errors<Parent, Key, NewTokenInput, ChangeErrors, FamilyLimitErrors, CreateErrors>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    client: Client,
    Key(key): Key,
    Input(TokenRequest { new, password }): NewTokenInput,
) -> Result<Response, ApiError> {
    let created = service.create_token(client.address, &parent, key, new, password).await?;
    let replayed = replayed_header(created.secret.is_none());
    Ok((StatusCode::CREATED, replayed, Json(TokenAnswer::from(created))).into_response())
}

/// List your API tokens
///
/// The newest first, without their secrets.
#[utoipa::path(
    get,
    path = "/tokens",
    operation_id = "listTokens",
    tag = tags::ACCOUNT,
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = TokenPage),
        Errors<Adult, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let tokens = service.tokens(&adult, page).await?;
    json::list(&service, &adult, PageOf::new(page, tokens, TokenBody::from)).await
}

/// Revoke an API token
///
/// Its event streams close at once.
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    operation_id = "revokeToken",
    tag = tags::ACCOUNT,
    params(("id" = String, Path, description = "The id of the token, from the list.")),
    responses(
        (status = 204, description = "Revoked"),
        Errors<Adult, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn revoke(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.revoke_token(&adult, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Invitations to a family.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::Invitation;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::{EMAIL, TEXT};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{
    ChangeErrors, ErrorCodes, Errors, FamilyLimitErrors, PasswordErrors, SessionChangeErrors,
    samples, schemas, tags,
};
use crate::http::resources::account::UserAnswer;
use crate::http::resources::auth::{Cookie, logged_in_as};
use crate::http::resources::members::{ROLE, role};
use crate::http::resources::mutations::replayed_header;
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::http::server::request_context::Client;
use crate::http::settings::{HttpSettings, Origin};
use crate::service::{Adult, ListedInvitation, NewInvitation, Owner, SentSessions, Service, Token};

// `utoipa::path` takes no generic types.
type InvitationPage = PageOf<InvitationBody>;
type OfferInput = Input<Offer>;
type SecretInput = Input<Secret>;

const SECRET: &str = "5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b";

/// An open invitation, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationBody {
    /// Identifies the invitation. It does not give access to the family.
    id: String,
    #[schema(schema_with = role)]
    role: &'static str,
    /// The only address whose account may accept it; null for any.
    #[schema(required)]
    email: Option<String>,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// When it ends if it is not accepted.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
}

impl ListItem for InvitationBody {
    const FIELD: &'static str = "invitations";
}

impl From<ListedInvitation> for InvitationBody {
    fn from(ListedInvitation { id, offer, created_at, expires_at }: ListedInvitation) -> Self {
        Self {
            id,
            role: offer.role.as_str(),
            email: offer.email.map(|email| email.as_str().to_owned()),
            created_at: Iso(created_at),
            expires_at: Iso(expires_at),
        }
    }
}

/// A new invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = NewInvitation, examples(sample))]
pub(crate) struct NewInvitationBody {
    invitation: InvitationBody,
    /// The address of the front end's page, with the secret behind `#`: `/invitation#<secret>` under `public_url`, or
    /// without an origin if the operator has not set it. Null in the response to a repeat: only the first response
    /// contains the secret.
    #[schema(required)]
    link: Option<String>,
}

fn sample() -> Value {
    json!({
        "invitation": {
            "id": "b0a0f5c26a0e4c1a9d550d8f8f0c7a11", "role": "helper", "email": null,
            "created_at": samples::MOMENT, "expires_at": samples::MOMENT,
        },
        "link": format!("https://chores.example.org/invitation#{SECRET}"),
    })
}

/// What an invitation offers.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownInvitation)]
pub(crate) struct ShownBody {
    #[schema(schema_with = role)]
    role: &'static str,
    /// The given name of the family's owner.
    owner: String,
    /// The only address whose account may accept it; null for any.
    #[schema(required)]
    email: Option<String>,
    /// When it ends if it is not accepted.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
}

pub(crate) struct Offer(pub(crate) Invitation);

impl RequestBody for Offer {
    const NAME: &'static str = "InvitationOffer";
    const ABOUT: &'static str = "The role of the new member, and the only email address whose account may accept the invitation.";

    fn example() -> Value {
        json!({"role": "helper", "email": "oma@example.org"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let role = fields.required("role", ROLE);
        let email = fields.optional("email", EMAIL);
        Ok(Self(Invitation { role: role?, email: email? }))
    }
}

pub(crate) struct Secret(pub(crate) Token);

impl RequestBody for Secret {
    const NAME: &'static str = "InvitationSecret";
    const ABOUT: &'static str = "The secret behind `#` in the link of an invitation.";

    fn example() -> Value {
        json!({"secret": SECRET})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self(Token::presented(&fields.required("secret", TEXT)?)))
    }
}

enum InvalidErrors {}

impl ErrorCodes for InvalidErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::InvalidInvitation];
}

enum AcceptErrors {}

impl ErrorCodes for AcceptErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::InvalidInvitation,
        ErrorCode::AlreadyAMember,
        ErrorCode::FamilyNotEmpty,
        ErrorCode::FamilyLimitReached,
    ];
}

/// Invite an adult to your family
///
/// Whoever opens the link within seven days can join the family once, with an account or by signing up, also where
/// sign-up is closed. With `email`, only an account with that address can. A family can have 20 open invitations, and 20
/// members besides its owner.
#[utoipa::path(
    post,
    path = "/family/invitations",
    operation_id = "createInvitation",
    tag = tags::FAMILY,
    params(Key),
    request_body = OfferInput,
    responses(
        (
            status = 201,
            description = "The invitation",
            body = NewInvitationBody,
            headers((
                "Idempotent-Replayed" = String,
                description = "`true` if this is the response to an earlier request with the same `Idempotency-Key`."
            ))
        ),
        Errors<Owner, Key, OfferInput, ChangeErrors, FamilyLimitErrors>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    owner: Owner,
    Key(key): Key,
    Input(Offer(offer)): OfferInput,
) -> Result<Response, ApiError> {
    let NewInvitation { secret, invitation } = service.invite(&owner, key, offer).await?;
    let replayed = replayed_header(secret.is_none());
    let origin = settings.public_origin.as_ref().map_or("", Origin::as_str);
    let link = secret.map(|secret| format!("{origin}/invitation#{}", secret.reveal()));
    let body = Json(NewInvitationBody { invitation: invitation.into(), link });
    Ok((StatusCode::CREATED, replayed, body).into_response())
}

/// List the open invitations of your family
///
/// The newest first, without their secrets.
#[utoipa::path(
    get,
    path = "/family/invitations",
    operation_id = "listInvitations",
    tag = tags::FAMILY,
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = InvitationPage),
        Errors<Owner, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    owner: Owner,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = service.invitations(&owner, page).await?;
    json::list(&service, &owner, PageOf::new(page, listing, InvitationBody::from)).await
}

/// Revoke an invitation
#[utoipa::path(
    delete,
    path = "/family/invitations/{id}",
    operation_id = "revokeInvitation",
    tag = tags::FAMILY,
    params(("id" = String, Path, description = "The id of the invitation, from the list.")),
    responses(
        (status = 204, description = "Revoked"),
        Errors<Owner, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn revoke(
    State(service): State<Arc<Service>>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.revoke_invitation(&owner, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show what an invitation offers
///
/// Counts as a password attempt of the client's address.
#[utoipa::path(
    post,
    path = "/auth/invitation",
    operation_id = "showInvitation",
    tag = tags::ACCOUNT,
    request_body = SecretInput,
    responses(
        (status = 200, description = "What it offers", body = ShownBody),
        Errors<SecretInput, PasswordErrors, InvalidErrors>
    ),
    security(())
)]
pub(crate) async fn show(
    State(service): State<Arc<Service>>,
    client: Client,
    Input(Secret(secret)): SecretInput,
) -> Result<Json<ShownBody>, ApiError> {
    let shown = service.invitation(client.address, &secret).await?;
    Ok(Json(ShownBody {
        role: shown.offer.role.as_str(),
        owner: shown.owner.first_name.as_str().to_owned(),
        email: shown.offer.email.map(|email| email.as_str().to_owned()),
        expires_at: Iso(shown.expires_at),
    }))
}

/// Accept an invitation
///
/// The caller's account becomes a member of the family, with a new session. Its own family must be empty: no children,
/// tasks, rewards, events or members. Counts as a password attempt of the client's address.
#[utoipa::path(
    post,
    path = "/auth/invitation/accept",
    operation_id = "acceptInvitation",
    tag = tags::ACCOUNT,
    request_body = SecretInput,
    responses(
        (
            status = 200,
            description = "The account",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The cookie of the new session"))
        ),
        Errors<Adult, SecretInput, PasswordErrors, SessionChangeErrors, AcceptErrors>
    )
)]
pub(crate) async fn accept(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    adult: Adult,
    sent: SentSessions,
    Input(Secret(secret)): SecretInput,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let joined = service.accept_invitation(client.address, &adult, &secret, sent).await?;
    logged_in_as(&joined, &settings)
}

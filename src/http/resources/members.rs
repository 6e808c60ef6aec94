//! The adults of a family.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use crate::domain::{FamilyRole, Invalid, Member, User};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::cookies::no_cookie;
use crate::http::extract::field_types::TEXT;
use crate::http::extract::fields::{FieldFailed, FieldReader, FieldType, RequestBody};
use crate::http::extract::input::Input;
use crate::http::openapi::{
    ChangeErrors, ErrorCodes, Errors, PasswordErrors, SessionChangeErrors, samples, schemas, tags,
};
use crate::http::resources::account::UserAnswer;
use crate::http::resources::auth::{Cookie, header_of, logged_in_as};
use crate::http::resources::records::Iso;
use crate::http::resources::resets::LinkAnswer;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::service::{Adult, Owner, Parent, SentSessions, Service};

// `utoipa::path` takes no generic types.
type RoleInput = Input<RoleChange>;
type TransferInput = Input<Transfer>;
type OwnPasswordInput = Input<OwnPassword>;

/// An adult of a family.
#[derive(Serialize, ToSchema)]
#[schema(as = Member, examples(samples::member))]
pub(crate) struct MemberBody {
    /// Random. Events name it in `metadata.actor_id`. Null for the owner of a family that never had another member.
    #[schema(required)]
    id: Option<String>,
    /// The given name.
    first_name: String,
    /// The family name.
    last_name: String,
    #[schema(schema_with = role)]
    role: &'static str,
    /// When the person joined; for the owner, when the account was created. Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
}

impl From<Arc<Member>> for MemberBody {
    fn from(member: Arc<Member>) -> Self {
        Self {
            id: Some(member.id.to_string()),
            first_name: member.first_name.as_str().to_owned(),
            last_name: member.last_name.as_str().to_owned(),
            role: member.role.as_str(),
            created_at: Some(Iso(member.created_at)),
        }
    }
}

impl MemberBody {
    /// The owner of a family that never had another member.
    fn only_adult(user: &User) -> Self {
        Self {
            id: None,
            first_name: user.first_name.as_str().to_owned(),
            last_name: user.last_name.as_str().to_owned(),
            role: FamilyRole::Owner.as_str(),
            created_at: user.created_at.map(Iso),
        }
    }
}

/// The adults of a family, the owner first.
#[derive(Serialize, ToSchema)]
#[schema(as = Members)]
pub(crate) struct MembersAnswer {
    members: Vec<MemberBody>,
}

pub(crate) fn role() -> ObjectBuilder {
    let about = "`owner`: everything. `parent`: everything except members, invitations, and the transfer and deletion \
                 of the family. `helper`: activate tasks, redeem and cancel requests, and reverse its own events within \
                 15 minutes.";
    schemas::flag(["owner", "parent", "helper"]).description(Some(about))
}

/// A role that an owner gives.
pub(crate) const ROLE: FieldType<String, FamilyRole> = FieldType {
    check: |field, name| {
        let role = FamilyRole::parse(&name).filter(|role| FamilyRole::OFFERED.contains(role));
        role.ok_or_else(|| Invalid::new(field, "must be `parent` or `helper`"))
    },
    schema: || schemas::flag(FamilyRole::OFFERED.map(FamilyRole::as_str)).into(),
};

pub(crate) struct RoleChange(pub(crate) FamilyRole);

impl RequestBody for RoleChange {
    const NAME: &'static str = "MemberPatch";
    const ABOUT: &'static str = "The new role.";

    fn example() -> Value {
        json!({"role": "helper"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self(fields.required("role", ROLE)?))
    }
}

pub(crate) struct Transfer {
    pub(crate) member_id: String,
    pub(crate) password: String,
}

impl RequestBody for Transfer {
    const NAME: &'static str = "FamilyTransfer";
    const ABOUT: &'static str =
        "The member who becomes the owner, and the present owner's password.";

    fn example() -> Value {
        json!({"member_id": samples::MEMBER_ID, "password": "correct horse battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let member_id = fields.required("member_id", TEXT);
        let password = fields.required("password", TEXT);
        Ok(Self { member_id: member_id?, password: password? })
    }
}

pub(crate) struct OwnPassword(pub(crate) String);

impl RequestBody for OwnPassword {
    const NAME: &'static str = "OwnPassword";
    const ABOUT: &'static str = "The caller's own password.";

    fn example() -> Value {
        json!({"password": "correct horse battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self(fields.required("password", TEXT)?))
    }
}

enum OwnerErrors {}

impl ErrorCodes for OwnerErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::OwnerRemains];
}

enum LinkErrors {}

impl ErrorCodes for LinkErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::WrongPassword, ErrorCode::OwnerRemains, ErrorCode::DeletionInProgress];
}

enum TransferErrors {}

impl ErrorCodes for TransferErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::WrongPassword, ErrorCode::OwnerRemains];
}

/// List the members of your family
///
/// Its adults, the owner first.
#[utoipa::path(
    get,
    path = "/family/members",
    operation_id = "listMembers",
    tag = tags::FAMILY,
    responses((status = 200, description = "The members", body = MembersAnswer), Errors<Parent>)
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    parent: Parent,
) -> Result<Json<MembersAnswer>, ApiError> {
    let members = service.members(&parent).await?;
    let mut members: Vec<_> = members.into_iter().map(MemberBody::from).collect();
    if members.is_empty() {
        members.push(MemberBody::only_adult(parent.user()));
    }
    Ok(Json(MembersAnswer { members }))
}

/// Change the role of a member
///
/// Ends the member's sessions, unless the role is the same. The owner keeps that role until the family is transferred.
#[utoipa::path(
    patch,
    path = "/family/members/{id}",
    operation_id = "updateMember",
    tag = tags::FAMILY,
    params(("id" = String, Path, description = "The id of the member.")),
    request_body = RoleInput,
    responses(
        (status = 204, description = "Changed"),
        Errors<Owner, Path<String>, RoleInput, ChangeErrors, OwnerErrors>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    owner: Owner,
    Path(id): Path<String>,
    Input(RoleChange(role)): RoleInput,
) -> Result<StatusCode, ApiError> {
    service.set_member_role(&owner, id.into(), role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member
///
/// Ends the member's sessions and streams in this family. The person keeps an account with an empty family.
#[utoipa::path(
    delete,
    path = "/family/members/{id}",
    operation_id = "removeMember",
    tag = tags::FAMILY,
    params(("id" = String, Path, description = "The id of the member.")),
    responses(
        (status = 204, description = "Removed"),
        Errors<Owner, Path<String>, ChangeErrors, OwnerErrors>
    )
)]
pub(crate) async fn remove(
    State(service): State<Arc<Service>>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.remove_member(&owner, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Create a link to reset the password of a member
///
/// Whoever opens it within 24 hours can set a new password once: give it to that member only. A member can have five
/// links; a sixth one ends the oldest.
#[utoipa::path(
    post,
    path = "/family/members/{id}/reset-link",
    operation_id = "createResetLinkOfMember",
    tag = tags::FAMILY,
    params(("id" = String, Path, description = "The id of the member.")),
    request_body = OwnPasswordInput,
    responses(
        (status = 201, description = "The link", body = LinkAnswer),
        Errors<Owner, OwnPasswordInput, Path<String>, PasswordErrors, ChangeErrors, LinkErrors>
    )
)]
pub(crate) async fn reset_link(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    owner: Owner,
    Path(id): Path<String>,
    Input(OwnPassword(password)): OwnPasswordInput,
) -> Result<(StatusCode, Json<LinkAnswer>), ApiError> {
    let address = client.address;
    let link = service.create_reset_link_of_member(address, &owner, id.into(), password).await?;
    Ok((StatusCode::CREATED, Json(LinkAnswer::of(&link, &settings))))
}

/// Leave the family
///
/// The caller returns to the empty family of its own account, with a new session. The owner cannot leave.
#[utoipa::path(
    post,
    path = "/family/leave",
    operation_id = "leaveFamily",
    tag = tags::FAMILY,
    responses(
        (
            status = 200,
            description = "The account",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The cookie of the new session"))
        ),
        Errors<Adult, SessionChangeErrors, OwnerErrors>
    )
)]
pub(crate) async fn leave(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    adult: Adult,
    sent: SentSessions,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    logged_in_as(&service.leave_family(&adult, sent).await?, &settings)
}

/// Transfer the family to another member
///
/// Exchanges the two accounts' names, email addresses, passwords, images, languages and server roles: the member then
/// logs in to the account that the family's records belong to, and the former owner is a parent. The sessions and links
/// of both end, and no record of the family changes.
#[utoipa::path(
    post,
    path = "/family/transfer",
    operation_id = "transferFamily",
    tag = tags::FAMILY,
    request_body = TransferInput,
    responses(
        (
            status = 204,
            description = "Transferred",
            headers(("Set-Cookie" = String, description = "Removes the session cookie"))
        ),
        Errors<Owner, TransferInput, Path<String>, PasswordErrors, SessionChangeErrors, TransferErrors>
    )
)]
pub(crate) async fn transfer(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    owner: Owner,
    Input(Transfer { member_id, password }): TransferInput,
) -> Result<(StatusCode, Cookie), ApiError> {
    service.transfer_family(client.address, &owner, member_id.into(), password).await?;
    Ok((StatusCode::NO_CONTENT, header_of(no_cookie(&settings))?))
}

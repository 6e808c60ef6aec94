//! Changes of an account, for administrators and the operator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::Role;
use crate::domain::password::NewPassword;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Operator, Path};
use crate::http::extract::confirmed::{Confirmed, PasswordAgainInput};
use crate::http::extract::field_types::{EMAIL, NAME, NEW_PASSWORD, ROLE};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, tags};
use crate::http::resources::credentials::{account_example, read_account};
use crate::http::resources::managed_accounts::{DetailsBody, LastAdministratorError};
use crate::http::resources::mutations::replayed_header;
use crate::service::{AccountPatch, Authority, Created, NewAccount, Service};

// `utoipa::path` takes no generic types.
type NewManagedAccountInput = Input<NewManagedAccount>;
type AccountPatchInput = Input<AccountPatch>;
type ReplacedPasswordInput = Input<ReplacedPassword>;

pub(crate) struct NewManagedAccount {
    account: NewAccount,
    role: Role,
}

impl RequestBody for NewManagedAccount {
    const NAME: &'static str = "NewManagedAccount";
    const ABOUT: &'static str = "A new account with its role, which is `parent` by default.";

    fn example() -> Value {
        let mut example = account_example();
        example["role"] = "parent".into();
        example
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let account = read_account(fields);
        let role = fields.optional("role", ROLE);
        Ok(Self { account: account?, role: role?.unwrap_or(Role::Parent) })
    }
}

impl RequestBody for AccountPatch {
    const NAME: &'static str = "AccountPatch";
    const ABOUT: &'static str = "The fields of an account to replace.";

    fn example() -> Value {
        json!({"email": "paula@example.com"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let first_name = fields.optional("first_name", NAME);
        let last_name = fields.optional("last_name", NAME);
        let email = fields.optional("email", EMAIL);
        Ok(Self { first_name: first_name?, last_name: last_name?, email: email? })
    }
}

pub(crate) struct ReplacedPassword(NewPassword);

impl RequestBody for ReplacedPassword {
    const NAME: &'static str = "ReplacedPassword";
    const ABOUT: &'static str = "The new password of an account.";

    fn example() -> Value {
        json!({"new_password": "wrong horse, new battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self(fields.required("new_password", NEW_PASSWORD)?))
    }
}

enum EmailTakenError {}

impl ErrorCodes for EmailTakenError {
    const CODES: &'static [ErrorCode] = &[ErrorCode::EmailTaken];
}

pub(crate) enum StartedError {}

impl ErrorCodes for StartedError {
    const CODES: &'static [ErrorCode] = &[ErrorCode::DeletionInProgress];
}

/// Create an account
///
/// For commands of the operator, even if sign-up is closed. An idempotency key belongs to the new account: a repeat
/// with its email address returns it. The password is not compared.
#[utoipa::path(
    post,
    path = "/admin/accounts",
    operation_id = "createManagedAccount",
    tag = tags::ADMINISTRATION,
    params(Key),
    request_body = NewManagedAccountInput,
    responses(
        (
            status = 201,
            description = "The account",
            body = DetailsBody,
            headers(("Idempotent-Replayed" = String, description = "`true` if a request with the same key has created the account"))
        ),
        Errors<Operator, Key, Input<NewManagedAccount>, ChangeErrors, EmailTakenError>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    Operator(authority): Operator,
    Key(key): Key,
    Input(NewManagedAccount { account, role }): Input<NewManagedAccount>,
) -> Result<Response, ApiError> {
    let Created { record, replayed } =
        service.create_account(&authority, account, role, key).await?;
    let details = DetailsBody::from(service.account(&authority, record.id.clone()).await?);
    Ok((StatusCode::CREATED, replayed_header(replayed), Json(details)).into_response())
}

/// Change the names or the email address of an account
///
/// Fields that are left out keep their values. Sessions stay.
#[utoipa::path(
    patch,
    path = "/admin/accounts/{user_id}",
    operation_id = "updateManagedAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    request_body = AccountPatchInput,
    responses(
        (status = 200, description = "The account", body = DetailsBody),
        Errors<Authority, Path<String>, Input<AccountPatch>, ChangeErrors, EmailTakenError, StartedError>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
    Input(patch): Input<AccountPatch>,
) -> Result<Json<DetailsBody>, ApiError> {
    Ok(Json(service.update_account(&authority, user_id.into(), patch).await?.into()))
}

/// Make an account an administrator's
///
/// Ends all its sessions. An administrator repeats the password, unless the session is younger than 15 minutes.
#[utoipa::path(
    post,
    path = "/admin/accounts/{user_id}/promote",
    operation_id = "promoteAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    request_body = Option<PasswordAgainInput>,
    responses(
        (status = 200, description = "The account", body = DetailsBody),
        Errors<Confirmed, Path<String>, ChangeErrors, StartedError>
    )
)]
pub(crate) async fn promote(
    State(service): State<Arc<Service>>,
    Path(user_id): Path<String>,
    Confirmed(authority): Confirmed,
) -> Result<Json<DetailsBody>, ApiError> {
    Ok(Json(service.set_role(&authority, user_id.into(), Role::Admin).await?.into()))
}

/// Make an administrator's account a parent's
///
/// Ends all its sessions. The last administrator cannot be demoted.
#[utoipa::path(
    post,
    path = "/admin/accounts/{user_id}/demote",
    operation_id = "demoteAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    responses(
        (status = 200, description = "The account", body = DetailsBody),
        Errors<Authority, Path<String>, ChangeErrors, LastAdministratorError, StartedError>
    )
)]
pub(crate) async fn demote(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
) -> Result<Json<DetailsBody>, ApiError> {
    Ok(Json(service.set_role(&authority, user_id.into(), Role::Parent).await?.into()))
}

/// Replace the password of an account
///
/// For commands of the operator. Ends all sessions of the account.
#[utoipa::path(
    put,
    path = "/admin/accounts/{user_id}/password",
    operation_id = "setPasswordOfAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    request_body = ReplacedPasswordInput,
    responses(
        (status = 200, description = "The account", body = DetailsBody),
        Errors<Operator, Path<String>, Input<ReplacedPassword>, ChangeErrors, StartedError>
    )
)]
pub(crate) async fn set_password(
    State(service): State<Arc<Service>>,
    Operator(authority): Operator,
    Path(user_id): Path<String>,
    Input(ReplacedPassword(new)): Input<ReplacedPassword>,
) -> Result<Json<DetailsBody>, ApiError> {
    Ok(Json(service.set_password(&authority, user_id.into(), new).await?.into()))
}

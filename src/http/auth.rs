//! Accounts and sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{HeaderMap, HeaderName, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::schema::{AnyOfBuilder, Ref};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::client::Client;
use super::extract::{Path, cookie_with, no_cookie, session_cookie};
use super::input::{Fields, FromFields, Input};
use super::openapi::{Attempts, Change, Errors, Refuses, samples, schemas, tags};
use super::records::{Iso, UserBody, UserForChild};
use super::{ApiError, ErrorCode, Settings};
use crate::domain::password::NewPassword;
use crate::domain::{ChildId, Email, Invalid, Name};
use crate::service::{Caller, LoggedIn, NewAccount, Parent, Service, ServiceError, Token};

/// An account.
#[derive(Serialize, ToSchema)]
pub(super) struct UserAnswer {
    user: UserBody,
}

/// An account, and what this session may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, examples(samples::session))]
pub(super) struct SessionAnswer {
    #[schema(schema_with = seen_user)]
    user: UserBody,
    #[schema(schema_with = scope)]
    scope: &'static str,
    /// Whose session it is, where it is a child's.
    #[schema(required, value_type = Option<String>)]
    child_id: Option<Arc<str>>,
}

fn seen_user() -> Schema {
    let user = AnyOfBuilder::new()
        .item(Ref::from_schema_name(UserBody::name()))
        .item(Ref::from_schema_name(UserForChild::name()))
        .description(Some("In a child's session only what a child needs."));
    Schema::AnyOf(user.build())
}

fn scope() -> ObjectBuilder {
    schemas::flag(["parent", "child", "admin"]).description(Some("What the session may do."))
}

impl SessionAnswer {
    fn of(caller: &Caller) -> Self {
        Self {
            user: UserBody::seen_by(caller),
            scope: caller.scope().as_str(),
            child_id: caller.child_id().map(ChildId::shared),
        }
    }
}

/// When an account will be deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionDue)]
pub(super) struct MarkedAnswer {
    /// From then on it is deleted.
    #[schema(schema_with = schemas::moment)]
    due_at: Iso,
}

/// What a sign-up can be refused for.
enum SignupRefusals {}

impl Refuses for SignupRefusals {
    const CODES: &'static [ErrorCode] = &[ErrorCode::SignupClosed, ErrorCode::EmailTaken];
}

/// What a login can be refused for.
enum LoginRefusals {}

impl Refuses for LoginRefusals {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::InvalidCredentials, ErrorCode::AccountMarkedForDeletion];
}

/// What a restoring can be refused for.
enum RestoreRefusals {}

impl Refuses for RestoreRefusals {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::InvalidCredentials,
        ErrorCode::NotMarkedForDeletion,
        ErrorCode::DeletionInProgress,
    ];
}

/// What a marking for deletion can be refused for.
enum MarkingRefusals {}

impl Refuses for MarkingRefusals {
    const CODES: &'static [ErrorCode] = &[ErrorCode::WrongPassword, ErrorCode::LastAdministrator];
}

/// A current password that is another.
enum WrongPassword {}

impl Refuses for WrongPassword {
    const CODES: &'static [ErrorCode] = &[ErrorCode::WrongPassword];
}

/// `Set-Cookie`.
type Cookie = [(HeaderName, HeaderValue); 1];

/// Makes an account and logs it in
///
/// A parent's account, with a family of its own. The operator can have closed this.
#[utoipa::path(
    post,
    path = "/auth/signup",
    operation_id = "signUp",
    tag = tags::SESSIONS,
    request_body = Signup,
    responses(
        (
            status = 201,
            description = "The account, and its session",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))
        ),
        Errors<Input<Signup>, Attempts, Change, SignupRefusals>
    ),
    security(())
)]
pub(super) async fn signup(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    Input(Signup(account)): Input<Signup>,
) -> Result<(StatusCode, Cookie, Json<UserAnswer>), ApiError> {
    let LoggedIn { token, caller } = service.signup(client.address, account).await?;
    let user = UserBody::seen_by(&caller);
    Ok((StatusCode::CREATED, cookie(&token, &settings)?, Json(UserAnswer { user })))
}

/// Logs in
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "logIn",
    tag = tags::SESSIONS,
    request_body = Login,
    responses(
        (
            status = 200,
            description = "The account, and its session",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))
        ),
        Errors<Input<Login>, Attempts, Change, LoginRefusals>
    ),
    security(())
)]
pub(super) async fn login(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    Input(login): Input<Login>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let logged_in = service.login(client.address, &login.email, login.password).await?;
    let LoggedIn { token, caller } = logged_in;
    let user = UserBody::seen_by(&caller);
    Ok((cookie(&token, &settings)?, Json(UserAnswer { user })))
}

/// Takes an account out of the deletion queue and logs it in
///
/// It can be done until its deletion begins.
#[utoipa::path(
    post,
    path = "/auth/restore",
    operation_id = "restoreAccount",
    tag = tags::SESSIONS,
    request_body = Login,
    responses(
        (
            status = 200,
            description = "The account, and its session",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))
        ),
        Errors<Input<Login>, Attempts, Change, RestoreRefusals>
    ),
    security(())
)]
pub(super) async fn restore(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    Input(login): Input<Login>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let LoggedIn { token, caller } =
        service.restore(client.address, &login.email, login.password).await?;
    let user = UserBody::seen_by(&caller);
    Ok((cookie(&token, &settings)?, Json(UserAnswer { user })))
}

/// Marks the caller's account for deletion
///
/// It is out of use at once: every session of it ends. It can be restored until its deletion begins.
#[utoipa::path(
    post,
    path = "/user/mark-for-deletion",
    operation_id = "markAccountForDeletion",
    tag = tags::DELETION,
    request_body = Confirmation,
    responses(
        (
            status = 202,
            description = "When it will be deleted",
            body = MarkedAnswer,
            headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))
        ),
        Errors<Parent, Input<Confirmation>, Attempts, Change, MarkingRefusals>
    )
)]
pub(super) async fn mark_for_deletion(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    parent: Parent,
    Input(Confirmation(password)): Input<Confirmation>,
) -> Result<(StatusCode, Cookie, Json<MarkedAnswer>), ApiError> {
    let due_at = service.mark_for_deletion(client.address, &parent, password).await?;
    let answer = Json(MarkedAnswer { due_at: Iso(due_at) });
    Ok((StatusCode::ACCEPTED, header_of(no_cookie(&settings))?, answer))
}

/// Ends the session
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "logOut",
    tag = tags::SESSIONS,
    responses(
        (status = 204, description = "It has ended", headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))),
        Errors<Caller, Change>
    )
)]
pub(super) async fn logout(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
) -> Result<(StatusCode, Cookie), ApiError> {
    service.logout(&caller).await?;
    Ok((StatusCode::NO_CONTENT, header_of(no_cookie(&settings))?))
}

/// Answers whose session it is
///
/// It gives a browser its cookie anew, so that it lives as long as the session.
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "getSession",
    tag = tags::SESSIONS,
    responses(
        (
            status = 200,
            description = "The account, and what the session may do",
            body = SessionAnswer,
            headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))
        ),
        Errors<Caller>
    )
)]
pub(super) async fn me(
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    headers: HeaderMap,
) -> (HeaderMap, Json<SessionAnswer>) {
    let cookie = session_cookie(&headers).and_then(|token| cookie_with(token, &settings));
    let renewed = cookie.map(|cookie| (SET_COOKIE, cookie));
    (renewed.into_iter().collect(), Json(SessionAnswer::of(&caller)))
}

/// Changes the password
///
/// Every other session of the account ends.
#[utoipa::path(
    put,
    path = "/auth/password",
    operation_id = "changePassword",
    tag = tags::SESSIONS,
    request_body = PasswordChange,
    responses(
        (status = 204, description = "It is changed"),
        Errors<Parent, Input<PasswordChange>, Attempts, Change, WrongPassword>
    )
)]
pub(super) async fn change_password(
    State(service): State<Arc<Service>>,
    client: Client,
    parent: Parent,
    Input(change): Input<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    service.change_password(client.address, &parent, change.current, change.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes this browser a child's
///
/// The child's session sees that child, the tasks and the rewards, and may request and cancel.
#[utoipa::path(
    post,
    path = "/auth/child-session",
    operation_id = "beginChildSession",
    tag = tags::SESSIONS,
    request_body = ChildSession,
    responses(
        (
            status = 200,
            description = "The child's session, in the place of the parent's",
            body = SessionAnswer,
            headers(("Set-Cookie" = String, description = "The session's cookie, or its end"))
        ),
        Errors<Parent, Input<ChildSession>, Change, Path<String>>
    )
)]
pub(super) async fn begin_child_session(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    parent: Parent,
    Input(ChildSession(child_id)): Input<ChildSession>,
) -> Result<(Cookie, Json<SessionAnswer>), ApiError> {
    let LoggedIn { token, caller } = service.begin_child_session(&parent, child_id).await?;
    Ok((cookie(&token, &settings)?, Json(SessionAnswer::of(&caller))))
}

fn cookie(token: &Token, settings: &Settings) -> Result<Cookie, ApiError> {
    header_of(cookie_with(token.reveal(), settings))
}

fn header_of(cookie: Option<HeaderValue>) -> Result<Cookie, ApiError> {
    let cookie = cookie.ok_or_else(|| ServiceError::Internal("a token fits no header".into()))?;
    Ok([(SET_COOKIE, cookie)])
}

/// The body of a sign-up.
pub(super) struct Signup(NewAccount);

impl PartialSchema for Signup {
    fn schema() -> RefOr<Schema> {
        schemas::body(
            "A new account.",
            json!({
                "first_name": "Paula", "last_name": "Parent",
                "email": "paula@example.org", "password": "correct horse battery",
            }),
        )
        .property("first_name", schemas::name())
        .property("last_name", schemas::name())
        .property("email", schemas::email())
        .property("password", schemas::password())
        .required("first_name")
        .required("last_name")
        .required("email")
        .required("password")
        .into()
    }
}

impl ToSchema for Signup {}

impl FromFields for Signup {
    const ALLOWED: &'static [&'static str] = &["first_name", "last_name", "email", "password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let text = |name| fields.required::<String>(name);
        Ok(Self(NewAccount {
            first_name: Name::parse("first_name", &text("first_name")?)?,
            last_name: Name::parse("last_name", &text("last_name")?)?,
            email: Email::parse(&text("email")?)?,
            password: NewPassword::parse("password", &text("password")?)?,
        }))
    }
}

/// The body of a login. Nothing is checked but the types: an older account may have what a new one
/// could not get.
pub(super) struct Login {
    email: String,
    password: String,
}

impl PartialSchema for Login {
    fn schema() -> RefOr<Schema> {
        schemas::body(
            "Who logs in.",
            json!({"email": "paula@example.org", "password": "correct horse battery"}),
        )
        .property("email", schemas::text())
        .property("password", schemas::text())
        .required("email")
        .required("password")
        .into()
    }
}

impl ToSchema for Login {}

impl FromFields for Login {
    const ALLOWED: &'static [&'static str] = &["email", "password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { email: fields.required("email")?, password: fields.required("password")? })
    }
}

/// The body of a marking.
pub(super) struct Confirmation(String);

impl PartialSchema for Confirmation {
    fn schema() -> RefOr<Schema> {
        schemas::body("The caller's own password.", json!({"password": "correct horse battery"}))
            .property("password", schemas::text())
            .required("password")
            .into()
    }
}

impl ToSchema for Confirmation {}

impl FromFields for Confirmation {
    const ALLOWED: &'static [&'static str] = &["password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        fields.required("password").map(Self)
    }
}

/// The body of a password change.
pub(super) struct PasswordChange {
    current: String,
    new: NewPassword,
}

impl PartialSchema for PasswordChange {
    fn schema() -> RefOr<Schema> {
        schemas::body("A new password.", json!({
            "current_password": "correct horse battery", "new_password": "wrong horse, new battery",
        }))
            .property("current_password", schemas::text())
            .property("new_password", schemas::password())
            .required("current_password")
            .required("new_password")
            .into()
    }
}

impl ToSchema for PasswordChange {}

impl FromFields for PasswordChange {
    const ALLOWED: &'static [&'static str] = &["current_password", "new_password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let new: String = fields.required("new_password")?;
        Ok(Self {
            current: fields.required("current_password")?,
            new: NewPassword::parse("new_password", &new)?,
        })
    }
}

/// The body of a child session's begin.
pub(super) struct ChildSession(ChildId);

impl PartialSchema for ChildSession {
    fn schema() -> RefOr<Schema> {
        schemas::body("Whose session it is to be.", json!({"child_id": samples::CHILD_ID}))
            .property("child_id", schemas::text())
            .required("child_id")
            .into()
    }
}

impl ToSchema for ChildSession {}

impl FromFields for ChildSession {
    const ALLOWED: &'static [&'static str] = &["child_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let child_id: String = fields.required("child_id")?;
        Ok(Self(child_id.into()))
    }
}

//! Accounts and sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{HeaderMap, HeaderName, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, Ref};
use utoipa::openapi::{ObjectBuilder, Schema};

use crate::domain::ChildId;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Path, cookie_with, live_cookie, no_cookie};
use crate::http::extract::input::Input;
use crate::http::openapi::{
    Attempts, Errors, Refuses, SessionChange as Change, samples, schemas, tags,
};
use crate::http::resources::credentials::{
    ChildSession, Confirmation, Login, PasswordChange, Signup,
};
use crate::http::resources::records::Iso;
use crate::http::resources::users::{UserBody, UserForChild};
use crate::http::server::request_context::Client;
use crate::http::settings::Settings;
use crate::service::{Caller, LoggedIn, Parent, SentSessions, Service, ServiceError, Token};

/// An account.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserAnswer {
    user: UserBody,
}

/// An account, and what this session may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, examples(samples::session))]
pub(crate) struct SessionAnswer {
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
    fn of(caller: &Caller, settings: &Arc<Settings>) -> Self {
        Self {
            user: UserBody::seen_by(caller, settings),
            scope: caller.access().as_str(),
            child_id: caller.child_id().map(ChildId::shared),
        }
    }
}

/// When an account will be deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionDue)]
pub(crate) struct MarkedAnswer {
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
/// A parent's account, with a family of its own. The operator can have closed this. A session whose
/// cookie comes with the request ends.
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
            headers(("Set-Cookie" = String, description = "The session's cookie"))
        ),
        Errors<Input<Signup>, Attempts, Change, SignupRefusals>
    ),
    security(())
)]
pub(crate) async fn signup(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    sent: SentSessions,
    Input(Signup(account)): Input<Signup>,
) -> Result<(StatusCode, Cookie, Json<UserAnswer>), ApiError> {
    let LoggedIn { token, caller } = service.signup(client.address, account, sent).await?;
    let user = UserBody::seen_by(&caller, &settings);
    Ok((StatusCode::CREATED, cookie(&token, &settings)?, Json(UserAnswer { user })))
}

/// Logs in
///
/// A session whose cookie comes with the request ends.
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
            headers(("Set-Cookie" = String, description = "The session's cookie"))
        ),
        Errors<Input<Login>, Attempts, Change, LoginRefusals>
    ),
    security(())
)]
pub(crate) async fn login(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    sent: SentSessions,
    Input(login): Input<Login>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let logged_in = service.login(client.address, &login.email, login.password, sent).await?;
    let LoggedIn { token, caller } = logged_in;
    let user = UserBody::seen_by(&caller, &settings);
    Ok((cookie(&token, &settings)?, Json(UserAnswer { user })))
}

/// Takes an account out of the deletion queue and logs it in
///
/// It can be done until its deletion begins. A session whose cookie comes with the request ends.
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
            headers(("Set-Cookie" = String, description = "The session's cookie"))
        ),
        Errors<Input<Login>, Attempts, Change, RestoreRefusals>
    ),
    security(())
)]
pub(crate) async fn restore(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    sent: SentSessions,
    Input(login): Input<Login>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let LoggedIn { token, caller } =
        service.restore(client.address, &login.email, login.password, sent).await?;
    let user = UserBody::seen_by(&caller, &settings);
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
            headers(("Set-Cookie" = String, description = "The end of the session's cookie"))
        ),
        Errors<Parent, Input<Confirmation>, Attempts, Change, MarkingRefusals>
    )
)]
pub(crate) async fn mark_for_deletion(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    parent: Parent,
    sent: SentSessions,
    Input(Confirmation(password)): Input<Confirmation>,
) -> Result<(StatusCode, Cookie, Json<MarkedAnswer>), ApiError> {
    let due_at = service.mark_for_deletion(client.address, &parent, password, sent).await?;
    let answer = Json(MarkedAnswer { due_at: Iso(due_at) });
    Ok((StatusCode::ACCEPTED, header_of(no_cookie(&settings))?, answer))
}

/// Ends the session
///
/// The other live sessions whose cookies come with the request end as well.
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "logOut",
    tag = tags::SESSIONS,
    responses(
        (status = 204, description = "It has ended", headers(("Set-Cookie" = String, description = "The end of the session's cookie"))),
        Errors<Caller, Change>
    )
)]
pub(crate) async fn logout(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    sent: SentSessions,
) -> Result<(StatusCode, Cookie), ApiError> {
    service.logout(&caller, sent).await?;
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
            headers(("Set-Cookie" = String, description = "The cookie anew, where the request had it"))
        ),
        Errors<Caller>
    )
)]
pub(crate) async fn me(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<(HeaderMap, Json<SessionAnswer>), ApiError> {
    let live = live_cookie(&headers, &settings.session_cookie, &service).await?;
    let cookie = live.and_then(|(token, _)| cookie_with(token, &settings));
    let renewed = cookie.map(|cookie| (SET_COOKIE, cookie));
    Ok((renewed.into_iter().collect(), Json(SessionAnswer::of(&caller, &settings))))
}

/// Changes the password
///
/// Every session of the account ends, and a new one begins. Its token is in the cookie, as at a login.
#[utoipa::path(
    put,
    path = "/auth/password",
    operation_id = "changePassword",
    tag = tags::SESSIONS,
    request_body = PasswordChange,
    responses(
        (
            status = 204,
            description = "It is changed",
            headers(("Set-Cookie" = String, description = "The new session's cookie"))
        ),
        Errors<Parent, Input<PasswordChange>, Attempts, Change, WrongPassword>
    )
)]
pub(crate) async fn change_password(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    client: Client,
    parent: Parent,
    sent: SentSessions,
    Input(PasswordChange { current, new }): Input<PasswordChange>,
) -> Result<(StatusCode, Cookie), ApiError> {
    let changed = service.change_password(client.address, &parent, current, new, sent);
    Ok((StatusCode::NO_CONTENT, cookie(&changed.await?.token, &settings)?))
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
            headers(("Set-Cookie" = String, description = "The session's cookie"))
        ),
        Errors<Parent, Input<ChildSession>, Change, Path<String>>
    )
)]
pub(crate) async fn begin_child_session(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    parent: Parent,
    sent: SentSessions,
    Input(ChildSession(child_id)): Input<ChildSession>,
) -> Result<(Cookie, Json<SessionAnswer>), ApiError> {
    let LoggedIn { token, caller } = service.begin_child_session(&parent, child_id, sent).await?;
    Ok((cookie(&token, &settings)?, Json(SessionAnswer::of(&caller, &settings))))
}

fn cookie(token: &Token, settings: &Settings) -> Result<Cookie, ApiError> {
    header_of(cookie_with(token.reveal(), settings))
}

fn header_of(cookie: Option<HeaderValue>) -> Result<Cookie, ApiError> {
    let cookie = cookie.ok_or_else(|| ServiceError::Internal("a token fits no header".into()))?;
    Ok([(SET_COOKIE, cookie)])
}

//! Accounts and sessions: sign-up, login, logout.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{HeaderMap, HeaderName, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::cookies::{cookie_with, live_cookie, no_cookie};
use crate::http::extract::device::{device_cookie, live_device_cookie};
use crate::http::extract::input::Input;
use crate::http::openapi::{
    ErrorCodes, Errors, PasswordErrors, SessionChangeErrors, schemas, tags,
};
use crate::http::resources::account::UserAnswer;
use crate::http::resources::credentials::{
    ChildSession, ChildSessionInput, Deletion, DeletionInput, Login, LoginInput, PasswordChange,
    PasswordChangeInput, Signup, SignupInput,
};
use crate::http::resources::records::Iso;
use crate::http::resources::session_answer::SessionAnswer;
use crate::http::resources::users::UserBody;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::service::{Adult, Caller, LoggedIn, Parent, SentSessions, Service, ServiceError, Token};

/// When an account will be deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionDue)]
pub(crate) struct MarkedAnswer {
    /// The account can be restored until its deletion starts, at this time or later.
    #[schema(schema_with = schemas::moment)]
    pub(crate) due_at: Iso,
}

enum SignupErrors {}

impl ErrorCodes for SignupErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::SignupClosed,
        ErrorCode::EmailTaken,
        ErrorCode::InvalidInvitation,
        ErrorCode::FamilyLimitReached,
    ];
}

enum LoginErrors {}

impl ErrorCodes for LoginErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::InvalidCredentials, ErrorCode::AccountMarkedForDeletion];
}

enum RestoreErrors {}

impl ErrorCodes for RestoreErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::InvalidCredentials,
        ErrorCode::NotMarkedForDeletion,
        ErrorCode::DeletionInProgress,
    ];
}

enum MarkErrors {}

impl ErrorCodes for MarkErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::WrongPassword, ErrorCode::FamilyHasMembers, ErrorCode::LastAdministrator];
}

enum WrongPasswordErrors {}

impl ErrorCodes for WrongPasswordErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::WrongPassword];
}

/// `Set-Cookie`.
pub(crate) type Cookie = [(HeaderName, HeaderValue); 1];

/// Sign up: create an account and log in
///
/// The account is a parent's, with a family of its own; with `invitation`, it becomes a member of the family that the
/// invitation is to. The operator can close sign-ups without one. Sessions whose cookies the
/// request contains end.
#[utoipa::path(
    post,
    path = "/auth/signup",
    operation_id = "signUp",
    tag = tags::ACCOUNT,
    request_body = SignupInput,
    responses(
        (
            status = 201,
            description = "The account",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The session cookie"))
        ),
        Errors<Input<Signup>, PasswordErrors, SessionChangeErrors, SignupErrors>
    ),
    security(())
)]
pub(crate) async fn signup(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    sent: SentSessions,
    Input(Signup { account, invitation }): Input<Signup>,
) -> Result<(StatusCode, Cookie, Json<UserAnswer>), ApiError> {
    let logged_in = match invitation {
        Some(secret) => service.join(client.address, account, &secret, sent).await?,
        None => service.signup(client.address, account, sent).await?,
    };
    let (cookie, user) = logged_in_as(&logged_in, &settings)?;
    Ok((StatusCode::CREATED, cookie, user))
}

/// Log in
///
/// Sessions whose cookies the request contains end.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "logIn",
    tag = tags::ACCOUNT,
    request_body = LoginInput,
    responses(
        (
            status = 200,
            description = "The account",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The session cookie"))
        ),
        Errors<Input<Login>, PasswordErrors, SessionChangeErrors, LoginErrors>
    ),
    security(())
)]
pub(crate) async fn login(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    sent: SentSessions,
    Input(login): Input<Login>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let logged_in = service.login(client.address, &login.email, login.password, sent).await?;
    logged_in_as(&logged_in, &settings)
}

/// Restore an account that is marked for deletion, and log in
///
/// This is possible until the deletion starts. Sessions whose cookies the request contains end.
#[utoipa::path(
    post,
    path = "/auth/restore",
    operation_id = "restoreAccount",
    tag = tags::ACCOUNT,
    request_body = LoginInput,
    responses(
        (
            status = 200,
            description = "The account",
            body = UserAnswer,
            headers(("Set-Cookie" = String, description = "The session cookie"))
        ),
        Errors<Input<Login>, PasswordErrors, SessionChangeErrors, RestoreErrors>
    ),
    security(())
)]
pub(crate) async fn restore(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    sent: SentSessions,
    Input(login): Input<Login>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let logged_in = service.restore(client.address, &login.email, login.password, sent).await?;
    logged_in_as(&logged_in, &settings)
}

/// Mark your account for deletion
///
/// Every session of the account ends, and nobody can log in any more. The account can be restored until its deletion
/// starts.
#[utoipa::path(
    post,
    path = "/user/mark-for-deletion",
    operation_id = "markAccountForDeletion",
    tag = tags::ACCOUNT,
    request_body = DeletionInput,
    responses(
        (
            status = 202,
            description = "Marked",
            body = MarkedAnswer,
            headers(("Set-Cookie" = String, description = "Removes the session cookie"))
        ),
        Errors<Adult, Input<Deletion>, PasswordErrors, SessionChangeErrors, MarkErrors>
    )
)]
pub(crate) async fn mark_for_deletion(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    adult: Adult,
    sent: SentSessions,
    Input(confirmation): Input<Deletion>,
) -> Result<(StatusCode, Cookie, Json<MarkedAnswer>), ApiError> {
    let Deletion { password, delete_family } = confirmation;
    let due_at =
        service.mark_for_deletion(client.address, &adult, password, delete_family, sent).await?;
    let marked = Json(MarkedAnswer { due_at: Iso(due_at) });
    Ok((StatusCode::ACCEPTED, header_of(no_cookie(&settings))?, marked))
}

/// Log out
///
/// Other sessions whose cookies the request contains end as well.
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "logOut",
    tag = tags::ACCOUNT,
    responses(
        (
            status = 204,
            description = "Logged out",
            headers(("Set-Cookie" = String, description = "Removes the session cookie"))
        ),
        Errors<Caller, SessionChangeErrors>
    )
)]
pub(crate) async fn logout(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    caller: Caller,
    sent: SentSessions,
) -> Result<(StatusCode, Cookie), ApiError> {
    service.logout(&caller, sent).await?;
    Ok((StatusCode::NO_CONTENT, header_of(no_cookie(&settings))?))
}

/// Get the current session
///
/// Also renews the browser's cookie, so that it lives as long as the session.
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "getSession",
    tag = tags::ACCOUNT,
    responses(
        (
            status = 200,
            description = "The session and its account",
            body = SessionAnswer,
            headers(("Set-Cookie" = String, description = "The renewed cookie, if the request contained it"))
        ),
        Errors<Caller>
    )
)]
pub(crate) async fn me(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<(HeaderMap, Json<SessionAnswer>), ApiError> {
    let live = live_cookie(&headers, &settings.session_cookie, |token| token, &service).await?;
    let cookie = if let Some((token, _)) = live {
        cookie_with(token, &settings)
    } else {
        let live = live_device_cookie(&headers, &settings, &service).await?;
        live.and_then(|(tokens, _)| device_cookie(&tokens, &settings))
    };
    let renewed = cookie.map(|cookie| (SET_COOKIE, cookie));
    Ok((renewed.into_iter().collect(), Json(SessionAnswer::of(&caller, &settings))))
}

/// Change the password
///
/// Every session of the account ends. The response starts a new one.
#[utoipa::path(
    put,
    path = "/auth/password",
    operation_id = "changePassword",
    tag = tags::ACCOUNT,
    request_body = PasswordChangeInput,
    responses(
        (
            status = 204,
            description = "Changed",
            headers(("Set-Cookie" = String, description = "The cookie of the new session"))
        ),
        Errors<Adult, Input<PasswordChange>, PasswordErrors, SessionChangeErrors, WrongPasswordErrors>
    )
)]
pub(crate) async fn change_password(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    adult: Adult,
    sent: SentSessions,
    Input(PasswordChange { current, new }): Input<PasswordChange>,
) -> Result<(StatusCode, Cookie), ApiError> {
    let changed = service.change_password(client.address, &adult, current, new, sent);
    Ok((StatusCode::NO_CONTENT, cookie(&changed.await?.token, &settings)?))
}

/// Turn this session into a child's
///
/// The child's session sees that child, the tasks and the rewards, and can request rewards and cancel requests. It
/// replaces the parent's session: to return, log in again.
#[utoipa::path(
    post,
    path = "/auth/child-session",
    operation_id = "beginChildSession",
    tag = tags::ACCOUNT,
    request_body = ChildSessionInput,
    responses(
        (
            status = 200,
            description = "The child's session",
            body = SessionAnswer,
            headers(("Set-Cookie" = String, description = "The cookie of the child's session"))
        ),
        Errors<Parent, Input<ChildSession>, SessionChangeErrors, Path<String>>
    )
)]
pub(crate) async fn begin_child_session(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    parent: Parent,
    sent: SentSessions,
    Input(ChildSession { child_id }): Input<ChildSession>,
) -> Result<(Cookie, Json<SessionAnswer>), ApiError> {
    let LoggedIn { token, caller } = service.begin_child_session(&parent, child_id, sent).await?;
    Ok((cookie(&token, &settings)?, Json(SessionAnswer::of(&caller, &settings))))
}

pub(crate) fn logged_in_as(
    LoggedIn { token, caller }: &LoggedIn,
    settings: &Arc<HttpSettings>,
) -> Result<(Cookie, Json<UserAnswer>), ApiError> {
    let user = UserBody::seen_by(caller, settings);
    Ok((cookie(token, settings)?, Json(UserAnswer { user })))
}

fn cookie(token: &Token, settings: &HttpSettings) -> Result<Cookie, ApiError> {
    header_of(cookie_with(token.reveal(), settings))
}

pub(crate) fn header_of(cookie: Option<HeaderValue>) -> Result<Cookie, ApiError> {
    let cookie = cookie.ok_or_else(|| ServiceError::Internal("a token fits no header".into()))?;
    Ok([(SET_COOKIE, cookie)])
}

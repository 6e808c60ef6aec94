//! Accounts and sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{HeaderMap, HeaderName, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::client::Client;
use super::extract::{cookie_with, no_cookie, session_cookie};
use super::input::{Fields, FromFields, Input};
use super::records::{Iso, UserBody};
use super::{ApiError, Settings};
use crate::domain::password::NewPassword;
use crate::domain::{ChildId, Email, Invalid, Name};
use crate::service::{Caller, LoggedIn, NewAccount, Parent, Service, ServiceError, Token};

/// An account.
#[derive(Serialize)]
pub(super) struct UserAnswer {
    user: UserBody,
}

/// An account, and what this session may do.
#[derive(Serialize)]
pub(super) struct SessionAnswer {
    user: UserBody,
    scope: &'static str,
    child_id: Option<Arc<str>>,
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
#[derive(Serialize)]
pub(super) struct MarkedAnswer {
    due_at: Iso,
}

/// `Set-Cookie`.
type Cookie = [(HeaderName, HeaderValue); 1];

/// `POST /auth/signup`
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

/// `POST /auth/login`
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

/// `POST /auth/restore`
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

/// `POST /user/mark-for-deletion`
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

/// `POST /auth/logout`
pub(super) async fn logout(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
) -> Result<(StatusCode, Cookie), ApiError> {
    service.logout(&caller).await?;
    Ok((StatusCode::NO_CONTENT, header_of(no_cookie(&settings))?))
}

/// `GET /auth/me`. Gives a browser its cookie anew, so that it lives as long as the session.
pub(super) async fn me(
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    headers: HeaderMap,
) -> (HeaderMap, Json<SessionAnswer>) {
    let cookie = session_cookie(&headers).and_then(|token| cookie_with(token, &settings));
    let renewed = cookie.map(|cookie| (SET_COOKIE, cookie));
    (renewed.into_iter().collect(), Json(SessionAnswer::of(&caller)))
}

/// `PUT /auth/password`
pub(super) async fn change_password(
    State(service): State<Arc<Service>>,
    client: Client,
    parent: Parent,
    Input(change): Input<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    service.change_password(client.address, &parent, change.current, change.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /auth/child-session`
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

impl FromFields for Login {
    const ALLOWED: &'static [&'static str] = &["email", "password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { email: fields.required("email")?, password: fields.required("password")? })
    }
}

/// The body of a marking.
pub(super) struct Confirmation(String);

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

impl FromFields for ChildSession {
    const ALLOWED: &'static [&'static str] = &["child_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let child_id: String = fields.required("child_id")?;
        Ok(Self(child_id.into()))
    }
}

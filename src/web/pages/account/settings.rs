//! The names, the language, the email address and the password of the own account.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post};

use super::sections::{ACCOUNT, Forms, done, show};
use crate::http::error::ApiError;
use crate::http::resources::credentials::{EmailChange, PasswordChange};
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Adult, LoggedIn, SentSessions, Service};
use crate::web::form::Form;
use crate::web::pages::sign_in::started_at;
use crate::web::section::{Confirmed, Section};
use crate::web::texts::Texts;
use crate::web::visit::{LANGUAGE, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(ACCOUNT, get(account))
        .route("/app/account/profile", post(profile).get(back))
        .route("/app/account/email", post(email).get(back))
        .route("/app/account/password", post(password).get(back))
}

async fn account(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, visit }: Visitor<Adult>,
    Query(confirmed): Query<Confirmed>,
) -> Result<Response, ApiError> {
    show(&service, &adult, &visit, Forms::of(&adult), confirmed.done()).await
}

/// A form that was not accepted is shown at its own address.
async fn back() -> Response {
    see_other(ACCOUNT)
}

async fn profile(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, visit }: Visitor<Adult>,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match save_profile(&service, &adult, &form).await {
        Ok(()) => {
            let mut response = done("saved");
            // The choice of the browser would hide that of the account.
            let forgotten = format!("{LANGUAGE}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
            if let Ok(cookie) = HeaderValue::try_from(forgotten) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            return Ok(response);
        }
        Err(error) => error,
    };
    let profile = Section::refused(form, error, Texts::of(visit.language))?;
    let forms = Forms { profile, ..Forms::of(&adult) };
    show(&service, &adult, &visit, forms, None).await
}

async fn save_profile(service: &Service, adult: &Adult, form: &Form) -> Result<(), ApiError> {
    // An empty name is an error, and not one that is left out.
    let [first, last] = ["first_name", "last_name"].map(|name| form.value(name).into());
    let filled = form.clone().with("first_name", first).with("last_name", last);
    service.update_user(adult, filled.read()?).await?;
    Ok(())
}

async fn email(
    State(service): State<Arc<Service>>,
    client: Client,
    Visitor { who: adult, visit }: Visitor<Adult>,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match save_email(&service, client, &adult, &form).await {
        Ok(()) => return Ok(done("saved")),
        Err(error) => error,
    };
    let email = Section::refused(form, error, Texts::of(visit.language))?;
    show(&service, &adult, &visit, Forms { email, ..Forms::of(&adult) }, None).await
}

async fn save_email(
    service: &Service,
    client: Client,
    adult: &Adult,
    form: &Form,
) -> Result<(), ApiError> {
    let EmailChange { email, password } = form.read()?;
    service.change_email(client.address, adult, email, password).await?;
    Ok(())
}

async fn password(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    Visitor { who: adult, visit }: Visitor<Adult>,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match save_password(&service, client, &adult, sent, &form).await {
        Ok(started) => return started_at(&started, "/app/account?done=password", &settings),
        Err(error) => error,
    };
    let password = Section::refused(form, error, Texts::of(visit.language))?;
    show(&service, &adult, &visit, Forms { password, ..Forms::of(&adult) }, None).await
}

async fn save_password(
    service: &Arc<Service>,
    client: Client,
    adult: &Adult,
    sent: SentSessions,
    form: &Form,
) -> Result<LoggedIn, ApiError> {
    let PasswordChange { current, new } = form.read()?;
    Ok(service.change_password(client.address, adult, current, new, sent).await?)
}

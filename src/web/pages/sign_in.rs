//! Starts and ends a session.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::cookies::{cookie_with, no_cookie};
use crate::http::resources::auth::header_of;
use crate::http::resources::credentials::Login;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Caller, LoggedIn, SentSessions, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::{self, SIGN_IN};
use crate::web::section::Section;
use crate::web::texts::Texts;
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(SIGN_IN, get(show).post(submit)).route("/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "web/pages/sign_in.html")]
struct SignInPage {
    shell: Shell,
    section: Section,
    next: String,
    /// Whether the account is marked for deletion, and can be restored.
    is_marked: bool,
    /// Whether the password was set with a link just now.
    is_reset: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    next: Option<String>,
    reset: Option<String>,
}

impl SignInPage {
    fn new(visit: &Visit, section: Section, next: Option<&str>) -> Self {
        let shell = Shell::new(visit, Texts::of(visit.language).sign_in.title);
        let next = links::next(next).to_owned();
        Self { shell, section, next, is_marked: false, is_reset: false }
    }
}

async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Result<Response, ApiError> {
    // A parent signs in on the device of a child, too.
    if visit.caller.as_ref().is_some_and(|caller| caller.child_id().is_none()) {
        return Ok(see_other(links::next(wanted.next.as_deref())));
    }
    let shown = SignInPage::new(&visit, Section::default(), wanted.next.as_deref());
    page(&SignInPage { is_reset: wanted.reset.is_some(), ..shown })
}

/// Logs in, or restores the account if the form asks for it.
async fn submit(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let Login { email, password } = form.read()?;
    let started = if form.has("action", "restore") {
        service.restore(client.address, &email, password, sent).await
    } else {
        service.login(client.address, &email, password, sent).await
    };
    let error = match started.map_err(ApiError::from) {
        Ok(started) => return started_at(&started, links::next(form.text("next")), &settings),
        Err(error) => error,
    };
    let is_marked = error.code() == ErrorCode::AccountMarkedForDeletion;
    let next = form.text("next").map(str::to_owned);
    let section = Section::refused(form, error, Texts::of(visit.language))?;
    let status = section.status;
    let shown = SignInPage::new(&visit, section, next.as_deref());
    page_with(status, &SignInPage { is_marked, ..shown })
}

/// Sends the browser to a page with the cookie of a new session.
pub(in crate::web) fn started_at(
    LoggedIn { token, .. }: &LoggedIn,
    next: &str,
    settings: &HttpSettings,
) -> Result<Response, ApiError> {
    let [(name, cookie)] = header_of(cookie_with(token.reveal(), settings))?;
    let mut response = see_other(next);
    response.headers_mut().insert(name, cookie);
    Ok(response)
}

async fn sign_out(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    Visitor { who: caller, .. }: Visitor<Caller>,
    sent: SentSessions,
) -> Result<Response, ApiError> {
    service.logout(&caller, sent).await?;
    let mut response = see_other(SIGN_IN);
    if let Some(cookie) = no_cookie(&settings) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

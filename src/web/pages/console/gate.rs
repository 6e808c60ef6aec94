//! Who may open the pages of the console: an administrator who has used it a short time ago, or repeats the password.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::http::error::ApiError;
use crate::http::extract::cookies::{cookies_named, set_cookie};
use crate::http::resources::members::OwnPassword;
use crate::http::server::request_context::Client;
use crate::http::settings::{CookieName, HttpSettings};
use crate::http::state::AppState;
use crate::service::{Admin, Authority, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::{self, CONSOLE, with_query};
use crate::web::section::Section;
use crate::web::texts::Texts;
use crate::web::visit::{Visit, Visitor, see_other};

/// The cookie with the seal that keeps the console open.
const SEAL: &str = "goldstar_console";
const CONFIRM: &str = "/console/confirm";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(CONFIRM, get(show).post(submit))
}

/// A visit of a page of the console.
pub(super) struct Console {
    pub(super) admin: Admin,
    pub(super) authority: Authority,
    pub(super) visit: Visit,
    renewed: Option<HeaderValue>,
}

impl FromRequestParts<AppState> for Console {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let visitor = Visitor::<Admin>::from_request_parts(parts, state).await;
        let Visitor { who: admin, visit } = visitor.map_err(IntoResponse::into_response)?;
        let name = CookieName::of_choice(SEAL);
        let sent = cookies_named(&parts.headers, &name).next();
        let renewed = state.service.renewed_seal(&admin, sent).await;
        let Some(seal) = renewed.map_err(|error| ApiError::from(error).into_response())? else {
            let next = if parts.method.is_safe() { visit.address.as_str() } else { CONSOLE };
            return Err(see_other(&with_query(CONFIRM, &[("next", next)])));
        };
        let renewed = cookie(&seal, &state.settings());
        let authority = Authority::Administrator(admin.clone());
        Ok(Self { admin, authority, visit, renewed })
    }
}

fn cookie(seal: &str, settings: &HttpSettings) -> Option<HeaderValue> {
    let lifetime = format!("Max-Age={}", Service::CONSOLE_IDLE.as_secs());
    set_cookie(&CookieName::of_choice(SEAL), seal, &lifetime, settings)
}

impl Console {
    pub(super) fn texts(&self) -> &'static Texts {
        Texts::of(self.visit.language)
    }

    /// The frame of a page in a section of the navigation.
    pub(super) fn shell(&self, title: impl Into<String>, section: &'static str) -> Shell {
        Shell::new(&self.visit, title).section(section)
    }

    /// The response, which keeps the console open.
    pub(super) fn answer(&self, mut response: Response) -> Response {
        let renewed = self.renewed.clone().map(|cookie| (SET_COOKIE, cookie));
        response.headers_mut().extend(renewed);
        response
    }

    pub(super) fn page(
        &self,
        status: StatusCode,
        content: &impl Template,
    ) -> Result<Response, ApiError> {
        Ok(self.answer(page_with(status, content)?))
    }

    pub(super) fn see_other(&self, address: &str) -> Response {
        self.answer(see_other(address))
    }

    /// Checks that the password was repeated in the form, or need not be.
    pub(super) async fn confirm(
        &self,
        service: &Service,
        client: Client,
        form: &Form,
    ) -> Result<(), ApiError> {
        let password = form.text("password").filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(service.confirm_authority(client.address, &self.authority, password).await?)
    }
}

#[derive(Template)]
#[template(path = "web/pages/console/gate.html")]
struct GatePage {
    shell: Shell,
    section: Section,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    next: Option<String>,
}

impl GatePage {
    fn new(visit: &Visit, section: Section, next: Option<&str>) -> Self {
        let shell = Shell::new(visit, Texts::of(visit.language).console.confirm_title);
        Self { shell: shell.section(CONSOLE), section, next: continue_at(next).to_owned() }
    }
}

fn continue_at(next: Option<&str>) -> &str {
    next.map_or(CONSOLE, |next| links::next(Some(next)))
}

async fn show(
    Visitor { visit, .. }: Visitor<Admin>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    page(&GatePage::new(&visit, Section::default(), wanted.next.as_deref()))
}

async fn submit(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    Visitor { who: admin, visit }: Visitor<Admin>,
    form: Form,
) -> Result<Response, ApiError> {
    let next = form.text("next").map(str::to_owned);
    let error = match open(&service, client, &admin, &form).await {
        Ok(seal) => {
            let mut response = see_other(continue_at(next.as_deref()));
            let cookie = cookie(&seal, &settings).map(|cookie| (SET_COOKIE, cookie));
            response.headers_mut().extend(cookie);
            return Ok(response);
        }
        Err(error) => error,
    };
    let section = Section::refused(form, error, Texts::of(visit.language))?;
    page_with(section.status, &GatePage::new(&visit, section, next.as_deref()))
}

async fn open(
    service: &Service,
    client: Client,
    admin: &Admin,
    form: &Form,
) -> Result<String, ApiError> {
    let OwnPassword(password) = form.read()?;
    Ok(service.open_console(client.address, admin, password).await?)
}

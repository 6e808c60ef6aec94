//! Creates an account.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::sign_in::started_at;
use crate::http::error::ApiError;
use crate::http::resources::credentials::Signup;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{LoggedIn, SentSessions, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::APP;
use crate::web::section::Section;
use crate::web::texts::Texts;
use crate::web::visit::Visit;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/sign-up", get(show).post(submit))
}

#[derive(Template)]
#[template(path = "web/pages/sign_up.html")]
struct SignUpPage {
    shell: Shell,
    section: Section,
}

impl SignUpPage {
    fn new(visit: &Visit, section: Section) -> Self {
        Self { shell: Shell::new(visit, Texts::of(visit.language).sign_in.sign_up_title), section }
    }
}

async fn show(visit: Visit) -> Result<Response, ApiError> {
    page(&SignUpPage::new(&visit, Section::default()))
}

async fn submit(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    match sign_up(&service, client, sent, &form).await {
        Ok(started) => started_at(&started, APP, &settings),
        Err(error) => {
            let section = Section::refused(form, error, Texts::of(visit.language))?;
            page_with(section.status, &SignUpPage::new(&visit, section))
        }
    }
}

async fn sign_up(
    service: &Arc<Service>,
    client: Client,
    sent: SentSessions,
    form: &Form,
) -> Result<LoggedIn, ApiError> {
    let Signup { account, .. } = form.read()?;
    Ok(service.signup(client.address, account, sent).await?)
}

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
use crate::web::texts::Texts;
use crate::web::visit::Visit;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/sign-up", get(show).post(submit))
}

#[derive(Template)]
#[template(path = "web/pages/sign_up.html")]
struct SignUpPage {
    shell: Shell,
    form: Form,
    /// Why the last attempt failed.
    error: Option<&'static str>,
}

impl SignUpPage {
    fn new(visit: &Visit, form: Form) -> Self {
        let shell = Shell::new(visit, Texts::of(visit.language).sign_in.sign_up_title);
        Self { shell, form, error: None }
    }
}

async fn show(visit: Visit) -> Result<Response, ApiError> {
    page(&SignUpPage::new(&visit, Form::default()))
}

async fn submit(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match sign_up(&service, client, sent, &form).await {
        Ok(started) => return started_at(&started, APP, &settings),
        Err(error) => error,
    };
    let code = error.code();
    if code.status().is_server_error() {
        return Err(error);
    }
    let form = form.with_errors(&error);
    let shown = SignUpPage::new(&visit, form);
    let texts = shown.shell.texts();
    let text =
        if shown.form.has_errors() { texts.common.check_fields } else { texts.errors.text(code) };
    page_with(code.status(), &SignUpPage { error: Some(text), ..shown })
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

//! Sets a new password with a link.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::http::error::ApiError;
use crate::http::resources::resets::Reset;
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::Service;
use crate::web::form::Form;
use crate::web::layout::{Shell, page, page_with};
use crate::web::texts::Texts;
use crate::web::visit::{Visit, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/reset", get(show).post(submit))
}

#[derive(Template)]
#[template(path = "web/pages/reset.html")]
struct ResetPage {
    shell: Shell,
    form: Form,
    /// Why the last attempt failed.
    error: Option<&'static str>,
}

impl ResetPage {
    fn new(visit: &Visit, form: Form) -> Self {
        let shell = Shell::new(visit, Texts::of(visit.language).sign_in.reset_title);
        Self { shell, form, error: None }
    }
}

async fn show(visit: Visit) -> Result<Response, ApiError> {
    page(&ResetPage::new(&visit, Form::default()))
}

async fn submit(
    State(service): State<Arc<Service>>,
    client: Client,
    visit: Visit,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match reset(&service, client, &form).await {
        Ok(()) => return Ok(see_other("/sign-in?reset=1")),
        Err(error) => error,
    };
    let code = error.code();
    if code.status().is_server_error() {
        return Err(error);
    }
    let shown = ResetPage::new(&visit, form.with_errors(&error));
    let texts = shown.shell.texts();
    let text =
        if shown.form.has_errors() { texts.common.check_fields } else { texts.errors.text(code) };
    page_with(code.status(), &ResetPage { error: Some(text), ..shown })
}

async fn reset(service: &Arc<Service>, client: Client, form: &Form) -> Result<(), ApiError> {
    // A whole link counts as its secret.
    let link = form.value("secret");
    let secret = link.rsplit('#').next().unwrap_or_default().trim().to_owned();
    let Reset { secret, new } = form.clone().with("secret", secret.into()).read()?;
    Ok(service.reset_password(client.address, &secret, new).await?)
}

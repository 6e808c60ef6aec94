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
use crate::web::section::Section;
use crate::web::texts::Texts;
use crate::web::visit::{Visit, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/reset", get(show).post(submit))
}

#[derive(Template)]
#[template(path = "web/pages/reset.html")]
struct ResetPage {
    shell: Shell,
    section: Section,
}

impl ResetPage {
    fn new(visit: &Visit, section: Section) -> Self {
        Self { shell: Shell::new(visit, Texts::of(visit.language).sign_in.reset_title), section }
    }
}

async fn show(visit: Visit) -> Result<Response, ApiError> {
    page(&ResetPage::new(&visit, Section::default()))
}

async fn submit(
    State(service): State<Arc<Service>>,
    client: Client,
    visit: Visit,
    form: Form,
) -> Result<Response, ApiError> {
    match reset(&service, client, &form).await {
        Ok(()) => Ok(see_other("/sign-in?reset=1")),
        Err(error) => {
            let section = Section::refused(form, error, Texts::of(visit.language))?;
            page_with(section.status, &ResetPage::new(&visit, section))
        }
    }
}

async fn reset(service: &Arc<Service>, client: Client, form: &Form) -> Result<(), ApiError> {
    let secret = form.link_secret();
    let Reset { secret, new } = form.clone().with("secret", secret.into()).read()?;
    Ok(service.reset_password(client.address, &secret, new).await?)
}

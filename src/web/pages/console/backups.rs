//! Backups: those of the schedule, and one to download.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::gate::Console;
use crate::http::error::ApiError;
use crate::http::resources::backups;
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::{BackupPurpose, Service};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::section::Section;
use crate::web::views::moments::{Moment, Moments};
use crate::web::views::sizes::size;

const BACKUPS: &str = "/console/backups";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(BACKUPS, get(show)).route("/console/backups/new", post(create).get(back))
}

#[derive(Template)]
#[template(path = "web/pages/console/backups.html")]
struct BackupsPage {
    shell: Shell,
    section: Section,
    needs_password: bool,
    /// `None` if the server makes none by itself.
    stored: Option<Vec<StoredLine>>,
}

struct StoredLine {
    began: Moment,
    size: String,
}

async fn show(State(service): State<Arc<Service>>, console: Console) -> Result<Response, ApiError> {
    list(&service, &console, Section::default()).await
}

async fn list(
    service: &Service,
    console: &Console,
    section: Section,
) -> Result<Response, ApiError> {
    let language = console.visit.language;
    let stored = service.stored_backups(&console.authority).await?;
    let moments = Moments::of(&console.admin, service, language);
    let line = |(began_at, bytes)| StoredLine {
        began: moments.of_moment(began_at),
        size: size(bytes, language),
    };
    let page = BackupsPage {
        shell: console.shell(console.texts().console.backups, BACKUPS),
        needs_password: service.needs_password(&console.admin),
        stored: stored.map(|stored| stored.into_iter().map(line).collect()),
        section,
    };
    console.page(page.section.status, &page)
}

async fn back(console: Console) -> Response {
    console.see_other(BACKUPS)
}

/// The browser stores the response as a file, and stays on the page.
async fn create(
    State(service): State<Arc<Service>>,
    console: Console,
    client: Client,
    form: Form,
) -> Result<Response, ApiError> {
    match send(&service, &console, client, &form).await {
        Ok(file) => Ok(console.answer(file)),
        Err(error) => {
            list(&service, &console, Section::refused(form, error, console.texts())?).await
        }
    }
}

async fn send(
    service: &Arc<Service>,
    console: &Console,
    client: Client,
    form: &Form,
) -> Result<Response, ApiError> {
    console.confirm(service, client, form).await?;
    backups::send(service, &console.authority, BackupPurpose::Keep).await
}

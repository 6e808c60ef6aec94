//! Backups: those of the schedule, and one to download.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::gate::Console;
use crate::domain::Timestamp;
use crate::http::error::ApiError;
use crate::http::resources::backups;
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::{BackupPurpose, Service};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::section::Section;
use crate::web::texts::fill;
use crate::web::views::moments::{Moment, Moments};
use crate::web::views::sizes::size;

const BACKUPS: &str = "/console/backups";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(BACKUPS, get(show))
        .route("/console/backups/new", post(create).get(back))
        .route("/console/backups/download", post(download).get(back))
        .route("/console/backups/verify", post(verify).get(back))
}

#[derive(Template)]
#[template(path = "web/pages/console/backups.html")]
struct BackupsPage {
    shell: Shell,
    section: Section,
    needs_password: bool,
    checked: Option<Checked>,
    /// `None` if the server makes none by itself.
    stored: Option<Vec<StoredLine>>,
}

struct StoredLine {
    /// When it began, as forms send it.
    id: String,
    began: Moment,
    size: String,
}

/// The result of the verification of a backup.
struct Checked {
    is_sound: bool,
    text: String,
}

async fn show(State(service): State<Arc<Service>>, console: Console) -> Result<Response, ApiError> {
    list(&service, &console, Section::default(), None).await
}

async fn list(
    service: &Service,
    console: &Console,
    section: Section,
    checked: Option<Checked>,
) -> Result<Response, ApiError> {
    let language = console.visit.language;
    let stored = service.stored_backups(&console.authority).await?;
    let moments = Moments::of(&console.admin, service, language);
    let line = |(began_at, bytes): (Timestamp, u64)| StoredLine {
        id: began_at.to_string(),
        began: moments.of_moment(began_at),
        size: size(bytes, language),
    };
    let page = BackupsPage {
        shell: console.shell(console.texts().console.backups, BACKUPS),
        needs_password: service.needs_password(&console.admin),
        stored: stored.map(|stored| stored.into_iter().map(line).collect()),
        checked,
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
    let sent = match console.confirm(&service, client, &form).await {
        Ok(()) => backups::send(&service, &console.authority, BackupPurpose::Keep).await,
        Err(error) => Err(error),
    };
    file_or_page(&service, &console, form, sent).await
}

/// Sends a backup of the schedule.
async fn download(
    State(service): State<Arc<Service>>,
    console: Console,
    client: Client,
    form: Form,
) -> Result<Response, ApiError> {
    let sent = send_stored(&service, &console, client, &form).await;
    file_or_page(&service, &console, form, sent).await
}

async fn send_stored(
    service: &Arc<Service>,
    console: &Console,
    client: Client,
    form: &Form,
) -> Result<Response, ApiError> {
    console.confirm(service, client, form).await?;
    let backup = service.stored_backup(&console.authority, began_at(form)?).await?;
    Ok(backups::file_of(service, &console.authority, backup.ok_or(ApiError::RouteNotFound)?))
}

async fn file_or_page(
    service: &Service,
    console: &Console,
    form: Form,
    sent: Result<Response, ApiError>,
) -> Result<Response, ApiError> {
    match sent {
        Ok(file) => Ok(console.answer(file)),
        Err(error) => {
            let section = Section::refused(form, error, console.texts())?;
            list(service, console, section, None).await
        }
    }
}

async fn verify(
    State(service): State<Arc<Service>>,
    console: Console,
    form: Form,
) -> Result<Response, ApiError> {
    let began_at = began_at(&form)?;
    match service.verify_stored_backup(&console.authority, began_at).await {
        Ok(sound) => {
            let is_sound = sound.ok_or(ApiError::RouteNotFound)?;
            let texts = &console.texts().console;
            let text = if is_sound { texts.is_sound } else { texts.is_damaged };
            let moments = Moments::of(&console.admin, &service, console.visit.language);
            let text = fill(text, &[&moments.of_moment(began_at).full]);
            list(&service, &console, Section::default(), Some(Checked { is_sound, text })).await
        }
        Err(error) => file_or_page(&service, &console, form, Err(error.into())).await,
    }
}

/// When the backup of a form began.
fn began_at(form: &Form) -> Result<Timestamp, ApiError> {
    form.text("began").and_then(Timestamp::parse_iso).ok_or(ApiError::RouteNotFound)
}

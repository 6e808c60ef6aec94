//! The accounts that are marked for deletion.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::gate::Console;
use crate::domain::UserId;
use crate::domain::deletion::{Status, Threshold};
use crate::http::error::ApiError;
use crate::http::resources::deletion::{NewThreshold, QueuePage};
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::{Queued, Service};
use crate::web::filters::{Filters, Links};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::links::account_page;
use crate::web::section::Section;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::Moments;

const DELETIONS: &str = "/console/deletions";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(DELETIONS, get(show).post(act))
        .route("/console/deletions/threshold", post(set_threshold).get(back))
}

#[derive(Template)]
#[template(path = "web/pages/console/deletions.html")]
struct DeletionsPage {
    shell: Shell,
    done: Option<&'static str>,
    queue: Vec<QueuedLine>,
    links: Links,
    sections: Sections,
    threshold_hint: String,
    needs_password: bool,
}

struct QueuedLine {
    id: String,
    link: String,
    email: String,
    state: String,
    error: Option<String>,
    can_unmark: bool,
}

/// The forms of the page.
#[derive(Default)]
struct Sections {
    acting: Section,
    threshold: Section,
}

async fn show(
    State(service): State<Arc<Service>>,
    console: Console,
    filters: Filters<QueuePage>,
) -> Result<Response, ApiError> {
    list(&service, &console, &filters, Sections::default()).await
}

async fn back(console: Console) -> Response {
    console.see_other(DELETIONS)
}

async fn list(
    service: &Service,
    console: &Console,
    filters: &Filters<QueuePage>,
    sections: Sections,
) -> Result<Response, ApiError> {
    let (authority, texts) = (&console.authority, console.texts());
    let place = filters.place();
    let in_force = service.deletion_threshold(authority).await?;
    let queue = service.deletion_queue(authority, place).await?;
    let moments = Moments::of(&console.admin, service, console.visit.language);
    let hours = in_force.threshold.hours().to_string();
    let mut sections = sections;
    if sections.threshold.error.is_none() {
        sections.threshold = Section::of(Form::of([("hours", hours)]));
    }
    let hint = texts.console_accounts.threshold_hint;
    let bounds = (Threshold::MIN_HOURS, Threshold::MAX_HOURS, in_force.default.hours());
    let page = DeletionsPage {
        shell: console.shell(texts.console_accounts.deletions, DELETIONS),
        done: filters.done().and_then(|done| said(done, texts)),
        links: filters.links(DELETIONS, place, queue.total),
        queue: queue.records.iter().map(|it| line(it, texts, &moments)).collect(),
        threshold_hint: fill(hint, &[&bounds.0, &bounds.1, &bounds.2]),
        needs_password: service.needs_password(&console.admin),
        sections,
    };
    let status = page.sections.acting.status.max(page.sections.threshold.status);
    console.page(status, &page)
}

fn said(done: &str, texts: &Texts) -> Option<&'static str> {
    let texts = &texts.console_accounts;
    Some(match done {
        "unmark" => texts.done_unmarked,
        "run-due" => texts.done_ran,
        "threshold" => texts.done_threshold,
        "deleted" => texts.outcome_deleted,
        "failed" => texts.outcome_failed,
        "interrupted" => texts.outcome_interrupted,
        "held" => texts.outcome_held,
        "waiting" => texts.outcome_waiting,
        _ => return None,
    })
}

fn line(queued: &Queued, texts: &Texts, moments: &Moments) -> QueuedLine {
    let texts_of = &texts.console_accounts;
    let Queued { user, due_at, status, next_attempt_at, waiting_for } = queued;
    let deletion = user.deletion.as_ref();
    let full = |at| moments.of_moment(at).full;
    let mut parts = vec![match status {
        Status::Pending => texts_of.pending.to_owned(),
        Status::InProgress => texts_of.in_progress.to_owned(),
        Status::Retrying => texts_of.retrying.to_owned(),
        Status::Failed => texts_of.failed.to_owned(),
        Status::Unreadable => texts_of.unreadable.to_owned(),
    }];
    parts.extend(due_at.map(|at| fill(texts_of.due, &[&full(at)])));
    let attempts = deletion.map_or(0, |deletion| deletion.attempts);
    if attempts > 0 {
        parts.push(texts_of.attempts.of(i64::from(attempts), moments.language()));
        parts.extend(next_attempt_at.map(|at| fill(texts_of.next_attempt, &[&full(at)])));
    }
    if !waiting_for.is_empty() {
        parts.push(fill(texts_of.waiting_for, &[&waiting_for.join(", ")]));
    }
    QueuedLine {
        id: user.id.as_str().to_owned(),
        link: account_page(user.id.as_str()),
        email: user.email.as_str().to_owned(),
        state: parts.join(", "),
        error: deletion.and_then(|deletion| deletion.error.clone()),
        can_unmark: *status != Status::InProgress,
    }
}

/// Does what the button names.
async fn act(
    State(service): State<Arc<Service>>,
    console: Console,
    client: Client,
    filters: Filters<QueuePage>,
    form: Form,
) -> Result<Response, ApiError> {
    match change(&service, &console, client, &form).await {
        Ok(done) => Ok(console.see_other(&format!("{DELETIONS}?done={done}"))),
        Err(error) => {
            let acting = Section::refused(form, error, console.texts())?;
            let sections = Sections { acting, ..Sections::default() };
            list(&service, &console, &filters, sections).await
        }
    }
}

/// Returns what was done.
async fn change(
    service: &Arc<Service>,
    console: &Console,
    client: Client,
    form: &Form,
) -> Result<&'static str, ApiError> {
    let user_id = UserId::from(form.value("user_id"));
    match form.value("do") {
        "run-due" => {
            service.run_deletions(&console.authority).await?;
            Ok("run-due")
        }
        "run" => {
            console.confirm(service, client, form).await?;
            let attempted = service.run_deletion(&console.authority, user_id).await?;
            Ok(attempted.outcome.as_str())
        }
        "unmark" => {
            service.unmark(&console.authority, user_id).await?;
            Ok("unmark")
        }
        _ => Err(ApiError::RouteNotFound),
    }
}

async fn set_threshold(
    State(service): State<Arc<Service>>,
    console: Console,
    filters: Filters<QueuePage>,
    form: Form,
) -> Result<Response, ApiError> {
    match save_threshold(&service, &console, &form).await {
        Ok(()) => Ok(console.see_other("/console/deletions?done=threshold")),
        Err(error) => {
            let threshold = Section::refused(form, error, console.texts())?;
            let sections = Sections { threshold, ..Sections::default() };
            list(&service, &console, &filters, sections).await
        }
    }
}

async fn save_threshold(service: &Service, console: &Console, form: &Form) -> Result<(), ApiError> {
    let NewThreshold { hours } = form.read()?;
    service.set_deletion_threshold(&console.authority, hours).await?;
    Ok(())
}

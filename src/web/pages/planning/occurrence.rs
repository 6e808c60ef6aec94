//! A task that a child is to do on a day: its state, and to skip it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::week::{address, state_word};
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::domain::schedule::OccurrenceState;
use crate::domain::{ChildId, Icon, TaskId};
use crate::http::error::ApiError;
use crate::http::resources::schedules::SkipFields;
use crate::http::state::AppState;
use crate::service::{Parent, Service, ShownOccurrence, Skip};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::links::WEEK;
use crate::web::views::face::Face;
use crate::web::views::moments::{Moment, Moments};
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/week/occurrence", get(show)).route("/app/week/skip", post(skip))
}

#[derive(Deserialize)]
struct Wanted {
    child: String,
    task: String,
    date: String,
}

#[derive(Template)]
#[template(path = "web/pages/planning/occurrence.html")]
struct OccurrencePage {
    shell: Shell,
    face: Face,
    task_id: String,
    /// The address of the task; `None` if it cannot be edited.
    task_address: Option<String>,
    icon: &'static str,
    date: String,
    day: String,
    back: String,
    state: &'static str,
    class: &'static str,
    is_skipped: bool,
    can_skip: bool,
    note: Option<String>,
    due: Moment,
    /// When it can no longer be done, if that is later.
    ends: Option<Moment>,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let child = service.child(&parent, &wanted.child.into()).await?;
    let day = Day::parse(&wanted.date).ok_or(ApiError::RouteNotFound)?;
    let span = Span { first: day, last: day };
    let mut shown = service.schedule(&parent, &child.child.id, span).await?.into_iter();
    let found = shown.find(|it| it.task.id.as_str() == wanted.task);
    let ShownOccurrence { task, occurrence, state, note, .. } =
        found.ok_or(ApiError::RouteNotFound)?;
    let moments = Moments::of(&parent, &service, visit.language);
    let is_skipped = state == OccurrenceState::Skipped;
    let is_own = task.user_id.is_some();
    page(&OccurrencePage {
        shell: Shell::new(&visit, task.name.as_str()).live().section(WEEK),
        face: Face::of(&child.child),
        task_address: is_own.then(|| format!("/app/tasks/{}", task.id.as_str())),
        task_id: task.id.as_str().to_owned(),
        icon: task.icon.map_or("star", Icon::as_str),
        date: visit.language.date(day),
        day: day.to_string(),
        back: address(day, None),
        state: state_word(state, visit.language),
        class: state.as_str(),
        is_skipped,
        can_skip: !is_skipped && state != OccurrenceState::Done,
        note: note.map(|note| note.as_str().to_owned()),
        due: moments.of_moment(occurrence.due_at),
        ends: (occurrence.ends_at > occurrence.due_at)
            .then(|| moments.of_moment(occurrence.ends_at)),
    })
}

/// Skips an occurrence, or undoes that.
async fn skip(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let SkipFields { day, note } = form.read()?;
    let ids = (ChildId::from(form.value("child_id")), TaskId::from(form.value("task_id")));
    let skip = if form.has("action", "undo") { Skip::Undo } else { Skip::Skip(note) };
    service.skip(&parent, ids, day, skip).await?;
    Ok(see_other(&format!("{}&saved=1", address(day, None))))
}

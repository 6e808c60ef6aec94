//! What has happened to a child, for adults.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use super::history::HistoryPage;
use crate::domain::ChildId;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::state::AppState;
use crate::service::{Adult, Service, ServiceError};
use crate::web::form::new_key;
use crate::web::layout::Shell;
use crate::web::links::APP;
use crate::web::texts::{Texts, fill};
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::face::Face;
use crate::web::views::history::Wanted;
use crate::web::views::moments::Moments;
use crate::web::views::snack::Done;
use crate::web::visit::Visitor;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/children/{id}/history", get(show))
}

/// The events of the child, or one of them.
async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, visit }: Visitor<Adult>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, ApiError> {
    let (language, texts) = (visit.language, Texts::of(visit.language));
    let id = ChildId::from(id);
    let child = &service.child(&adult, &id).await?.child;
    let members = service.members(&adult).await?;
    let lines = Lines::new(Moments::of(&adult, &service, language), language, &members);
    let path = format!("/app/children/{}/history", id.as_str());
    let (events, total) = events(&service, &adult, &id, &wanted, &lines).await?;
    let title = fill(texts.history.title_of, &[&child.name]);
    let shown = HistoryPage {
        shell: Shell::new(&visit, title.as_str()).live().section(APP),
        title,
        here: wanted.here(&path),
        face: Some(Face::of(child)),
        children: Vec::new(),
        count: texts.history.count.of(i64::try_from(total).unwrap_or(i64::MAX), language),
        events,
        pager: wanted.pager(&path, total, language),
        saved: Some(id.as_str().to_owned()),
        may_save: !adult.is_helper(),
        wanted,
        snack: done.line(&service, &adult, &lines).await?,
        key: new_key(),
        path,
    };
    shown.response()
}

/// The events of the page and the number of all of them.
async fn events(
    service: &Service,
    adult: &Adult,
    id: &ChildId,
    wanted: &Wanted,
    lines: &Lines,
) -> Result<(Vec<EventLine>, usize), ServiceError> {
    if wanted.event.is_empty() {
        let found = service.tracking_of_child(adult, id, wanted.query()).await?;
        return Ok((lines.read(&found).await?, found.total));
    }
    let found = service.event_of_child(adult, id, &wanted.event.as_str().into()).await?;
    let line = found.and_then(|event| lines.line(&event.json));
    // It is not known whether it was reversed.
    let line = line.map(|line| EventLine { can_undo: false, ..line });
    Ok((line.into_iter().collect(), 1))
}

//! What has happened in the family, for its parents.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::domain::{EntityType, Page};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::{Parent, Service};
use crate::web::form::new_key;
use crate::web::layout::{Shell, page_with};
use crate::web::texts::Texts;
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::face::Face;
use crate::web::views::history::{Pager, Wanted};
use crate::web::views::moments::Moments;
use crate::web::views::snack::Done;
use crate::web::visit::Visitor;

const PAGE: &str = "/app/history";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PAGE, get(show))
}

/// The history of the family, or of one child.
#[derive(Template)]
#[template(path = "web/pages/family/history.html")]
pub(super) struct HistoryPage {
    pub(super) shell: Shell,
    pub(super) title: String,
    /// The address without the filters.
    pub(super) path: String,
    /// The address with them.
    pub(super) here: String,
    /// The child whose history it is; `None` for the family.
    pub(super) face: Option<Face>,
    /// The children to choose from.
    pub(super) children: Vec<Face>,
    pub(super) wanted: Wanted,
    pub(super) count: String,
    pub(super) events: Vec<EventLine>,
    pub(super) pager: Option<Pager>,
    /// The child whose events can be saved.
    pub(super) saved: Option<String>,
    /// Whether the visitor may save them at all.
    pub(super) may_save: bool,
    pub(super) snack: Option<EventLine>,
    pub(super) key: String,
}

impl HistoryPage {
    /// The types of events to choose from.
    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        let texts = &self.shell.texts().history;
        EntityType::ALL
            .into_iter()
            .map(|kind| {
                let label = match kind {
                    EntityType::Task => texts.tasks,
                    EntityType::Reward => texts.rewards,
                    EntityType::Penalty => texts.penalties,
                };
                (kind.as_str(), label)
            })
            .collect()
    }

    /// A page whose dates are wrong says so.
    pub(super) fn response(&self) -> Result<Response, ApiError> {
        let status = if self.wanted.is_wrong() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        page_with(status, self)
    }
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let language = visit.language;
    let children = service.children(&parent, Page::ALL).await?.records;
    let faces: Vec<Face> = children.iter().map(|state| Face::of(&state.child)).collect();
    let members = service.members(&parent).await?;
    let moments = Moments::of(&parent, &service, language);
    let lines = Lines::new(moments, language, &members).with_faces(faces.iter().cloned());
    let found = service.tracking_of_family(&parent, wanted.query()).await?;
    let saved = faces.iter().find(|face| face.id == wanted.of).map(|face| face.id.clone());
    let shown = HistoryPage {
        shell: Shell::new(&visit, texts.history.title).live().section(PAGE),
        title: texts.history.title.to_owned(),
        path: PAGE.to_owned(),
        here: wanted.here(PAGE),
        face: None,
        children: faces,
        count: texts.history.count.of(i64::try_from(found.total).unwrap_or(i64::MAX), language),
        events: lines.read(&found).await?,
        pager: wanted.pager(PAGE, found.total, language),
        saved,
        may_save: true,
        wanted,
        snack: done.line(&service, &parent, &lines).await?,
        key: new_key(),
    };
    shown.response()
}

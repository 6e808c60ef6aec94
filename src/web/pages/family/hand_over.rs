//! A parent hands the device to a child.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::domain::ChildId;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Parent, SentSessions, Service};
use crate::web::layout::{Shell, page};
use crate::web::links::{APP, CHILD};
use crate::web::pages::sign_in::started_at;
use crate::web::texts::{Texts, fill};
use crate::web::views::face::Face;
use crate::web::visit::Visitor;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/children/{id}/hand-over", get(show).post(hand_over))
}

#[derive(Template)]
#[template(path = "web/pages/family/hand_over.html")]
struct HandOverPage {
    shell: Shell,
    face: Face,
    title: String,
    lead: String,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let child = &service.child(&parent, &ChildId::from(id)).await?.child;
    let texts = &Texts::of(visit.language).devices;
    let title = fill(texts.hand_over_title, &[&child.name]);
    page(&HandOverPage {
        shell: Shell::new(&visit, title.as_str()).section(APP),
        face: Face::of(child),
        title,
        lead: fill(texts.hand_over_lead, &[&child.name]),
    })
}

/// Replaces the session of the parent by one of the child.
async fn hand_over(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
    sent: SentSessions,
) -> Result<Response, ApiError> {
    let started = service.begin_child_session(&parent, id.into(), sent).await?;
    started_at(&started, CHILD, &settings)
}

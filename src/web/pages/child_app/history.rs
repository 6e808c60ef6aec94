//! What has happened to a child, in its words.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use super::me::{Me, shell};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::Service;
use crate::web::layout::{Shell, page};
use crate::web::texts::Texts;
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::history::{Pager, Wanted};
use crate::web::views::moments::Moments;
use crate::web::visit::{OfChild, Visitor};

const PAGE: &str = "/app/child/history";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PAGE, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/child_app/history.html")]
struct HistoryPage {
    shell: Shell,
    me: Me,
    events: Vec<EventLine>,
    pager: Option<Pager>,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: OfChild { caller, child_id }, visit }: Visitor<OfChild>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let state = service.child(&caller, &child_id).await?;
    let language = visit.language;
    let shell = shell(&visit, Texts::of(language).navigation.history).section(PAGE);
    let members = service.members(&caller).await?;
    let moments = Moments::of(&caller, &service, language);
    let lines = Lines::new(moments, language, &members).of_own_child();
    let found = service.tracking_of_child(&caller, &child_id, wanted.query()).await?;
    page(&HistoryPage {
        me: Me::of(&state.child, &shell),
        events: lines.read(&found).await?,
        pager: wanted.pager(PAGE, found.total, language),
        shell,
    })
}

//! The newest events of all families. The script updates the page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::gate::Console;
use super::rows::{self, RowLine};
use crate::domain::calendar::Period;
use crate::domain::{EventFilter, Page, SortOrder};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::{EventQuery, Service};
use crate::web::layout::{Shell, page};

const EVENTS: &str = "/console/events";
/// The number of events on the page.
const NEWEST: usize = 50;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(EVENTS, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/console/events.html")]
struct EventsPage {
    shell: Shell,
    rows: Vec<RowLine>,
}

/// The page does not keep the console open: it is updated also while nobody looks at it.
async fn show(State(service): State<Arc<Service>>, console: Console) -> Result<Response, ApiError> {
    let query = EventQuery {
        filter: EventFilter::default(),
        period: Period::default(),
        order: SortOrder::Descending,
        page: Page { limit: NEWEST, offset: 0 },
    };
    let found = service.tracking(&console.authority, query).await?;
    let rows = rows::read(&service, &console.admin, &found, console.visit.language).await?;
    page(&EventsPage { shell: console.shell(console.texts().console.live, EVENTS), rows })
}

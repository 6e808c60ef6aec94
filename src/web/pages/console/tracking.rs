//! The events of all families, with all filters.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::gate::Console;
use super::rows::{self, RowLine};
use crate::domain::{Action, EntityType};
use crate::http::error::ApiError;
use crate::http::resources::tracking::{AdminQuery, QueryWithout};
use crate::http::state::AppState;
use crate::service::Service;
use crate::web::filters::{Filters, Links};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::texts::fill;

const TRACKING: &str = "/console/tracking";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(TRACKING, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/console/tracking.html")]
struct TrackingPage {
    shell: Shell,
    form: Form,
    /// Which filter is not possible.
    error: Option<String>,
    types: [&'static str; 3],
    actions: [&'static str; 4],
    found: String,
    rows: Vec<RowLine>,
    links: Option<Links>,
    csv: String,
    ndjson: String,
}

async fn show(
    State(service): State<Arc<Service>>,
    console: Console,
    filters: Filters<AdminQuery>,
) -> Result<Response, ApiError> {
    let (language, texts) = (console.visit.language, &console.texts().console);
    let export = |format: &str| {
        let format = [("format", format.to_owned())];
        format!("/admin/tracking/export?{}", filters.query(&format))
    };
    let mut page = TrackingPage {
        shell: console.shell(texts.tracking, TRACKING),
        error: None,
        types: EntityType::ALL.map(EntityType::as_str),
        actions: Action::ALL.map(Action::as_str),
        found: String::new(),
        rows: Vec::new(),
        links: None,
        csv: export("csv"),
        ndjson: export("ndjson"),
        form: filters.form.clone(),
    };
    let query = match &filters.read {
        Ok(QueryWithout(query)) => query.clone(),
        Err(error) => {
            let name = error.body().details.and_then(|details| details.parameter);
            page.error = Some(fill(texts.wrong_filter, &[&name.unwrap_or_default()]));
            return console.page(StatusCode::BAD_REQUEST, &page);
        }
    };
    let place = query.page;
    let found = service.tracking(&console.authority, query).await?;
    page.rows = rows::read(&service, &console.admin, &found, language).await?;
    page.links = Some(filters.links(TRACKING, place, found.total));
    page.found = texts.found.of(i64::try_from(found.total).unwrap_or(i64::MAX), language);
    console.page(StatusCode::OK, &page)
}

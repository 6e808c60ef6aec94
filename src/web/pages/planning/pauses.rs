//! The days on which the family does no chores, such as a holiday.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;

use super::week::WeekPage;
use crate::domain::calendar::{Day, Pause};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::{Parent, Service};
use crate::web::form::Form;
use crate::web::layout::page_with;
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/week/pauses", post(add))
        .route("/app/week/pauses/remove", post(remove))
}

/// The names are not those of the query of the page.
fn pause(form: &Form) -> Result<Pause, ApiError> {
    let from = form.parsed("pause_from", Day::parse)?;
    // A pause of one day needs one date.
    let to =
        if form.value("pause_to").is_empty() { from } else { form.parsed("pause_to", Day::parse)? };
    Ok(Pause { from, to })
}

const SAVED: &str = "/app/week?saved=1";

async fn add(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let added = async { Ok(service.add_pause(&parent, pause(&form)?).await?) };
    match added.await {
        Ok(_) => Ok(see_other(SAVED)),
        Err(error) => {
            let pause_form = form.refused(error)?;
            let shown = WeekPage::usual(&service, &parent, &visit).await?;
            page_with(StatusCode::BAD_REQUEST, &shown.with_pause(pause_form))
        }
    }
}

async fn remove(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    service.remove_pause(&parent, pause(&form)?).await?;
    Ok(see_other(SAVED))
}

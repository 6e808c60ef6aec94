//! The address in the QR code of a device. The device shows the code there, and a parent confirms it.

mod confirm;
mod device;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};

use self::confirm::Wanted;
use self::device::Browser;
use crate::http::resources::device_sessions::PAGE;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::Service;
use crate::web::visit::{NotOpened, Visit};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PAGE, get(show).post(device::begin))
        .route("/pair/cancel", post(device::cancel))
        .route("/pair/confirm", post(confirm::confirm))
}

/// An adult confirms a device. Everybody else has one to be confirmed, except for those who have scanned a code.
async fn show(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    visit: Visit,
    browser: Browser,
    Query(wanted): Query<Wanted>,
) -> Result<Response, NotOpened> {
    let adult = visit.caller.clone().filter(|caller| caller.child_id().is_none());
    if let Some(adult) = adult {
        let parent = adult.into_parent()?;
        return Ok(confirm::show(&service, browser.client, &parent, &visit, wanted).await?);
    }
    if wanted.code.is_some() && visit.caller.is_none() {
        return Err(NotOpened::SignIn(visit.address));
    }
    Ok(device::show(&service, &settings, &visit, &browser).await?)
}

//! The account of an adult.

mod deletion;
mod sections;
mod sessions;
mod settings;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().merge(settings::routes()).merge(sessions::routes()).merge(deletion::routes())
}

//! The pages of a family for its adults.

mod actions;
mod child;
mod home;
mod requests;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(home::routes())
        .merge(child::routes())
        .merge(actions::routes())
        .merge(requests::routes())
}

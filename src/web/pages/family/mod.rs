//! The pages of a family for its adults.

mod actions;
mod child;
mod child_history;
mod devices;
mod hand_over;
mod history;
mod home;
mod progress;
mod requests;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(home::routes())
        .merge(child::routes())
        .merge(actions::routes())
        .merge(requests::routes())
        .merge(history::routes())
        .merge(child_history::routes())
        .merge(progress::routes())
        .merge(devices::routes())
        .merge(hand_over::routes())
}

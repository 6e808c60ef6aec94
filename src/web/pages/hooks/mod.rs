//! The webhooks of a family.

mod actions;
mod hook;
mod labels;
mod list;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().merge(list::routes()).merge(hook::routes()).merge(actions::routes())
}

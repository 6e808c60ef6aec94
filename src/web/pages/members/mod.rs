//! The adults of a family, and invitations.

mod actions;
mod invitations;
mod list;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().merge(list::routes()).merge(actions::routes()).merge(invitations::routes())
}

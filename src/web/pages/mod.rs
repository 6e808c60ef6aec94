//! One file per page, with its template beside it.

mod account;
mod child_app;
mod console;
mod family;
mod hooks;
mod invitation;
mod members;
mod once;
mod pair;
mod planning;
mod preferences;
mod reset;
mod sign_in;
mod sign_up;
mod tokens;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(sign_in::routes())
        .merge(sign_up::routes())
        .merge(reset::routes())
        .merge(preferences::routes())
        .merge(family::routes())
        .merge(account::routes())
        .merge(console::routes())
        .merge(hooks::routes())
        .merge(tokens::routes())
        .merge(members::routes())
        .merge(invitation::routes())
        .merge(planning::routes())
        .merge(child_app::routes())
        .merge(pair::routes())
}

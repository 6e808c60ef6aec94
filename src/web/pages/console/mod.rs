//! The console for administrators.

mod account;
mod accounts;
mod backups;
mod deletions;
mod events;
mod gate;
mod log;
mod overview;
mod rows;
mod tracking;
mod webhooks;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(gate::routes())
        .merge(overview::routes())
        .merge(tracking::routes())
        .merge(events::routes())
        .merge(accounts::routes())
        .merge(account::routes())
        .merge(deletions::routes())
        .merge(log::routes())
        .merge(backups::routes())
        .merge(webhooks::routes())
}

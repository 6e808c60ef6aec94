//! The pages of a child's session: its own tasks, rewards, badges and history, and nothing else.

mod badges;
mod history;
mod me;
mod rewards;
mod switch;
mod tiles;
mod today;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(today::routes())
        .merge(rewards::routes())
        .merge(badges::routes())
        .merge(history::routes())
        .merge(switch::routes())
}

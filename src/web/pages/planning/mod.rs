//! The pages on which parents create what the family has, and plan its weeks.

mod badges;
mod children;
mod feeds;
mod library;
mod occurrence;
mod pauses;
mod rewards;
mod schedule;
mod settings;
mod tasks;
mod week;

use axum::Router;

use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(children::routes())
        .merge(tasks::routes())
        .merge(rewards::routes())
        .merge(badges::routes())
        .merge(week::routes())
        .merge(occurrence::routes())
        .merge(pauses::routes())
        .merge(feeds::routes())
        .merge(settings::routes())
}

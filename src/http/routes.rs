//! The table of routes.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use crate::domain::badges::Badge;
use crate::domain::{Child, Reward, Task};
use crate::http::docs::{self, demo};
use crate::http::error::api_error;
use crate::http::openapi::Routes;
use crate::http::resources::{
    account, account_changes, account_export, activity, administration_log, auth, backups,
    badge_images, badges, calendar_feeds, checkpoints, children, corrections, crud, deletion,
    device_sessions, devices, events, exports, family, health, invitations, managed_accounts,
    members, metrics, mutations, overview, pins, progress, ranking, resets, rewards,
    schedule_statistics, schedules, sessions, tasks, tokens, tracking, webhook_deliveries,
    webhooks,
};
use crate::http::settings::{CookieName, HttpSettings};
use crate::http::state::AppState;
use crate::http::{certificates, legacy, openapi, pages};

/// Every route of the API, at `/…` and at `/api/…`, and those of the pages.
pub(crate) fn every_route(settings: &HttpSettings, pages: Router<AppState>) -> Router<AppState> {
    let routes = of_the_api(Routes::without_document()).into_router();
    // This page is not in the document.
    let routes = routes.merge(demo::routes(settings));
    routes
        .clone()
        .nest("/api", routes)
        .merge(pages)
        .fallback(pages::start_or_not_found)
        .method_not_allowed_fallback(api_error::other_method)
}

/// Every route with its part of the OpenAPI document, in the order of the document.
fn of_the_api(routes: Routes) -> Routes {
    let routes = of_administration(of_families(of_accounts(routes)))
        .routes(routes!(health::health))
        .routes(routes!(metrics::scrape))
        .routes(routes!(docs::document))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file));
    legacy::add_to(routes)
}

fn of_accounts(routes: Routes) -> Routes {
    routes
        .routes(routes!(auth::signup))
        .routes(routes!(auth::login))
        .routes(routes!(auth::me))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::begin_child_session))
        .routes(routes!(auth::change_password))
        .routes(routes!(device_sessions::codes))
        .routes(routes!(device_sessions::token))
        .routes(routes!(device_sessions::children))
        .routes(routes!(device_sessions::choose))
        .routes(routes!(sessions::list, sessions::end_all))
        .routes(routes!(sessions::end))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(account::update))
        .routes(routes!(account::change_email))
        .routes(routes!(account_export::export))
        .routes(routes!(auth::mark_for_deletion))
        .routes(routes!(auth::restore))
        .routes(routes!(resets::reset))
        .routes(routes!(invitations::show))
        .routes(routes!(invitations::accept))
}

fn of_families(routes: Routes) -> Routes {
    routes
        .routes(crud::collection::<Child>())
        .routes(crud::item::<Child>())
        .routes(routes!(children::set_goal))
        .routes(routes!(pins::get, pins::set, pins::remove))
        .routes(routes!(devices::inspect))
        .routes(routes!(devices::list, devices::pair))
        .routes(routes!(devices::remove))
        .routes(crud::collection::<Task>())
        .routes(crud::item::<Task>())
        .routes(routes!(tasks::states))
        .routes(routes!(mutations::request_task))
        .routes(routes!(tasks::pending))
        .routes(routes!(mutations::activate))
        .routes(routes!(mutations::cancel_task))
        .routes(crud::collection::<Reward>())
        .routes(crud::item::<Reward>())
        .routes(routes!(rewards::offers))
        .routes(routes!(mutations::request))
        .routes(routes!(rewards::pending))
        .routes(routes!(mutations::redeem))
        .routes(routes!(mutations::cancel))
        .routes(crud::collection::<Badge>())
        .routes(crud::item::<Badge>())
        .routes(routes!(badges::of_child))
        .routes(routes!(badges::awards))
        .routes(routes!(badge_images::get))
        .routes(routes!(tracking::of_child))
        .routes(routes!(exports::events_of_child))
        .routes(routes!(tracking::of_family))
        .routes(routes!(family::settings, family::set_settings))
        .routes(routes!(members::list))
        .routes(routes!(members::update, members::remove))
        .routes(routes!(members::reset_link))
        .routes(routes!(members::leave))
        .routes(routes!(members::transfer))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::revoke))
        .routes(routes!(progress::of_child))
        .routes(routes!(progress::statistics))
        .routes(routes!(certificates::certificate))
        .routes(routes!(ranking::ranking))
        .routes(routes!(schedules::today))
        .routes(routes!(schedules::of_child))
        .routes(routes!(schedules::of_family))
        .routes(routes!(schedules::skip, schedules::undo_skip))
        .routes(routes!(schedule_statistics::statistics))
        .routes(routes!(calendar_feeds::list, calendar_feeds::create))
        .routes(routes!(calendar_feeds::delete))
        .routes(routes!(calendar_feeds::calendar))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::get, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhook_deliveries::test))
        .routes(routes!(webhook_deliveries::list))
        .routes(routes!(webhook_deliveries::resend))
        .routes(routes!(corrections::reverse))
        .routes(routes!(corrections::adjust))
        .routes(routes!(events::stream))
}

fn of_administration(routes: Routes) -> Routes {
    routes
        .routes(routes!(tracking::query))
        .routes(routes!(exports::events))
        .routes(routes!(managed_accounts::list, account_changes::create))
        .routes(routes!(managed_accounts::get, account_changes::update, managed_accounts::delete))
        .routes(routes!(account_changes::promote))
        .routes(routes!(account_changes::demote))
        .routes(routes!(account_changes::set_password))
        .routes(routes!(resets::create))
        .routes(routes!(managed_accounts::mark))
        .routes(routes!(managed_accounts::unmark))
        .routes(routes!(managed_accounts::end_sessions))
        .routes(routes!(deletion::threshold, deletion::set_threshold))
        .routes(routes!(deletion::queue))
        .routes(routes!(deletion::run))
        .routes(routes!(deletion::run_one))
        .routes(routes!(deletion::unmark))
        .routes(routes!(backups::create))
        .routes(routes!(checkpoints::create))
        .routes(routes!(administration_log::list))
        .routes(routes!(overview::sessions))
        .routes(routes!(overview::settings))
        .routes(routes!(overview::stats))
        .routes(routes!(activity::statistics))
}

/// The OpenAPI document, which names the session cookie.
pub(crate) fn document(session_cookie: &str) -> OpenApi {
    of_the_api(Routes::with_document(openapi::base(session_cookie))).into_document()
}

/// The OpenAPI document in JSON, with one field per line.
pub fn openapi_document() -> String {
    in_json(CookieName::DEFAULT)
}

pub(crate) fn in_json(session_cookie: &str) -> String {
    // Every document has a JSON form, or the tests would fail.
    let json = document(session_cookie).to_pretty_json().unwrap_or_default();
    json + "\n"
}

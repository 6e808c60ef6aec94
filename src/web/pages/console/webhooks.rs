//! The state of the webhooks of all families.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::gate::Console;
use crate::domain::webhooks::DisabledReason;
use crate::http::error::ApiError;
use crate::http::extract::query::Paging;
use crate::http::state::AppState;
use crate::service::{ServerWebhook, Service};
use crate::web::filters::{Filters, Links};
use crate::web::layout::Shell;
use crate::web::links::account_page;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::Moments;

const WEBHOOKS: &str = "/console/webhooks";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(WEBHOOKS, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/console/webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    webhooks: Vec<WebhookLine>,
    links: Links,
}

struct WebhookLine {
    host: String,
    state: String,
    works: bool,
    account: String,
}

async fn show(
    State(service): State<Arc<Service>>,
    console: Console,
    filters: Filters<Paging<50>>,
) -> Result<Response, ApiError> {
    let (texts, place) = (console.texts(), filters.place());
    let webhooks = service.server_webhooks(&console.authority, place).await?;
    let moments = Moments::of(&console.admin, &service, console.visit.language);
    let page = WebhooksPage {
        shell: console.shell(texts.console.webhooks, WEBHOOKS),
        links: filters.links(WEBHOOKS, place, webhooks.total),
        webhooks: webhooks.records.iter().map(|it| line(it, texts, &moments)).collect(),
    };
    console.page(StatusCode::OK, &page)
}

fn line(webhook: &ServerWebhook, texts: &Texts, moments: &Moments) -> WebhookLine {
    let texts = &texts.console;
    let state = match (&webhook.disabled, webhook.failing_since) {
        (Some(disabled), _) => match disabled.reason {
            DisabledReason::Parent => texts.hook_by_parent.to_owned(),
            DisabledReason::Gone => texts.hook_gone.to_owned(),
            DisabledReason::Failing => texts.hook_failed.to_owned(),
        },
        (None, Some(since)) => fill(texts.hook_fails, &[&moments.of_moment(since).full]),
        (None, None) => texts.hook_works.to_owned(),
    };
    WebhookLine {
        host: webhook.host.clone(),
        state,
        works: webhook.disabled.is_none() && webhook.failing_since.is_none(),
        account: account_page(webhook.user_id.as_str()),
    }
}

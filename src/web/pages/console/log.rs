//! What administrators and the operator have done.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::gate::Console;
use crate::domain::User;
use crate::http::error::ApiError;
use crate::http::resources::administration_log::LogPaging;
use crate::http::state::AppState;
use crate::service::{LoggedAction, Service};
use crate::web::filters::{Filters, Links};
use crate::web::layout::Shell;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::{Moment, Moments};

const LOG: &str = "/console/log";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(LOG, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/console/log.html")]
struct LogPage {
    shell: Shell,
    actions: Vec<Entry>,
    links: Links,
}

struct Entry {
    moment: Moment,
    action: String,
    by: String,
    about: Option<String>,
}

async fn show(
    State(service): State<Arc<Service>>,
    console: Console,
    filters: Filters<LogPaging>,
) -> Result<Response, ApiError> {
    let (texts, place) = (console.texts(), filters.place());
    let logged = service.administration_log(&console.authority, place).await?;
    let moments = Moments::of(&console.admin, &service, console.visit.language);
    let page = LogPage {
        shell: console.shell(texts.console.log, LOG),
        links: filters.links(LOG, place, logged.total),
        actions: logged.records.iter().map(|it| entry(it, texts, &moments)).collect(),
    };
    console.page(StatusCode::OK, &page)
}

fn entry(logged: &LoggedAction, texts: &Texts, moments: &Moments) -> Entry {
    let LoggedAction { entry, actor, account } = logged;
    // An account that was deleted has only its pseudonym.
    let named = |pseudonym: &Option<Arc<str>>, user: &Option<Arc<User>>| {
        let pseudonym = pseudonym.as_ref()?;
        Some(match user {
            Some(user) => user.email.as_str().to_owned(),
            None => fill(texts.console.gone, &[pseudonym]),
        })
    };
    let by = named(&entry.actor, actor).map(|name| fill(texts.console.by, &[&name]));
    Entry {
        moment: moments.of_moment(entry.created_at),
        action: action(&entry.action, texts),
        by: by.unwrap_or_else(|| texts.console.by_operator.to_owned()),
        about: named(&entry.account, account).map(|name| fill(texts.console.about, &[&name])),
    }
}

/// A newer version may have written another action.
fn action(action: &str, texts: &Texts) -> String {
    let texts = &texts.console_log;
    let text = match action {
        "account_created" => texts.account_created,
        "account_updated" => texts.account_updated,
        "account_promoted" => texts.account_promoted,
        "account_demoted" => texts.account_demoted,
        "password_set" => texts.password_set,
        "reset_link_created" => texts.reset_link_created,
        "sessions_ended" => texts.sessions_ended,
        "account_marked" => texts.account_marked,
        "account_unmarked" => texts.account_unmarked,
        "account_deleted" => texts.account_deleted,
        "due_accounts_deleted" => texts.due_accounts_deleted,
        "threshold_set" => texts.threshold_set,
        "backup_created" => texts.backup_created,
        "api_token_created" => texts.api_token_created,
        "api_token_revoked" => texts.api_token_revoked,
        "backup_downloaded" => texts.backup_downloaded,
        other => other,
    };
    text.to_owned()
}

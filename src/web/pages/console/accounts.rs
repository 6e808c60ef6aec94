//! The accounts of the server.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::gate::Console;
use crate::domain::Role;
use crate::http::error::ApiError;
use crate::http::resources::managed_accounts::AccountQuery;
use crate::http::state::AppState;
use crate::service::{ManagedAccount, Service};
use crate::web::filters::{Filters, Links};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::links::account_page;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::{Moment, Moments};

const ACCOUNTS: &str = "/console/accounts";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(ACCOUNTS, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/console/accounts.html")]
struct AccountsPage {
    shell: Shell,
    form: Form,
    /// Which filter is not possible.
    error: Option<String>,
    found: String,
    accounts: Vec<AccountLine>,
    links: Option<Links>,
}

struct AccountLine {
    link: String,
    name: String,
    email: String,
    role: &'static str,
    is_admin: bool,
    created: Option<Moment>,
    /// If it is marked for deletion.
    deletion: Option<String>,
}

async fn show(
    State(service): State<Arc<Service>>,
    console: Console,
    filters: Filters<AccountQuery>,
) -> Result<Response, ApiError> {
    let (language, all) = (console.visit.language, console.texts());
    let texts = &all.console_accounts;
    let mut page = AccountsPage {
        shell: console.shell(texts.title, ACCOUNTS),
        form: filters.form.clone(),
        error: None,
        found: String::new(),
        accounts: Vec::new(),
        links: None,
    };
    let AccountQuery { filter, page: place } = match &filters.read {
        Ok(query) => query,
        Err(error) => {
            let name = error.body().details.and_then(|details| details.parameter);
            page.error = Some(fill(all.console.wrong_filter, &[&name.unwrap_or_default()]));
            return console.page(StatusCode::BAD_REQUEST, &page);
        }
    };
    let found = service.accounts(&console.authority, filter, *place).await?;
    let moments = Moments::of(&console.admin, &service, language);
    page.links = Some(filters.links(ACCOUNTS, *place, found.total));
    page.found = texts.found.of(i64::try_from(found.total).unwrap_or(i64::MAX), language);
    page.accounts = found.records.iter().map(|it| line(it, all, &moments)).collect();
    console.page(StatusCode::OK, &page)
}

fn line(account: &ManagedAccount, texts: &Texts, moments: &Moments) -> AccountLine {
    let texts = &texts.console_accounts;
    let ManagedAccount { user, due_at, status } = account;
    let due = due_at.map(|at| fill(texts.due, &[&moments.of_moment(at).full]));
    let is_admin = user.role == Role::Admin;
    AccountLine {
        link: account_page(user.id.as_str()),
        name: format!("{} {}", user.first_name.as_str(), user.last_name.as_str()),
        email: user.email.as_str().to_owned(),
        role: if is_admin { texts.admin } else { texts.parent },
        is_admin,
        created: user.created_at.map(|at| moments.of_moment(at)),
        deletion: status.map(|_| due.unwrap_or_else(|| texts.unreadable.to_owned())),
    }
}
